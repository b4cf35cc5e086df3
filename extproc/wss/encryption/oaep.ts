import { constants, createHash, hash, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto';
import { KeyNotAcceptedError } from '../errors.ts';

/** Lengths of the digests in bytes. */
const digestBytes: Readonly<Record<string, number>> = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

/**
 * Encrypts with RSAES-OAEP (RFC 8017 §7.1.1) and an empty label.
 *
 * @param key RSA public key
 * @param data at most the modulus length − 2 × digest length − 2 bytes
 * @param digest `node:crypto` hash of the label
 * @param mgf `node:crypto` hash of MGF1
 * @throws {KeyNotAcceptedError} when the key is too short for the data
 */
export function oaepEncrypt(key: KeyObject, data: Buffer, digest: string, mgf: string): Buffer {
  const modulusBytes = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  if (data.length > modulusBytes - 2 * digestBytes[digest] - 2) {
    throw new KeyNotAcceptedError('The RSA key is too short for OAEP with this digest');
  }
  // OpenSSL can do both hashes apart, but node offers only one option for the two.
  if (digest === mgf) {
    return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: digest }, data);
  }
  return publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, encode(data, modulusBytes, digest, mgf));
}

/** EME-OAEP encoding: 00 ‖ masked seed ‖ masked (label hash ‖ 00… ‖ 01 ‖ data). */
function encode(data: Buffer, modulusBytes: number, digest: string, mgf: string): Buffer {
  const labelHash = hash(digest, '', 'buffer');
  const encoded = Buffer.alloc(modulusBytes);
  const seed = encoded.subarray(1, 1 + labelHash.length);
  const block = encoded.subarray(1 + labelHash.length);
  labelHash.copy(block);
  block[block.length - data.length - 1] = 1;
  data.copy(block, block.length - data.length);
  randomBytes(labelHash.length).copy(seed);
  xorMask(block, seed, mgf);
  xorMask(seed, block, mgf);
  return encoded;
}

/**
 * Applies MGF1 (RFC 8017 §B.2.1) of `seed` to `target` in place; applied twice it gives the original back.
 *
 * @param digest `node:crypto` hash name
 */
export function xorMask(target: Buffer, seed: Buffer, digest: string): void {
  const counter = Buffer.alloc(4);
  for (let at = 0, block = 0; at < target.length; block++) {
    counter.writeUInt32BE(block);
    const mask = createHash(digest).update(seed).update(counter).digest();
    for (let i = 0; i < mask.length && at < target.length; i++, at++) target[at] ^= mask[i];
  }
}
