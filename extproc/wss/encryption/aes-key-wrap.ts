/** AES key wrap (RFC 3394; XML Encryption 1.1 §5.7.2). */

import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { keyWraps, type KeyWrap } from '../algorithms.ts';

const INITIAL_VALUE = Buffer.alloc(8, 0xa6);
/** RFC 3394 §2: two blocks of 64 bits are the least. The upper bound is ours: no key is longer. */
const MIN_WRAPPED_BYTES = 24;
const MAX_WRAPPED_BYTES = 4096 + 8;

/** The algorithm for a key-encryption key of this many bytes; undefined when it fits none. */
export function keyWrapFor(bytes: number | undefined): KeyWrap | undefined {
  return (Object.keys(keyWraps) as KeyWrap[]).find((name) => keyWraps[name].keyBytes === bytes);
}

/**
 * @param kek of the algorithm's length
 * @param key whole blocks of 8 bytes, at least two
 */
export function wrapKey(algorithm: KeyWrap, kek: KeyObject | Buffer, key: Buffer): Buffer {
  const cipher = createCipheriv(keyWraps[algorithm].cipher, kek, INITIAL_VALUE);
  return Buffer.concat([cipher.update(key), cipher.final()]);
}

/** @returns undefined when the octets were not wrapped with this key */
export function unwrapKey(algorithm: KeyWrap, kek: KeyObject | Buffer, wrapped: Buffer): Buffer | undefined {
  if (wrapped.length < MIN_WRAPPED_BYTES || wrapped.length > MAX_WRAPPED_BYTES || wrapped.length % 8 !== 0) {
    return undefined;
  }
  try {
    const decipher = createDecipheriv(keyWraps[algorithm].cipher, kek, INITIAL_VALUE);
    return Buffer.concat([decipher.update(wrapped), decipher.final()]);
  } catch {
    return undefined;
  }
}
