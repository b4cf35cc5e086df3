/**
 * Password-based encryption and integrity of private keys and key stores: PKCS #5 (RFC 8018) PBES2 with PBKDF2, and
 * PKCS #12 (RFC 7292 appendices B and C) for older files.
 */

import { createDecipheriv, createHmac, hash, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import forge from 'node-forge';
import type { BerValue } from './ber.ts';
import { KeyFormatError } from './key-material-error.ts';

/** All that one file may cost: whoever may write a Secret could otherwise stop the process for hours. */
const MAX_ITERATIONS = 2_000_000;

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';

const prfHashes = new Map([
  ['1.2.840.113549.2.7', 'sha1'],
  ['1.2.840.113549.2.8', 'sha224'],
  ['1.2.840.113549.2.9', 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
]);

const pbes2Ciphers = new Map([
  ['2.16.840.1.101.3.4.1.2', { cipher: 'aes-128-cbc', keyBytes: 16 }],
  ['2.16.840.1.101.3.4.1.22', { cipher: 'aes-192-cbc', keyBytes: 24 }],
  ['2.16.840.1.101.3.4.1.42', { cipher: 'aes-256-cbc', keyBytes: 32 }],
  ['1.2.840.113549.3.7', { cipher: 'des-ede3-cbc', keyBytes: 24 }],
]);

/** RFC 7292 appendix C; RC2 has no counterpart in `node:crypto`. */
const pkcs12Ciphers = new Map([
  ['1.2.840.113549.1.12.1.3', { cipher: 'des-ede3-cbc', keyBytes: 24 }],
  ['1.2.840.113549.1.12.1.5', { cipher: 'rc2', keyBytes: 16 }],
  ['1.2.840.113549.1.12.1.6', { cipher: 'rc2', keyBytes: 5 }],
]);

const macHashes = new Map([
  ['1.3.14.3.2.26', { name: 'sha1', bytes: 20, block: 64 }],
  ['2.16.840.1.101.3.4.2.4', { name: 'sha224', bytes: 28, block: 64 }],
  ['2.16.840.1.101.3.4.2.1', { name: 'sha256', bytes: 32, block: 64 }],
  ['2.16.840.1.101.3.4.2.2', { name: 'sha384', bytes: 48, block: 128 }],
  ['2.16.840.1.101.3.4.2.3', { name: 'sha512', bytes: 64, block: 128 }],
]);

type MacHash = NonNullable<ReturnType<typeof macHashes.get>>;

/** What a password opens in one file, with a limit on the work for all of it. */
export class PasswordBased {
  readonly #password: string;
  readonly #hint: string;
  #iterations = 0;

  /** @param password absent: tried as the empty one */
  constructor(password: string | undefined) {
    this.#password = password ?? '';
    this.#hint =
      password === undefined
        ? 'it needs a password; put it under the key password beside it'
        : 'the password (key password) does not open it';
  }

  /**
   * Decrypts.
   *
   * @param algorithm AlgorithmIdentifier of the encryption
   * @throws KeyFormatError when the algorithm is not supported, too costly, or the password is wrong
   */
  decrypt(algorithm: BerValue, encrypted: Buffer): Buffer {
    const { oid } = algorithm.child(0);
    const parameters = algorithm.child(1);
    if (oid === PBES2) return this.#decryptPbes2(parameters, encrypted);
    const scheme = pkcs12Ciphers.get(oid);
    if (scheme === undefined) throw unsupported(oid);
    const salt = parameters.child(0).octets;
    const iterations = this.#spend(parameters.child(1).count);
    const sha1: MacHash = { name: 'sha1', bytes: 20, block: 64 };
    const key = pkcs12Key(this.#password, { salt, iterations, purpose: 1, length: scheme.keyBytes, hash: sha1 });
    const iv = pkcs12Key(this.#password, { salt, iterations, purpose: 2, length: 8, hash: sha1 });
    const opened =
      scheme.cipher === 'rc2' ? decryptRc2(key, iv, encrypted) : decryptCbc(scheme.cipher, key, iv, encrypted);
    if (opened === undefined) throw this.#wrongPassword();
    return opened;
  }

  /**
   * Checks the integrity of a PKCS #12 file.
   *
   * @param macData MacData, RFC 7292 §4
   * @throws KeyFormatError when the password is wrong or the file was changed
   */
  checkMac(macData: BerValue, content: Buffer): void {
    const digest = macData.child(0);
    const { oid } = digest.child(0).child(0);
    const hash = macHashes.get(oid);
    if (hash === undefined) throw unsupported(oid);
    const salt = macData.child(1).octets;
    const iterations = this.#spend(macData.children.length > 2 ? macData.child(2).count : 1);
    const key = pkcs12Key(this.#password, { salt, iterations, purpose: 3, length: hash.bytes, hash });
    const expected = createHmac(hash.name, key).update(content).digest();
    const found = digest.child(1).octets;
    if (found.length !== expected.length || !timingSafeEqual(found, expected)) throw this.#wrongPassword();
  }

  /** PBES2-params, RFC 8018 §A.4. */
  #decryptPbes2(parameters: BerValue, encrypted: Buffer): Buffer {
    const derivation = parameters.child(0);
    if (derivation.child(0).oid !== PBKDF2) throw unsupported(derivation.child(0).oid);
    const [salt, iterations, ...rest] = derivation.child(1).children;
    if (salt === undefined || iterations === undefined) throw new KeyFormatError('its structure is not as expected');
    const prf = rest.find((field) => field.isUniversal(forge.asn1.Type.SEQUENCE))?.child(0).oid;
    const hashName = prf === undefined ? 'sha1' : prfHashes.get(prf);
    if (hashName === undefined) throw unsupported(prf ?? '');
    const encryption = parameters.child(1);
    const scheme = pbes2Ciphers.get(encryption.child(0).oid);
    if (scheme === undefined) throw unsupported(encryption.child(0).oid);
    const key = pbkdf2Sync(this.#password, salt.octets, this.#spend(iterations.count), scheme.keyBytes, hashName);
    const opened = decryptCbc(scheme.cipher, key, encryption.child(1).octets, encrypted);
    if (opened === undefined) throw this.#wrongPassword();
    return opened;
  }

  #wrongPassword(): KeyFormatError {
    return new KeyFormatError(this.#hint);
  }

  #spend(iterations: number): number {
    this.#iterations += iterations;
    if (iterations < 1 || this.#iterations > MAX_ITERATIONS) {
      throw new KeyFormatError(`its iteration counts are not between 1 and ${MAX_ITERATIONS} in all; export it anew`);
    }
    return iterations;
  }
}

const unsupported = (oid: string): KeyFormatError =>
  new KeyFormatError(
    `it is protected with an algorithm that is not supported (${oid}); export it anew with AES-256-CBC and a SHA-256 MAC, as OpenSSL 3 and Java 17 do by default`,
  );

/** Undefined when the padding is wrong, which is what a wrong password leads to. */
function decryptCbc(cipher: string, key: Buffer, iv: Buffer, encrypted: Buffer): Buffer | undefined {
  try {
    const decipher = createDecipheriv(cipher, key, iv);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    return undefined;
  }
}

function decryptRc2(key: Buffer, iv: Buffer, encrypted: Buffer): Buffer | undefined {
  const binary = (octets: Buffer) => forge.util.createBuffer(octets.toString('latin1'));
  const decipher = forge.rc2.createDecryptionCipher(binary(key), 8 * key.length);
  decipher.start(binary(iv));
  decipher.update(binary(encrypted));
  return decipher.finish() ? Buffer.from(decipher.output.getBytes(), 'latin1') : undefined;
}

interface Pkcs12KeyOptions {
  readonly salt: Buffer;
  readonly iterations: number;
  /** 1 encryption key, 2 initialisation vector, 3 MAC key. */
  readonly purpose: number;
  readonly length: number;
  readonly hash: MacHash;
}

/** RFC 7292 appendix B.2. The password is a BMPString with two zero octets at its end. */
function pkcs12Key(password: string, options: Pkcs12KeyOptions): Buffer {
  const { salt, iterations, purpose, length, hash: md } = options;
  const passwordOctets = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const input = Buffer.concat([fill(salt, md.block), fill(passwordOctets, md.block)]);
  const diversifier = Buffer.alloc(md.block, purpose);
  const blocks: Buffer[] = [];
  for (let made = 0; made < length; made += md.bytes) {
    let block = hash(md.name, Buffer.concat([diversifier, input]), 'buffer');
    for (let round = 1; round < iterations; round++) block = hash(md.name, block, 'buffer');
    blocks.push(block);
    addToEach(input, fill(block, md.block), md.block);
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** Repeats `octets` up to a multiple of `block` (of a hash value: exactly one block). */
function fill(octets: Buffer, block: number): Buffer {
  const result = Buffer.alloc(Math.ceil(octets.length / block) * block);
  for (let at = 0; at < result.length; at++) result[at] = octets[at % octets.length];
  return result;
}

/** Every block of `input` becomes (block + addend + 1) modulo 2^(8 * size). */
function addToEach(input: Buffer, addend: Buffer, size: number): void {
  for (let start = 0; start < input.length; start += size) {
    let carry = 1;
    for (let at = size - 1; at >= 0; at--) {
      carry += input[start + at] + addend[at];
      input[start + at] = carry & 0xff;
      carry >>= 8;
    }
  }
}
