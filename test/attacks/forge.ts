/**
 * Messages made by hand, element by element, so that attacks can be built that no honest sender would produce. They are
 * sealed with real keys: what is refused must be refused for the attack, not for a broken signature.
 */

import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  publicEncrypt,
  randomBytes,
  sign,
  type CipherGCM,
  type KeyObject,
} from 'node:crypto';
import { canonicalize } from '../../extproc/xml/c14n.ts';
import { DEFAULT_LIMITS } from '../../extproc/xml/limits.ts';
import { scan } from '../../extproc/xml/scan.ts';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import { dataAlgorithms, digests, keyTransports, signatureAlgorithms } from '../../extproc/wss/algorithms.ts';
import type { DataAlgorithm, DigestName, RsaKeyTransport, SignatureAlgorithm } from '../../extproc/wss/algorithms.ts';
import { EMPTY_EXCHANGE } from '../../extproc/wss/exchange-state.ts';
import * as ns from '../../extproc/wss/namespaces.ts';
import type { Part, VerifySettings } from '../../extproc/wss/settings.ts';
import { readSoap } from '../../extproc/wss/soap.ts';
import { verify, type Verified, type VerifyContext } from '../../extproc/wss/verify.ts';
import { createPki, type Identity } from '../support/pki.ts';

export const pki = createPki();
/** The test certificates are valid now. */
export const NOW = Date.now();
export const at = (offset: number): string => new Date(NOW + offset).toISOString();
export const CREATED = at(-5_000);
export const EXPIRES = at(295_000);

export const EXC = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const BODY: Part = { kind: 'Body', mode: 'Content', optional: false };
export const TIMESTAMP: Part = { kind: 'Timestamp', mode: 'Element', optional: false };

/** A policy that demands a Timestamp and a signature over Body and Timestamp, and accepts what is modern. */
export function settings(changes: Partial<VerifySettings> = {}): VerifySettings {
  return {
    removeSecurityHeader: true,
    timestamp: { required: true, maxAge: 300_000, clockSkew: 60_000, maxLifetime: 3_600_000 },
    signature: signatureSettings(),
    signatureConfirmation: false,
    replay: { window: 600_000, onCacheUnavailable: 'Refuse' },
    ...changes,
  };
}

export function signatureSettings(
  changes: Partial<NonNullable<VerifySettings['signature']>> = {},
): NonNullable<VerifySettings['signature']> {
  return {
    trust: new TrustStore({ anchors: [pki.ca.certificate], intermediates: [pki.intermediate.certificate] }),
    secrets: [],
    requiredParts: [BODY, TIMESTAMP],
    accept: {
      algorithms: [
        'RSA-SHA256',
        'RSA-SHA384',
        'RSA-SHA512',
        'RSA-PSS-SHA256',
        'ECDSA-SHA256',
        'ECDSA-SHA384',
        'ECDSA-SHA512',
        'Ed25519',
        'Ed448',
      ],
      digests: ['SHA256', 'SHA384', 'SHA512'],
      canonicalizations: ['ExclusiveC14N', 'C14N10', 'C14N11'],
    },
    ...changes,
  };
}

export function decryptionSettings(
  changes: Partial<NonNullable<VerifySettings['decryption']>> = {},
): NonNullable<VerifySettings['decryption']> {
  return {
    keys: [{ key: pki.recipient.key, certificate: pki.recipient.certificate, name: 'recipient' }],
    requiredParts: [],
    accept: { dataAlgorithms: ['AES256-GCM', 'AES128-GCM'], keyTransports: ['RSA-OAEP', 'RSA-OAEP-MGF1P'] },
    requireSignedEncryptedData: true,
    ...changes,
  };
}

/** Verifies a message given as text. */
export function check(xml: string | Buffer, using = settings(), context: Partial<VerifyContext> = {}): Verified {
  const message = readSoap(scan(Buffer.from(xml)));
  return verify(message, using, { now: NOW, exchange: EMPTY_EXCHANGE, limits: DEFAULT_LIMITS, ...context });
}

/** The code with which a message is refused; `accepted` when it is not. */
export function refusal(xml: string | Buffer, using = settings(), context: Partial<VerifyContext> = {}): string {
  try {
    check(xml, using, context);
    return 'accepted';
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
    throw error;
  }
}

export const timestamp = (created = CREATED, expires = EXPIRES): string =>
  `<wsu:Timestamp wsu:Id="TS-1"><wsu:Created>${created}</wsu:Created><wsu:Expires>${expires}</wsu:Expires></wsu:Timestamp>`;

export const token = (identity: Identity, id = 'X509-1'): string =>
  `<wsse:BinarySecurityToken EncodingType="${ns.BASE64_BINARY}" ValueType="${ns.X509_V3}" wsu:Id="${id}">` +
  `${identity.certificate.base64}</wsse:BinarySecurityToken>`;

export const tokenReference = (id = 'X509-1'): string =>
  `<wsse:SecurityTokenReference><wsse:Reference URI="#${id}" ValueType="${ns.X509_V3}"/></wsse:SecurityTokenReference>`;

