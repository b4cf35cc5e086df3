/**
 * EME-OAEP decoding (RFC 8017 §7.1.2 step 3) for the pairs of hashes that OpenSSL's padding does not offer through
 * `node:crypto`: a label hash other than the hash of the mask generation function.
 */

import { createHash } from 'node:crypto';
import { xorMask } from './oaep.ts';

/**
 * Takes the padding off, in time that depends on the lengths alone: every byte is looked at whatever was found before,
 * and there is one answer for everything that can be wrong (Manger's attack lives on telling them apart).
 *
 * @param encoded what RSA decryption without padding gave: as long as the modulus; it is overwritten
 * @param hash `node:crypto` name of the hash of the label
 * @param mgfHash `node:crypto` name of the hash of MGF1
 * @returns the message, or undefined
 */
export function decodeOaep(encoded: Buffer, hash: string, mgfHash: string, label: Buffer): Buffer | undefined {
  const labelHash = createHash(hash).update(label).digest();
  const hashBytes = labelHash.length;
  if (encoded.length < 2 * hashBytes + 2) return undefined;
  const seed = encoded.subarray(1, 1 + hashBytes);
  const block = encoded.subarray(1 + hashBytes);
  xorMask(seed, block, mgfHash);
  xorMask(block, seed, mgfHash);

  let bad = encoded[0];
  for (let at = 0; at < hashBytes; at++) bad |= block[at] ^ labelHash[at];
  // -1 (all bits) until the 0x01 that ends the zero padding has gone by, then 0.
  let padding = -1;
  let start = 0;
  for (let at = hashBytes; at < block.length; at++) {
    const isOne = maskIfZero(block[at] ^ 1);
    const isZero = maskIfZero(block[at]);
    start |= padding & isOne & (at + 1);
    bad |= padding & ~isOne & ~isZero;
    padding &= ~isOne;
  }
  bad |= padding;
  return bad === 0 ? block.subarray(start) : undefined;
}

/** -1 when the byte is 0, otherwise 0, without a branch. */
function maskIfZero(byte: number): number {
  return (byte - 1) >> 31;
}
