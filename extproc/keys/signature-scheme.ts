/**
 * How certificates and revocation lists are signed (RFC 5280 §4.1.1.2, RFC 4055, RFC 5758, RFC 8410). Only schemes on
 * SHA-2, Ed25519 and Ed448 are known here, so a list or a link of a path signed with MD5 or SHA-1 is never accepted.
 */

import { constants, verify, type KeyObject } from 'node:crypto';
import { contextConstructed, DerError, DerReader, integerValue, oidText, TAG } from './der.ts';

export interface SignatureScheme {
  readonly keyTypes: readonly string[];
  /** `node:crypto` name; null for Ed25519 and Ed448. */
  readonly hash: string | null;
  /** Salt length in octets when the scheme is RSASSA-PSS. */
  readonly pssSalt?: number;
}

const rsa = (hash: string): SignatureScheme => ({ keyTypes: ['rsa'], hash });
const ecdsa = (hash: string): SignatureScheme => ({ keyTypes: ['ec'], hash });

const schemes = new Map<string, SignatureScheme>([
  ['1.2.840.113549.1.1.14', rsa('sha224')],
  ['1.2.840.113549.1.1.11', rsa('sha256')],
  ['1.2.840.113549.1.1.12', rsa('sha384')],
  ['1.2.840.113549.1.1.13', rsa('sha512')],
  ['1.2.840.10045.4.3.1', ecdsa('sha224')],
  ['1.2.840.10045.4.3.2', ecdsa('sha256')],
  ['1.2.840.10045.4.3.3', ecdsa('sha384')],
  ['1.2.840.10045.4.3.4', ecdsa('sha512')],
  ['1.3.101.112', { keyTypes: ['ed25519'], hash: null }],
  ['1.3.101.113', { keyTypes: ['ed448'], hash: null }],
]);

const RSASSA_PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';
const hashes = new Map([
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

/**
 * Reads an AlgorithmIdentifier.
 *
 * @returns the scheme, or undefined when it is none that is accepted
 * @throws DerError
 */
export function readSignatureScheme(algorithmIdentifier: Buffer): SignatureScheme | undefined {
  const fields = new DerReader(algorithmIdentifier).enter(TAG.sequence);
  const oid = oidText(fields.next(TAG.oid).content);
  return oid === RSASSA_PSS ? readPss(fields) : schemes.get(oid);
}

/** RSASSA-PSS-params, RFC 4055 §3.1: every default is SHA-1, so hash and MGF must both be there and be the same SHA-2. */
function readPss(fields: DerReader): SignatureScheme | undefined {
  if (fields.atEnd) return undefined;
  const parameters = fields.enter(TAG.sequence);
  const hash = parameters.optional(contextConstructed(0));
  const mask = parameters.optional(contextConstructed(1));
  const salt = parameters.optional(contextConstructed(2));
  if (hash === undefined || mask === undefined) return undefined;
  const hashName = hashes.get(oidText(new DerReader(hash.content).enter(TAG.sequence).next(TAG.oid).content));
  const maskFields = new DerReader(mask.content).enter(TAG.sequence);
  if (oidText(maskFields.next(TAG.oid).content) !== MGF1) return undefined;
  const maskHash = hashes.get(oidText(maskFields.enter(TAG.sequence).next(TAG.oid).content));
  if (hashName === undefined || hashName !== maskHash) return undefined;
  const saltLength = salt === undefined ? 20n : integerValue(new DerReader(salt.content).next(TAG.integer).content);
  if (saltLength < 0n || saltLength > 64n) throw new DerError('bad salt length');
  return { keyTypes: ['rsa', 'rsa-pss'], hash: hashName, pssSalt: Number(saltLength) };
}

/** Whether `signature` is this key's over `data`; a key of another family is simply not the signer. */
export function verifyScheme(scheme: SignatureScheme, data: Buffer, key: KeyObject, signature: Buffer): boolean {
  if (!scheme.keyTypes.includes(key.asymmetricKeyType ?? '')) return false;
  const padding =
    scheme.pssSalt === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.pssSalt };
  return verify(scheme.hash, data, { key, ...padding }, signature);
}