/** A Reference whose digest {@link seal} fills in. */
export const reference = (
  id: string,
  transforms = `<ds:Transform Algorithm="${EXC}"/>`,
  digest: DigestName = 'SHA256',
): string =>
  `<ds:Reference URI="#${id}"><ds:Transforms>${transforms}</ds:Transforms>` +
  `<ds:DigestMethod Algorithm="${digests[digest].uri}"/><ds:DigestValue></ds:DigestValue></ds:Reference>`;

export interface SignatureParts {
  readonly references?: string;
  readonly keyInfo?: string;
  readonly algorithm?: SignatureAlgorithm;
  readonly canonicalization?: string;
  readonly method?: string;
}

/** A ds:Signature without values; {@link seal} fills them in. */
export function signature(parts: SignatureParts = {}): string {
  const algorithm = parts.algorithm ?? 'RSA-SHA256';
  return (
    `<ds:Signature xmlns:ds="${ns.DS}" Id="SIG-1"><ds:SignedInfo>` +
    (parts.canonicalization ?? `<ds:CanonicalizationMethod Algorithm="${EXC}"/>`) +
    (parts.method ?? `<ds:SignatureMethod Algorithm="${signatureAlgorithms[algorithm].uri}"/>`) +
    (parts.references ?? reference('TS-1') + reference('Body-1')) +
    `</ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>` +
    `<ds:KeyInfo>${parts.keyInfo ?? tokenReference()}</ds:KeyInfo></ds:Signature>`
  );
}

export const security = (content: string, attributes = ''): string =>
  `<wsse:Security xmlns:wsse="${ns.WSSE}" xmlns:wsu="${ns.WSU}" s:mustUnderstand="1"${attributes}>${content}</wsse:Security>`;

export const ORDER = '<o:Order xmlns:o="urn:shop"><o:Item>book</o:Item></o:Order>';

export const body = (content = ORDER, id = 'Body-1'): string =>
  `<s:Body xmlns:wsu="${ns.WSU}" wsu:Id="${id}">${content}</s:Body>`;

export const envelope = (header: string, content = body(), soap = ns.SOAP11): string =>
  `<s:Envelope xmlns:s="${soap}"><s:Header>${header}</s:Header>${content}</s:Envelope>`;

/** An honest message, signed over Timestamp and Body. */
export function honest(identity: Identity = pki.signer, parts: SignatureParts = {}): string {
  const unsigned = envelope(security(token(identity) + timestamp() + signature(parts)));
  return seal(unsigned, identity.key, parts.algorithm);
}

/**
 * Fills in every empty DigestValue (exclusive C14N of the first element of that id) and SignatureValue of the Signatures
 * of a message, the first Signature first.
 */
export function seal(xml: string, key: KeyObject, algorithm: SignatureAlgorithm = 'RSA-SHA256'): string {
  let sealed = xml;
  for (;;) {
    const at = sealed.indexOf('<ds:DigestValue></ds:DigestValue>');
    const value = sealed.indexOf('<ds:SignatureValue></ds:SignatureValue>');
    if (at === -1 && value === -1) return sealed;
    sealed =
      at !== -1 && (value === -1 || at < value) ? fillDigest(sealed, at) : fillSignature(sealed, value, key, algorithm);
  }
}

function fillDigest(xml: string, at: number): string {
  const head = xml.slice(0, at);
  const start = head.lastIndexOf('<ds:Reference ');
  const id = /URI="#([^"]+)"/.exec(head.slice(start))?.[1] ?? '';
  const uri = /DigestMethod Algorithm="([^"]+)"/.exec(head.slice(start))?.[1];
  const hash = Object.values(digests).find((digest) => digest.uri === uri)?.hash ?? 'sha256';
  const prefixList = /PrefixList="([^"]*)"/.exec(head.slice(start))?.[1];
  const index = scan(Buffer.from(xml));
  const [element] = index.elementsWithId(id);
  const octets = element === undefined ? Buffer.alloc(0) : canonicalize(index, element, options(prefixList));
  const digest = createHash(hash).update(octets).digest('base64');
  return (
    xml.slice(0, at) +
    `<ds:DigestValue>${digest}</ds:DigestValue>` +
    xml.slice(at + '<ds:DigestValue></ds:DigestValue>'.length)
  );
}

function fillSignature(xml: string, at: number, key: KeyObject, algorithm: SignatureAlgorithm): string {
  const index = scan(Buffer.from(xml));
  const offset = Buffer.byteLength(xml.slice(0, at));
  let value = 0;
  while (index.start(value) !== offset) value++;
  const signedInfo = index.child(index.parent(value), ns.DS, 'SignedInfo');
  const method = index.child(signedInfo, ns.DS, 'CanonicalizationMethod');
  const list = index.child(method, ns.EXC_C14N, 'InclusiveNamespaces');
  const prefixes = list === -1 ? undefined : index.attribute(list, '', 'PrefixList');
  const octets = canonicalize(index, signedInfo, options(prefixes));
  const text = signOctets(octets, key, algorithm).toString('base64');
  return (
    xml.slice(0, at) +
    `<ds:SignatureValue>${text}</ds:SignatureValue>` +
    xml.slice(at + '<ds:SignatureValue></ds:SignatureValue>'.length)
  );
}

