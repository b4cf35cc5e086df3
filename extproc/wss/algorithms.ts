/**
 * The algorithm names users write in a policy, the URIs that stand on the wire, and what `node:crypto` calls them.
 * Everything that selects an algorithm goes through these tables, so an identifier that is not here is unsupported.
 */

export type DigestName = 'SHA1' | 'SHA224' | 'SHA256' | 'SHA384' | 'SHA512';

export type SignatureAlgorithm =
  | 'RSA-SHA1'
  | 'RSA-SHA224'
  | 'RSA-SHA256'
  | 'RSA-SHA384'
  | 'RSA-SHA512'
  | 'RSA-PSS-SHA1'
  | 'RSA-PSS-SHA256'
  | 'RSA-PSS-SHA384'
  | 'RSA-PSS-SHA512'
  | 'ECDSA-SHA1'
  | 'ECDSA-SHA256'
  | 'ECDSA-SHA384'
  | 'ECDSA-SHA512'
  | 'Ed25519'
  | 'Ed448'
  | 'HMAC-SHA1'
  | 'HMAC-SHA256'
  | 'HMAC-SHA384'
  | 'HMAC-SHA512';

export type CanonicalizationName =
  'ExclusiveC14N' | 'ExclusiveC14NWithComments' | 'C14N10' | 'C14N10WithComments' | 'C14N11' | 'C14N11WithComments';

export type DataAlgorithm =
  'AES128-GCM' | 'AES192-GCM' | 'AES256-GCM' | 'AES128-CBC' | 'AES192-CBC' | 'AES256-CBC' | 'TripleDES-CBC';

export type RsaKeyTransport = 'RSA-OAEP' | 'RSA-OAEP-MGF1P' | 'RSA-1_5';
export type KeyAgreement = 'ECDH-ES' | 'X25519' | 'X448';
/** How the key of a message reaches its receiver: `AES-KW` wraps it with a secret that both know. */
export type KeyTransport = RsaKeyTransport | KeyAgreement | 'AES-KW';
export type KeyWrap = 'AES128-KW' | 'AES192-KW' | 'AES256-KW';
export type KeyDerivationFunction = 'ConcatKDF' | 'HKDF';

export type MgfName = 'MGF1-SHA1' | 'MGF1-SHA224' | 'MGF1-SHA256' | 'MGF1-SHA384' | 'MGF1-SHA512';

export interface SignatureDetails {
  readonly uri: string;
  /** The family of key that may be used: a public key is never an HMAC secret, nor an RSA key an EC one. */
  readonly keyType: 'rsa' | 'ec' | 'ed25519' | 'ed448' | 'secret';
  readonly pss: boolean;
  /** `node:crypto` hash name; null for Ed25519 and Ed448, which hash inside. */
  readonly hash: string | null;
}

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const DSIG_MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const DSIG_2007 = 'http://www.w3.org/2007/05/xmldsig-more#';
const DSIG_2021 = 'http://www.w3.org/2021/04/xmldsig-more#';
const XENC = 'http://www.w3.org/2001/04/xmlenc#';
const XENC11 = 'http://www.w3.org/2009/xmlenc11#';

