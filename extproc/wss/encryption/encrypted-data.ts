import { createCipheriv, randomBytes, type CipherGCM, type KeyObject } from 'node:crypto';
import type { DataAlgorithmDetails } from '../algorithms.ts';
import { DS, TYPE_CONTENT, TYPE_ELEMENT, XENC } from '../namespaces.ts';

/** The key that encrypts the data of a message, and how each EncryptedData names it. */
export interface DataKey {
  readonly key: KeyObject;
  readonly algorithm: DataAlgorithmDetails;
  /** Content of ds:KeyInfo; declares the namespaces it uses beyond `ds`. */
  readonly keyInfo: string;
}

/** Plain bytes encrypted at a time: divides by three and by every block size, so base64 and blocks stay aligned. */
const CHUNK_BYTES = 48 * 1024;
const GCM_TAG_BYTES = 16;

/**
 * Encrypts data into an xenc:EncryptedData (XML Encryption 1.1 §3.1, §5.2), with an initialization vector of its own.
 *
 * @param plain the element or the content as it stands in the message
 * @param id the Id
 */
export function createEncryptedData(plain: Buffer, mode: 'Content' | 'Element', id: string, dataKey: DataKey): Buffer {
  const { algorithm, key, keyInfo } = dataKey;
  const head =
    `<xenc:EncryptedData xmlns:xenc="${XENC}" Id="${id}" Type="${mode === 'Element' ? TYPE_ELEMENT : TYPE_CONTENT}">` +
    `<xenc:EncryptionMethod Algorithm="${algorithm.uri}"></xenc:EncryptionMethod>` +
    `<ds:KeyInfo xmlns:ds="${DS}">${keyInfo}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>`;
  const tail = '</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>';
  const cipherBytes = algorithm.gcm
    ? algorithm.ivBytes + plain.length + GCM_TAG_BYTES
    : algorithm.ivBytes + (Math.floor(plain.length / algorithm.blockBytes) + 1) * algorithm.blockBytes;
  const result = Buffer.allocUnsafe(head.length + 4 * Math.ceil(cipherBytes / 3) + tail.length);
  result.write(head, 'latin1');
  const base64 = new Base64Writer(result, head.length);
  const iv = randomBytes(algorithm.ivBytes);
  base64.write(iv);
  // With CBC node pads as PKCS #7 does, which is one of the paddings that XML Encryption §5.2 allows.
  const cipher = createCipheriv(algorithm.cipher, key, iv);
  for (let at = 0; at < plain.length; at += CHUNK_BYTES) {
    base64.write(cipher.update(plain.subarray(at, at + CHUNK_BYTES)));
  }
  base64.write(cipher.final());
  if (algorithm.gcm) base64.write((cipher as CipherGCM).getAuthTag());
  result.write(tail, base64.end(), 'latin1');
  return result;
}

/** Writes pieces of binary data as one base64 text, without an intermediate copy of all of it. */
class Base64Writer {
  readonly #target: Buffer;
  #at: number;
  /** Up to two bytes that wait for the rest of their group of three. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(target: Buffer, at: number) {
    this.#target = target;
    this.#at = at;
  }

  write(bytes: Buffer): void {
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const whole = data.length - (data.length % 3);
    this.#at += this.#target.write(data.toString('base64', 0, whole), this.#at, 'latin1');
    this.#rest = data.subarray(whole);
  }

  /** Writes what waits, padded, and returns the offset after it. */
  end(): number {
    return this.#at + this.#target.write(this.#rest.toString('base64'), this.#at, 'latin1');
  }
}
