/**
 * Values that leave the process for a store which others can read and write: AES-256-GCM (NIST SP 800-38D), bound to the
 * place where they stand, so that neither can be made up, nor one be put into another's place.
 *
 * Layout: format (1 byte), identifier of the key (8), IV (12, random), ciphertext, tag (16).
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KEY_ID_BYTES, type CacheKey } from './cache-keys.ts';

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES + IV_BYTES;
/** Bytes by which a sealed value is longer. */
export const SEAL_BYTES = HEAD_BYTES + TAG_BYTES;

/** @param place where the value will stand: it opens nowhere else */
export function seal(key: CacheKey, place: string, plain: Uint8Array): Buffer {
  const head = Buffer.concat([Buffer.of(FORMAT), key.id, randomBytes(IV_BYTES)]);
  const cipher = createCipheriv('aes-256-gcm', key.sealing, head.subarray(-IV_BYTES), { authTagLength: TAG_BYTES });
  cipher.setAAD(aad(head, place));
  return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @returns undefined: it is no value that one of our keys has sealed for this place */
export function open(
  keys: { find(id: Buffer): CacheKey | undefined },
  place: string,
  sealed: Buffer,
): Buffer | undefined {
  if (sealed.length < SEAL_BYTES || sealed[0] !== FORMAT) return undefined;
  const head = sealed.subarray(0, HEAD_BYTES);
  const key = keys.find(head.subarray(1, 1 + KEY_ID_BYTES));
  if (key === undefined) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key.sealing, head.subarray(-IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(aad(head, place));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    return undefined;
  }
}

function aad(head: Buffer, place: string): Buffer {
  return Buffer.concat([head.subarray(0, 1 + KEY_ID_BYTES), Buffer.from(place)]);
}