/** XML Signature 1.1 §6.4, RFC 9231. */
export const signatureAlgorithms: Readonly<Record<SignatureAlgorithm, SignatureDetails>> = {
  'RSA-SHA1': { uri: `${DSIG}rsa-sha1`, keyType: 'rsa', pss: false, hash: 'sha1' },
  'RSA-SHA224': { uri: `${DSIG_MORE}rsa-sha224`, keyType: 'rsa', pss: false, hash: 'sha224' },
  'RSA-SHA256': { uri: `${DSIG_MORE}rsa-sha256`, keyType: 'rsa', pss: false, hash: 'sha256' },
  'RSA-SHA384': { uri: `${DSIG_MORE}rsa-sha384`, keyType: 'rsa', pss: false, hash: 'sha384' },
  'RSA-SHA512': { uri: `${DSIG_MORE}rsa-sha512`, keyType: 'rsa', pss: false, hash: 'sha512' },
  'RSA-PSS-SHA1': { uri: `${DSIG_2007}sha1-rsa-MGF1`, keyType: 'rsa', pss: true, hash: 'sha1' },
  'RSA-PSS-SHA256': { uri: `${DSIG_2007}sha256-rsa-MGF1`, keyType: 'rsa', pss: true, hash: 'sha256' },
  'RSA-PSS-SHA384': { uri: `${DSIG_2007}sha384-rsa-MGF1`, keyType: 'rsa', pss: true, hash: 'sha384' },
  'RSA-PSS-SHA512': { uri: `${DSIG_2007}sha512-rsa-MGF1`, keyType: 'rsa', pss: true, hash: 'sha512' },
  'ECDSA-SHA1': { uri: `${DSIG_MORE}ecdsa-sha1`, keyType: 'ec', pss: false, hash: 'sha1' },
  'ECDSA-SHA256': { uri: `${DSIG_MORE}ecdsa-sha256`, keyType: 'ec', pss: false, hash: 'sha256' },
  'ECDSA-SHA384': { uri: `${DSIG_MORE}ecdsa-sha384`, keyType: 'ec', pss: false, hash: 'sha384' },
  'ECDSA-SHA512': { uri: `${DSIG_MORE}ecdsa-sha512`, keyType: 'ec', pss: false, hash: 'sha512' },
  Ed25519: { uri: `${DSIG_2021}eddsa-ed25519`, keyType: 'ed25519', pss: false, hash: null },
  Ed448: { uri: `${DSIG_2021}eddsa-ed448`, keyType: 'ed448', pss: false, hash: null },
  'HMAC-SHA1': { uri: `${DSIG}hmac-sha1`, keyType: 'secret', pss: false, hash: 'sha1' },
  'HMAC-SHA256': { uri: `${DSIG_MORE}hmac-sha256`, keyType: 'secret', pss: false, hash: 'sha256' },
  'HMAC-SHA384': { uri: `${DSIG_MORE}hmac-sha384`, keyType: 'secret', pss: false, hash: 'sha384' },
  'HMAC-SHA512': { uri: `${DSIG_MORE}hmac-sha512`, keyType: 'secret', pss: false, hash: 'sha512' },
};

/** XML Signature 1.1 §6.2: digest method URI and `node:crypto` hash name. */
export const digests: Readonly<Record<DigestName, { uri: string; hash: string }>> = {
  SHA1: { uri: `${DSIG}sha1`, hash: 'sha1' },
  SHA224: { uri: `${DSIG_MORE}sha224`, hash: 'sha224' },
  SHA256: { uri: `${XENC}sha256`, hash: 'sha256' },
  SHA384: { uri: `${DSIG_MORE}sha384`, hash: 'sha384' },
  SHA512: { uri: `${XENC}sha512`, hash: 'sha512' },
};

export interface CanonicalizationDetails {
  readonly uri: string;
  readonly mode: 'exclusive' | 'inclusive10' | 'inclusive11';
  readonly comments: boolean;
}

