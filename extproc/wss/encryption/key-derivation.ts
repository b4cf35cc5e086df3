/**
 * From a shared secret to a key-encryption key: ConcatKDF (XML Encryption 1.1 §5.4.1) and HKDF (RFC 9231 §2.8.1), and
 * the xenc11:KeyDerivationMethod that says which, in the form that Apache Santuario reads and writes.
 */

import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { XmlIndex } from '../../xml/xml-index.ts';
import {
  digests,
  keyDerivations,
  nameOfUri,
  signatureAlgorithms,
  type DigestName,
  type KeyDerivationFunction,
} from '../algorithms.ts';
import { InvalidStructureError, UnsupportedAlgorithmError } from '../errors.ts';
import { DS, DSIG_MORE, XENC11 } from '../namespaces.ts';
import { base64Of, optionalChild, requiredAttribute, requiredChild, textOf } from '../structure.ts';

export type DerivationDigest = Extract<DigestName, 'SHA256' | 'SHA384' | 'SHA512'>;

export interface DerivationSettings {
  readonly function: KeyDerivationFunction;
  readonly digest: DerivationDigest;
}

/** A function with its parameters: what both sides must agree on. */
export type KeyDerivation =
  | {
      readonly function: 'ConcatKDF';
      readonly digest: DerivationDigest;
      /** AlgorithmID, PartyUInfo, PartyVInfo, SuppPubInfo and SuppPrivInfo, one after the other. */
      readonly otherInfo: Buffer;
    }
  | { readonly function: 'HKDF'; readonly digest: DerivationDigest; readonly salt: Buffer; readonly info: Buffer };

const PRFS = {
  SHA256: signatureAlgorithms['HMAC-SHA256'],
  SHA384: signatureAlgorithms['HMAC-SHA384'],
  SHA512: signatureAlgorithms['HMAC-SHA512'],
} as const;
const DIGESTS = { SHA256: digests.SHA256, SHA384: digests.SHA384, SHA512: digests.SHA512 } as const;
/** XML Encryption 1.1 §5.4.1, in the order in which they are concatenated. */
const OTHER_INFO = ['AlgorithmID', 'PartyUInfo', 'PartyVInfo', 'SuppPubInfo', 'SuppPrivInfo'];
const MAX_PARAMETER_BYTES = 1024;

/** Computes `length` bytes of key. */
export function deriveKey(secret: Buffer, derivation: KeyDerivation, length: number): Buffer {
  const { hash } = digests[derivation.digest];
  if (derivation.function === 'HKDF') {
    return Buffer.from(hkdfSync(hash, secret, derivation.salt, derivation.info, length));
  }
  return concatKdf(hash, secret, derivation.otherInfo, length);
}

/** The concatenation key derivation function of NIST SP 800-56A §5.8.1. */
export function concatKdf(hash: string, secret: Buffer, otherInfo: Buffer, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 1, made = 0; made < length; counter++) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    const block = createHash(hash).update(number).update(secret).update(otherInfo).digest();
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** Fresh parameters: for HKDF a salt as long as the hash. */
export function newDerivation({ function: name, digest }: DerivationSettings): KeyDerivation {
  if (name === 'HKDF') {
    const salt = randomBytes(digest === 'SHA256' ? 32 : digest === 'SHA384' ? 48 : 64);
    return { function: name, digest, salt, info: Buffer.alloc(0) };
  }
  // What WSS4J writes where nothing is agreed: an AlgorithmID of one zero byte, and parties without a name.
  return { function: name, digest, otherInfo: Buffer.of(0) };
}

/**
 * Writes the xenc11:KeyDerivationMethod of {@link newDerivation}'s parameters. The prefixes `ds` and `xenc11` must be in
 * scope.
 *
 * @param length of the derived key in bytes
 */
export function keyDerivationMethod(derivation: KeyDerivation, length: number): string {
  return (
    `<xenc11:KeyDerivationMethod Algorithm="${keyDerivations[derivation.function].uri}">` +
    `${parameters(derivation, length)}</xenc11:KeyDerivationMethod>`
  );
}

