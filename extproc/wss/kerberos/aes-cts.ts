/** AES in CBC mode with ciphertext stealing and a zero initial vector, as Kerberos uses it (RFC 3962 §5, RFC 8009 §5). */

import { createCipheriv, createDecipheriv } from 'node:crypto';

export const BLOCK_BYTES = 16;
const ZERO_VECTOR = Buffer.alloc(BLOCK_BYTES);

/** Encrypts at least one block; the result is as long as `plain`. */
export function encryptCts(key: Buffer, plain: Buffer): Buffer {
  const blocks = Math.ceil(plain.length / BLOCK_BYTES);
  const padded = Buffer.alloc(blocks * BLOCK_BYTES);
  plain.copy(padded);
  const cipher = createCipheriv(cipherOf(key), key, ZERO_VECTOR).setAutoPadding(false);
  const encrypted = Buffer.concat([cipher.update(padded), cipher.final()]);
  if (blocks === 1) return encrypted;
  const last = (blocks - 1) * BLOCK_BYTES;
  const beforeLast = last - BLOCK_BYTES;
  return Buffer.concat([
    encrypted.subarray(0, beforeLast),
    encrypted.subarray(last),
    encrypted.subarray(beforeLast, beforeLast + plain.length - last),
  ]);
}

/** Decrypts at least one block; the result is as long as `encrypted`. */
export function decryptCts(key: Buffer, encrypted: Buffer): Buffer {
  const blocks = Math.ceil(encrypted.length / BLOCK_BYTES);
  if (blocks === 1) return decryptCbc(key, encrypted);
  const last = (blocks - 1) * BLOCK_BYTES;
  const beforeLast = last - BLOCK_BYTES;
  const full = encrypted.subarray(beforeLast, last);
  const stolen = encrypted.subarray(last);
  // The end of the block before the last was left out; with the first of a zero padding it decrypts to what it was.
  const filling = decryptCbc(key, full).subarray(stolen.length);
  const restored = Buffer.concat([encrypted.subarray(0, beforeLast), stolen, filling, full]);
  return decryptCbc(key, restored).subarray(0, encrypted.length);
}

function decryptCbc(key: Buffer, encrypted: Buffer): Buffer {
  const decipher = createDecipheriv(cipherOf(key), key, ZERO_VECTOR).setAutoPadding(false);
  return Buffer.concat([decipher.update(encrypted), decipher.final()]);
}

function cipherOf(key: Buffer): string {
  return key.length === 32 ? 'aes-256-cbc' : 'aes-128-cbc';
}
