/**
 * The encryption types of Kerberos that are still considered safe: AES with HMAC-SHA1-96 (RFC 3962) and with HMAC-SHA2
 * (RFC 8009). DES, Triple DES and RC4 (RFC 6649, RFC 8429) are not there, so that nobody can be made to use them.
 */

import { createCipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { BLOCK_BYTES, decryptCts, encryptCts } from './aes-cts.ts';
import { fold } from './fold.ts';

export interface EncryptionType {
  /** As in tickets and keytabs. */
  readonly number: number;
  /** As `kinit` and `krb5.conf` write it. */
  readonly name: string;
  readonly keyBytes: number;
  /**
   * @param usage what is encrypted (RFC 4120 §7.5.1), so that one thing cannot be passed off as another
   * @param confounder random octets that begin the plaintext; given only where a test wants a known result
   */
  encrypt(key: Buffer, usage: number, plain: Buffer, confounder?: Buffer): Buffer;
  /** @returns undefined when the key is another one or the octets have been changed: which of them is not told */
  decrypt(key: Buffer, usage: number, encrypted: Buffer): Buffer | undefined;
}

/** RFC 4120 §7.5.1. */
export const KEY_USAGE = { ticket: 2, authenticator: 11 } as const;

/** The last octet of the constant that a key is derived with (RFC 3961 §5.3). */
const ENCRYPTION = 0xaa;
const INTEGRITY = 0x55;

/** How one family of types derives its keys and makes its checksum. */
interface Profile {
  readonly number: number;
  readonly name: string;
  readonly keyBytes: number;
  readonly macBytes: number;
  readonly encryptionKey: (key: Buffer, usage: number) => Buffer;
  /** Whether the checksum is over the ciphertext; else over the plaintext. */
  readonly encryptThenMac: boolean;
  readonly mac: (key: Buffer, usage: number, octets: Buffer) => Buffer;
}

function build(profile: Profile): EncryptionType {
  const { number, name, keyBytes, macBytes, encryptionKey, encryptThenMac, mac } = profile;
  return {
    ...{ number, name, keyBytes },
    encrypt: (key, usage, plain, confounder = randomBytes(BLOCK_BYTES)) => {
      const text = Buffer.concat([confounder, plain]);
      const encrypted = encryptCts(encryptionKey(key, usage), text);
      return Buffer.concat([encrypted, mac(key, usage, encryptThenMac ? encrypted : text)]);
    },
    decrypt: (key, usage, octets) => {
      if (key.length !== keyBytes || octets.length < BLOCK_BYTES + macBytes) return undefined;
      const encrypted = octets.subarray(0, octets.length - macBytes);
      const given = octets.subarray(encrypted.length);
      if (encryptThenMac && !timingSafeEqual(mac(key, usage, encrypted), given)) return undefined;
      const text = decryptCts(encryptionKey(key, usage), encrypted);
      if (!encryptThenMac && !timingSafeEqual(mac(key, usage, text), given)) return undefined;
      return text.subarray(BLOCK_BYTES);
    },
  };
}

function usageConstant(usage: number, purpose: number): Buffer {
  const constant = Buffer.alloc(5);
  constant.writeUInt32BE(usage);
  constant[4] = purpose;
  return constant;
}

/** DK of RFC 3961 §5.1: the folded constant, encrypted again and again until there are octets enough. */
export function deriveBySha1Profile(key: Buffer, usage: number, purpose: number): Buffer {
  const cipher = createCipheriv(key.length === 32 ? 'aes-256-ecb' : 'aes-128-ecb', key, null).setAutoPadding(false);
  const derived = Buffer.alloc(key.length);
  let block: Buffer = fold(usageConstant(usage, purpose), BLOCK_BYTES);
  for (let at = 0; at < derived.length; at += BLOCK_BYTES) {
    block = cipher.update(block);
    block.copy(derived, at);
  }
  return derived;
}

const SHA1_MAC_BYTES = 12;

function sha1Type(number: number, name: string, keyBytes: number): EncryptionType {
  return build({
    ...{ number, name, keyBytes, macBytes: SHA1_MAC_BYTES, encryptThenMac: false },
    encryptionKey: (key, usage) => deriveBySha1Profile(key, usage, ENCRYPTION),
    mac: (key, usage, text) =>
      createHmac('sha1', deriveBySha1Profile(key, usage, INTEGRITY))
        .update(text)
        .digest()
        .subarray(0, SHA1_MAC_BYTES),
  });
}

/** KDF-HMAC-SHA2 of RFC 8009 §3. */
export function deriveBySha2Profile(hash: string, key: Buffer, usage: number, purpose: number, bytes: number): Buffer {
  const counter = Buffer.from([0, 0, 0, 1]);
  const length = Buffer.alloc(5);
  length.writeUInt32BE(8 * bytes, 1);
  const label = usageConstant(usage, purpose);
  return createHmac(hash, key).update(counter).update(label).update(length).digest().subarray(0, bytes);
}

function sha2Type(number: number, name: string, hash: string, keyBytes: number, macBytes: number): EncryptionType {
  return build({
    ...{ number, name, keyBytes, macBytes, encryptThenMac: true },
    encryptionKey: (key, usage) => deriveBySha2Profile(hash, key, usage, ENCRYPTION, keyBytes),
    // RFC 8009 §5: the checksum covers the initial vector too, which is zero.
    mac: (key, usage, encrypted) =>
      createHmac(hash, deriveBySha2Profile(hash, key, usage, INTEGRITY, macBytes))
        .update(Buffer.alloc(BLOCK_BYTES))
        .update(encrypted)
        .digest()
        .subarray(0, macBytes),
  });
}

const TYPES: ReadonlyMap<number, EncryptionType> = new Map(
  [
    sha1Type(17, 'aes128-cts-hmac-sha1-96', 16),
    sha1Type(18, 'aes256-cts-hmac-sha1-96', 32),
    sha2Type(19, 'aes128-cts-hmac-sha256-128', 'sha256', 16, 16),
    sha2Type(20, 'aes256-cts-hmac-sha384-192', 'sha384', 32, 24),
  ].map((type) => [type.number, type]),
);

/** The type of this number, if it is one of ours. */
export function encryptionType(number: number): EncryptionType | undefined {
  return TYPES.get(number);
}