function parameters(derivation: KeyDerivation, length: number): string {
  if (derivation.function === 'ConcatKDF') {
    // Each is a bit string: first the number of unused bits, then the octets.
    const algorithmId = `00${derivation.otherInfo.toString('hex')}`;
    return (
      `<xenc11:ConcatKDFParams AlgorithmID="${algorithmId}" PartyUInfo="" PartyVInfo="">` +
      `<ds:DigestMethod Algorithm="${digests[derivation.digest].uri}"></ds:DigestMethod></xenc11:ConcatKDFParams>`
    );
  }
  return (
    `<dsig-more:HKDFParams xmlns:dsig-more="${DSIG_MORE}">` +
    `<dsig-more:PRF Algorithm="${PRFS[derivation.digest].uri}"></dsig-more:PRF>` +
    `<dsig-more:Salt>${derivation.salt.toString('base64')}</dsig-more:Salt>` +
    `<dsig-more:KeyLength>${length}</dsig-more:KeyLength></dsig-more:HKDFParams>`
  );
}

/**
 * Reads the xenc11:KeyDerivationMethod of an AgreementMethod. SHA-1 and SHA-224 are not supported.
 *
 * @param length of the derived key in bytes, which the parameters must not contradict
 * @throws UnsupportedAlgorithmError, InvalidStructureError
 */
export function readKeyDerivation(index: XmlIndex, agreement: number, length: number): KeyDerivation {
  const method = requiredChild(index, agreement, XENC11, 'KeyDerivationMethod');
  switch (nameOfUri(keyDerivations, requiredAttribute(index, method, 'Algorithm'))) {
    case 'ConcatKDF':
      return readConcatKdf(index, requiredChild(index, method, XENC11, 'ConcatKDFParams'));
    case 'HKDF':
      return readHkdf(index, requiredChild(index, method, DSIG_MORE, 'HKDFParams'), length);
    case undefined:
      throw new UnsupportedAlgorithmError('the key derivation function is not supported');
  }
}

function readConcatKdf(index: XmlIndex, element: number): KeyDerivation {
  const method = requiredChild(index, element, DS, 'DigestMethod');
  const digest = nameOfUri(DIGESTS, requiredAttribute(index, method, 'Algorithm'));
  if (digest === undefined) throw new UnsupportedAlgorithmError('the digest of ConcatKDF is not supported');
  const otherInfo = OTHER_INFO.map((name) => bitString(index.attribute(element, '', name)));
  return { function: 'ConcatKDF', digest, otherInfo: Buffer.concat(otherInfo) };
}

/** Hexadecimal: the number of unused bits, then the octets. Absent and empty mean nothing. */
function bitString(text = ''): Buffer {
  const hex = text.trim();
  if (hex === '') return Buffer.alloc(0);
  if (hex.length > 2 * MAX_PARAMETER_BYTES || hex.length % 2 !== 0 || !/^00[0-9A-Fa-f]*$/.test(hex)) {
    throw new InvalidStructureError('a parameter of ConcatKDF is not a bit string of whole octets');
  }
  return Buffer.from(hex.slice(2), 'hex');
}

/** PRF is of the namespace of HKDFParams in RFC 9231; Santuario looks for it in that of XML Encryption 1.1. */
function readHkdf(index: XmlIndex, element: number, length: number): KeyDerivation {
  const own = optionalChild(index, element, DSIG_MORE, 'PRF');
  const prf = own === -1 ? requiredChild(index, element, XENC11, 'PRF') : own;
  const digest = nameOfUri(PRFS, requiredAttribute(index, prf, 'Algorithm'));
  if (digest === undefined) throw new UnsupportedAlgorithmError('the pseudorandom function of HKDF is not supported');
  const keyLength = optionalChild(index, element, DSIG_MORE, 'KeyLength');
  if (keyLength !== -1 && textOf(index, keyLength).trim() !== String(length)) {
    throw new InvalidStructureError('HKDF derives a key of another length than the key wrap needs');
  }
  return { function: 'HKDF', digest, salt: octets(index, element, 'Salt'), info: octets(index, element, 'Info') };
}

function octets(index: XmlIndex, parent: number, name: string): Buffer {
  const element = optionalChild(index, parent, DSIG_MORE, name);
  const value = element === -1 ? Buffer.alloc(0) : base64Of(index, element);
  if (value.length > MAX_PARAMETER_BYTES) throw new InvalidStructureError(`the ${name} of HKDF is too long`);
  return value;
}