/** Canonical XML 1.0, 1.1 and Exclusive XML Canonicalization 1.0. */
export const canonicalizations: Readonly<Record<CanonicalizationName, CanonicalizationDetails>> = {
  ExclusiveC14N: { uri: 'http://www.w3.org/2001/10/xml-exc-c14n#', mode: 'exclusive', comments: false },
  ExclusiveC14NWithComments: {
    uri: 'http://www.w3.org/2001/10/xml-exc-c14n#WithComments',
    mode: 'exclusive',
    comments: true,
  },
  C14N10: { uri: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315', mode: 'inclusive10', comments: false },
  C14N10WithComments: {
    uri: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments',
    mode: 'inclusive10',
    comments: true,
  },
  C14N11: { uri: 'http://www.w3.org/2006/12/xml-c14n11', mode: 'inclusive11', comments: false },
  C14N11WithComments: {
    uri: 'http://www.w3.org/2006/12/xml-c14n11#WithComments',
    mode: 'inclusive11',
    comments: true,
  },
};

export interface DataAlgorithmDetails {
  readonly uri: string;
  readonly cipher:
    'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' | 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'des-ede3-cbc';
  readonly keyBytes: number;
  readonly ivBytes: number;
  readonly blockBytes: number;
  readonly gcm: boolean;
}

/** XML Encryption 1.1 §5.2. */
export const dataAlgorithms: Readonly<Record<DataAlgorithm, DataAlgorithmDetails>> = {
  'AES128-GCM': {
    uri: `${XENC11}aes128-gcm`,
    cipher: 'aes-128-gcm',
    keyBytes: 16,
    ivBytes: 12,
    blockBytes: 16,
    gcm: true,
  },
  'AES192-GCM': {
    uri: `${XENC11}aes192-gcm`,
    cipher: 'aes-192-gcm',
    keyBytes: 24,
    ivBytes: 12,
    blockBytes: 16,
    gcm: true,
  },
  'AES256-GCM': {
    uri: `${XENC11}aes256-gcm`,
    cipher: 'aes-256-gcm',
    keyBytes: 32,
    ivBytes: 12,
    blockBytes: 16,
    gcm: true,
  },
  'AES128-CBC': {
    uri: `${XENC}aes128-cbc`,
    cipher: 'aes-128-cbc',
    keyBytes: 16,
    ivBytes: 16,
    blockBytes: 16,
    gcm: false,
  },
  'AES192-CBC': {
    uri: `${XENC}aes192-cbc`,
    cipher: 'aes-192-cbc',
    keyBytes: 24,
    ivBytes: 16,
    blockBytes: 16,
    gcm: false,
  },
  'AES256-CBC': {
    uri: `${XENC}aes256-cbc`,
    cipher: 'aes-256-cbc',
    keyBytes: 32,
    ivBytes: 16,
    blockBytes: 16,
    gcm: false,
  },
  'TripleDES-CBC': {
    uri: `${XENC}tripledes-cbc`,
    cipher: 'des-ede3-cbc',
    keyBytes: 24,
    ivBytes: 8,
    blockBytes: 8,
    gcm: false,
  },
};

/** XML Encryption 1.1 §5.5. */
export const keyTransports: Readonly<Record<RsaKeyTransport, { uri: string }>> = {
  'RSA-OAEP': { uri: `${XENC11}rsa-oaep` },
  'RSA-OAEP-MGF1P': { uri: `${XENC}rsa-oaep-mgf1p` },
  'RSA-1_5': { uri: `${XENC}rsa-1_5` },
};

export interface KeyAgreementDetails {
  readonly uri: string;
  /** `node:crypto` type of both keys. */
  readonly keyType: 'ec' | 'x25519' | 'x448';
}

/** XML Encryption 1.1 §5.6.4, RFC 9231 §2.8.2 and §2.8.3. */
export const keyAgreements: Readonly<Record<KeyAgreement, KeyAgreementDetails>> = {
  'ECDH-ES': { uri: `${XENC11}ECDH-ES`, keyType: 'ec' },
  X25519: { uri: `${DSIG_2021}x25519`, keyType: 'x25519' },
  X448: { uri: `${DSIG_2021}x448`, keyType: 'x448' },
};

export interface KeyWrapDetails {
  readonly uri: string;
  readonly cipher: 'id-aes128-wrap' | 'id-aes192-wrap' | 'id-aes256-wrap';
  readonly keyBytes: number;
}

/** XML Encryption 1.1 §5.7. */
export const keyWraps: Readonly<Record<KeyWrap, KeyWrapDetails>> = {
  'AES128-KW': { uri: `${XENC}kw-aes128`, cipher: 'id-aes128-wrap', keyBytes: 16 },
  'AES192-KW': { uri: `${XENC}kw-aes192`, cipher: 'id-aes192-wrap', keyBytes: 24 },
  'AES256-KW': { uri: `${XENC}kw-aes256`, cipher: 'id-aes256-wrap', keyBytes: 32 },
};

/** XML Encryption 1.1 §5.4.1, RFC 9231 §2.8.1. */
export const keyDerivations: Readonly<Record<KeyDerivationFunction, { uri: string }>> = {
  ConcatKDF: { uri: `${XENC11}ConcatKDF` },
  HKDF: { uri: `${DSIG_2021}hkdf` },
};

/** XML Encryption 1.1 §5.5.2: mask generation function URI and its hash. */
export const mgfs: Readonly<Record<MgfName, { uri: string; hash: string }>> = {
  'MGF1-SHA1': { uri: `${XENC11}mgf1sha1`, hash: 'sha1' },
  'MGF1-SHA224': { uri: `${XENC11}mgf1sha224`, hash: 'sha224' },
  'MGF1-SHA256': { uri: `${XENC11}mgf1sha256`, hash: 'sha256' },
  'MGF1-SHA384': { uri: `${XENC11}mgf1sha384`, hash: 'sha384' },
  'MGF1-SHA512': { uri: `${XENC11}mgf1sha512`, hash: 'sha512' },
};

/**
 * Finds the policy name of an algorithm by the URI that stands in a message.
 *
 * @param table one of the tables of this file
 * @param uri the value of an `Algorithm` attribute
 * @returns the name, or undefined when the URI is none we implement
 */
export function nameOfUri<Name extends string>(
  table: Readonly<Record<Name, { readonly uri: string }>>,
  uri: string,
): Name | undefined {
  let names = namesByUri.get(table);
  if (names === undefined) {
    names = new Map(Object.entries<{ readonly uri: string }>(table).map(([name, { uri }]) => [uri, name]));
    namesByUri.set(table, names);
  }
  return names.get(uri) as Name | undefined;
}

/** The tables the other way round, made once each. */
const namesByUri = new WeakMap<object, ReadonlyMap<string, string>>();