const options = (prefixes: string | undefined) =>
  ({ mode: 'exclusive', comments: false, inclusivePrefixes: prefixes?.split(' ') }) as const;

function signOctets(octets: Buffer, key: KeyObject, algorithm: SignatureAlgorithm): Buffer {
  const { keyType, hash, pss } = signatureAlgorithms[algorithm];
  if (keyType === 'secret')
    return createHmac(hash ?? '', key)
      .update(octets)
      .digest();
  if (keyType === 'ec') return sign(hash, octets, { key, dsaEncoding: 'ieee-p1363' });
  if (!pss) return sign(hash, octets, key);
  return sign(hash, octets, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

export interface DataOptions {
  readonly id?: string;
  readonly algorithm?: DataAlgorithm;
  /** `Content`, `Element`, another URI, or none. */
  readonly type?: string;
  readonly keyInfo?: string;
  /** Changes the octets of the CipherValue. */
  readonly tamper?: (octets: Buffer) => Buffer;
}

/** An xenc:EncryptedData of some text. */
export function encryptedData(plaintext: string | Buffer, key: Buffer, options: DataOptions = {}): string {
  const { id = 'ED-1', algorithm = 'AES256-GCM', type = ns.TYPE_CONTENT, keyInfo = '', tamper } = options;
  const octets = encryptOctets(Buffer.from(plaintext), key, algorithm);
  const value = (tamper?.(octets) ?? octets).toString('base64');
  return (
    `<xenc:EncryptedData xmlns:xenc="${ns.XENC}" Id="${id}"${type === '' ? '' : ` Type="${type}"`}>` +
    `<xenc:EncryptionMethod Algorithm="${dataAlgorithms[algorithm].uri}"/>${keyInfo}` +
    `<xenc:CipherData><xenc:CipherValue>${value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`
  );
}

export function encryptOctets(plaintext: Buffer, key: Buffer, algorithm: DataAlgorithm): Buffer {
  const { cipher, ivBytes, blockBytes, gcm } = dataAlgorithms[algorithm];
  const iv = randomBytes(ivBytes);
  const encryptor = createCipheriv(cipher, key, iv);
  if (gcm) {
    const parts = [iv, encryptor.update(plaintext), encryptor.final()];
    return Buffer.concat([...parts, (encryptor as CipherGCM).getAuthTag()]);
  }
  const padding = Buffer.alloc(blockBytes - (plaintext.length % blockBytes), 0x5a);
  padding[padding.length - 1] = padding.length;
  encryptor.setAutoPadding(false);
  return Buffer.concat([iv, encryptor.update(Buffer.concat([plaintext, padding])), encryptor.final()]);
}

export interface KeyOptions {
  readonly id?: string;
  readonly transport?: RsaKeyTransport;
  readonly references?: readonly string[];
  readonly recipient?: Identity;
  readonly keyInfo?: string;
  /** Replaces the encrypted octets. */
  readonly tamper?: (octets: Buffer) => Buffer;
}

/** An xenc:EncryptedKey for the recipient. */
export function encryptedKey(key: Buffer, options: KeyOptions = {}): string {
  const {
    id = 'EK-1',
    transport = 'RSA-OAEP-MGF1P',
    references = ['ED-1'],
    recipient = pki.recipient,
    tamper,
  } = options;
  const wrapped =
    transport === 'RSA-1_5'
      ? publicEncrypt({ key: recipient.certificate.publicKey, padding: constants.RSA_PKCS1_PADDING }, key)
      : publicEncrypt({ key: recipient.certificate.publicKey, oaepHash: 'sha1' }, key);
  const list = references.map((reference) => `<xenc:DataReference URI="#${reference}"/>`).join('');
  const keyInfo =
    options.keyInfo ??
    `<ds:KeyInfo xmlns:ds="${ns.DS}"><wsse:SecurityTokenReference xmlns:wsse="${ns.WSSE}"><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>${recipient.certificate.issuer}</ds:X509IssuerName><ds:X509SerialNumber>${recipient.certificate.serialNumber}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data></wsse:SecurityTokenReference></ds:KeyInfo>`;
  return (
    `<xenc:EncryptedKey xmlns:xenc="${ns.XENC}" Id="${id}"><xenc:EncryptionMethod Algorithm="${keyTransports[transport].uri}"/>` +
    keyInfo +
    `<xenc:CipherData><xenc:CipherValue>${(tamper?.(wrapped) ?? wrapped).toString('base64')}</xenc:CipherValue></xenc:CipherData>` +
    `${list === '' ? '' : `<xenc:ReferenceList>${list}</xenc:ReferenceList>`}</xenc:EncryptedKey>`
  );
}
