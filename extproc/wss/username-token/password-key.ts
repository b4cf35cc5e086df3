import { hash } from 'node:crypto';

/** Octets of a key that is derived from a password: those of a SHA-1 digest. */
export const PASSWORD_KEY_BYTES = 20;

/**
 * The key of a password (UsernameToken profile 1.1 §4.1): SHA-1 over password and salt, and then over its own result until
 * it was computed `iterations` times.
 */
export function passwordKey(password: string, salt: Uint8Array, iterations: number): Buffer {
  let key = hash('sha1', Buffer.concat([Buffer.from(password), salt]), 'buffer');
  for (let done = 1; done < iterations; done++) key = hash('sha1', key, 'buffer');
  return key;
}
