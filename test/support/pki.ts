/**
 * Certificates for tests: an authority, an intermediate and signers of every kind of key, and the means to make others,
 * good or broken. Nothing here touches the network or needs another program.
 */

import { constants, createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { Certificate } from '../../extproc/keys/certificate.ts';
import * as der from './der-writer.ts';
import { testKey } from './test-keys.ts';

/** A private key and the certificate that goes with it. */
export interface Identity {
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly privateKeyPem: string;
  readonly certificate: Certificate;
  /** The private key. */
  readonly key: KeyObject;
}

export interface Pki {
  /** Self-signed, RSA. */
  readonly ca: Identity;
  /** Issued by `ca`, path length 0; has issued all the others but `untrusted`. */
  readonly intermediate: Identity;
  readonly signer: Identity;
  readonly recipient: Identity;
  readonly ec256: Identity;
  readonly ec384: Identity;
  readonly ec521: Identity;
  readonly ed25519: Identity;
  readonly ed448: Identity;
  /** For encryption only. */
  readonly x25519: Identity;
  readonly x448: Identity;
  /** Same subject as `signer`, issued by another authority of the same name as `ca`. */
  readonly untrusted: Identity;
}

export type SignatureKind = 'sha256' | 'sha384' | 'sha512' | 'sha1' | 'md5' | 'pss-sha256';

export interface CertificateOptions {
  /** `CN=…,O=…`, most specific first; only CN, O, OU, C, DC, UID and ST, without escapes. Or the DER of a Name. */
  readonly subject: string | Buffer;
  /** The private key of the subject. */
  readonly key: KeyObject;
  /** Absent: self-signed. */
  readonly issuer?: Identity;
  readonly serialNumber?: bigint;
  /** Milliseconds since 1970; default: 2020 to 2045, so that tests may set the clock to whatever they like between. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** True or a path length makes it an authority. */
  readonly ca?: boolean | number;
  readonly keyUsage?: readonly KeyUsageName[];
  /** Object identifiers. */
  readonly extendedKeyUsage?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly uris?: readonly string[];
  /** Default true. */
  readonly subjectKeyIdentifier?: boolean;
  /** More Extension values, see {@link extension}. */
  readonly extensions?: readonly Buffer[];
  /** Default 3; the others leave all extensions out. */
  readonly version?: 1 | 3;
  readonly signature?: SignatureKind;
  /** Signs with this instead of the issuer's key: a lookalike's certificate. */
  readonly signingKey?: KeyObject;
}

export type KeyUsageName = 'digitalSignature' | 'nonRepudiation' | 'keyEncipherment' | 'keyCertSign' | 'cRLSign';
const keyUsageBit: Record<KeyUsageName, number> = {
  digitalSignature: 0x80,
  nonRepudiation: 0x40,
  keyEncipherment: 0x20,
  keyCertSign: 0x04,
  cRLSign: 0x02,
};

const DAY = 24 * 3600 * 1000;
const attributeOid: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
};
let lastSerial = 0x1000n;

/** The whole set; keys and certificates are the same for all callers in one process. */
export function createPki(): Pki {
  return (pki ??= makePki());
}
let pki: Pki | undefined;

function makePki(): Pki {
  const ca = issue({
    subject: 'CN=Test CA,O=Waxseal,C=DE',
    key: testKey('rsa2048', 'ca'),
    ca: true,
    keyUsage: ['keyCertSign', 'cRLSign'],
  });
  const intermediate = issue({
    subject: 'CN=Test Intermediate,O=Waxseal,C=DE',
    key: testKey('rsa2048', 'intermediate'),
    issuer: ca,
    ca: 0,
    keyUsage: ['keyCertSign', 'cRLSign'],
  });
  const leaf = (name: string, key: KeyObject): Identity =>
    issue({
      subject: `CN=${name},O=Waxseal,C=DE`,
      key,
      issuer: intermediate,
      keyUsage: ['digitalSignature', 'keyEncipherment'],
    });
  const lookalike = issue({ subject: 'CN=Test CA,O=Waxseal,C=DE', key: testKey('rsa2048', 'lookalike'), ca: true });
  return {
    ca,
    intermediate,
    signer: leaf('signer', testKey('rsa2048', 'signer')),
    recipient: leaf('recipient', testKey('rsa2048', 'recipient')),
    ec256: leaf('ec256', testKey('ec256', 'leaf')),
    ec384: leaf('ec384', testKey('ec384', 'leaf')),
    ec521: leaf('ec521', testKey('ec521', 'leaf')),
    ed25519: leaf('ed25519', testKey('ed25519', 'leaf')),
    ed448: leaf('ed448', testKey('ed448', 'leaf')),
    x25519: leaf('x25519', testKey('x25519', 'leaf')),
    x448: leaf('x448', testKey('x448', 'leaf')),
    untrusted: issue({ subject: 'CN=signer,O=Waxseal,C=DE', key: testKey('rsa2048', 'untrusted'), issuer: lookalike }),
  };
}

/** Makes a certificate that {@link Certificate} accepts. */
export function issue(options: CertificateOptions): Identity {
  const certificateDer = certificateBytes(options);
  return {
    certificatePem: der.pem('CERTIFICATE', certificateDer),
    privateKeyPem: options.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: Certificate.fromDer(certificateDer),
    key: options.key,
  };
}

/** A signer that expired a day ago. */
export const expired = (issuer: Identity): Identity =>
  issue({
    subject: 'CN=expired,O=Waxseal,C=DE',
    key: testKey('rsa2048', 'signer'),
    issuer,
    notBefore: Date.now() - 30 * DAY,
    notAfter: Date.now() - DAY,
  });

/** A signer whose certificate begins tomorrow. */
export const notYetValid = (issuer: Identity): Identity =>
  issue({ subject: 'CN=early,O=Waxseal,C=DE', key: testKey('rsa2048', 'signer'), issuer, notBefore: Date.now() + DAY });

/** The DER of a certificate, also of one that is not acceptable. */
export function certificateBytes(options: CertificateOptions): Buffer {
  const { key, issuer, version = 3, signature = 'sha256' } = options;
  const signingKey = options.signingKey ?? issuer?.key ?? key;
  const publicKeyInfo = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const subject = typeof options.subject === 'string' ? nameBytes(options.subject) : options.subject;
  const algorithm = algorithmBytes(signingKey, signature);
  const body = der.sequence(
    ...(version === 3 ? [der.explicit(0, der.integer(2))] : []),
    der.integer(options.serialNumber ?? ++lastSerial),
    algorithm,
    issuer === undefined ? subject : subjectBytes(issuer.certificate),
    der.sequence(
      der.time(options.notBefore ?? Date.UTC(2020, 0, 1)),
      der.time(options.notAfter ?? Date.UTC(2045, 0, 1)),
    ),
    subject,
    publicKeyInfo,
    ...(version === 3 ? [der.explicit(3, der.sequence(...extensionsOf(options, publicKeyInfo)))] : []),
  );
  return der.sequence(body, algorithm, der.bitString(signBytes(body, signingKey, signature)));
}

function extensionsOf(options: CertificateOptions, publicKeyInfo: Buffer): Buffer[] {
  const { ca = false, keyUsage, extendedKeyUsage, dnsNames = [], uris = [], issuer } = options;
  const list: Buffer[] = [];
  if (ca !== false) {
    list.push(extension('2.5.29.19', der.sequence(der.boolean(true), ...(ca === true ? [] : [der.integer(ca)])), true));
  }
  if (keyUsage !== undefined) {
    const bits = keyUsage.reduce((sum, usage) => sum | keyUsageBit[usage], 0);
    list.push(extension('2.5.29.15', der.bitString(Buffer.from([bits]), 1), true));
  }
  if (extendedKeyUsage !== undefined) list.push(extension('2.5.29.37', der.sequence(...extendedKeyUsage.map(der.oid))));
  const names = [
    ...dnsNames.map((name) => der.implicit(2, Buffer.from(name, 'latin1'))),
    ...uris.map((uri) => der.implicit(6, Buffer.from(uri, 'latin1'))),
  ];
  if (names.length > 0) list.push(extension('2.5.29.17', der.sequence(...names)));
  if (options.subjectKeyIdentifier !== false) {
    // Any octets do; these are not RFC 5280's method 1, so that mixing the two up shows.
    const identifier = createHash('sha256').update(publicKeyInfo).digest().subarray(0, 20);
    list.push(extension('2.5.29.14', der.octetString(identifier)));
  }
  const issuerIdentifier = issuer?.certificate.extensions.subjectKeyIdentifier;
  if (issuerIdentifier !== undefined)
    list.push(extension('2.5.29.35', der.sequence(der.implicit(0, issuerIdentifier))));
  return [...list, ...(options.extensions ?? [])];
}

/** An Extension value. */
export const extension = (oid: string, value: Buffer, critical = false): Buffer =>
  der.sequence(der.oid(oid), ...(critical ? [der.boolean(true)] : []), der.octetString(value));

/** The DER of a simple name such as `CN=a,O=b`. */
export function nameBytes(text: string): Buffer {
  const parts = text.split(',').map((part) => {
    const [type, value] = part.split('=');
    const string =
      type === 'C' ? der.printableString(value) : type === 'DC' ? der.ia5String(value) : der.utf8String(value);
    return der.set(der.sequence(der.oid(attributeOid[type]), string));
  });
  return der.sequence(...parts.reverse());
}

/** The subject as it stands in the certificate. */
function subjectBytes(certificate: Certificate): Buffer {
  const asn1 = forge.asn1.fromDer(forge.util.createBuffer(certificate.der.toString('latin1')));
  const body = (asn1.value as forge.asn1.Asn1[])[0].value as forge.asn1.Asn1[];
  const subject = body[body[0].tagClass === forge.asn1.Class.CONTEXT_SPECIFIC ? 5 : 4];
  return Buffer.from(forge.asn1.toDer(subject).getBytes(), 'latin1');
}

const hashOid: Record<string, string> = { sha256: '11', sha384: '12', sha512: '13', sha1: '5', md5: '4' };
const ecdsaOid: Record<string, string> = {
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
  sha1: '1.2.840.10045.4.1',
};

function algorithmBytes(key: KeyObject, signature: SignatureKind): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return der.sequence(der.oid('1.3.101.112'));
  if (key.asymmetricKeyType === 'ed448') return der.sequence(der.oid('1.3.101.113'));
  if (key.asymmetricKeyType === 'ec') return der.sequence(der.oid(ecdsaOid[signature]));
  if (signature !== 'pss-sha256') {
    return der.sequence(der.oid(`1.2.840.113549.1.1.${hashOid[signature]}`), der.nullValue());
  }
  const sha256 = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'), der.nullValue());
  const mask = der.sequence(der.oid('1.2.840.113549.1.1.8'), sha256);
  const parameters = der.sequence(der.explicit(0, sha256), der.explicit(1, mask), der.explicit(2, der.integer(32)));
  return der.sequence(der.oid('1.2.840.113549.1.1.10'), parameters);
}

function signBytes(data: Buffer, key: KeyObject, signature: SignatureKind): Buffer {
  if (key.asymmetricKeyType?.startsWith('ed')) return sign(null, data, key);
  if (signature !== 'pss-sha256') return sign(signature, data, key);
  return sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
}

export interface RevocationListOptions {
  readonly issuer: Identity;
  /** Serial numbers, decimal as {@link Certificate.serialNumber}. */
  readonly revoked?: readonly string[];
  /** Milliseconds since 1970; default: an hour ago, and a day from now. Null: left out. */
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | null;
  /** Extension values. */
  readonly extensions?: readonly Buffer[];
  readonly entryExtensions?: readonly Buffer[];
  readonly signature?: SignatureKind;
  readonly signingKey?: KeyObject;
}

/** The DER of a certificate revocation list. */
export function revocationListBytes(options: RevocationListOptions): Buffer {
  const { issuer, revoked = [], extensions = [], entryExtensions = [], signature = 'sha256' } = options;
  const thisUpdate = options.thisUpdate ?? Date.now() - 3600_000;
  const nextUpdate = options.nextUpdate === undefined ? Date.now() + DAY : options.nextUpdate;
  const signingKey = options.signingKey ?? issuer.key;
  const algorithm = algorithmBytes(signingKey, signature);
  const entries = revoked.map((serial) =>
    der.sequence(
      der.integer(BigInt(serial)),
      der.time(thisUpdate),
      ...(entryExtensions.length > 0 ? [der.sequence(...entryExtensions)] : []),
    ),
  );
  const body = der.sequence(
    der.integer(1),
    algorithm,
    subjectBytes(issuer.certificate),
    der.time(thisUpdate),
    ...(nextUpdate === null ? [] : [der.time(nextUpdate)]),
    ...(entries.length > 0 ? [der.sequence(...entries)] : []),
    ...(extensions.length > 0 ? [der.explicit(0, der.sequence(...extensions))] : []),
  );
  return der.sequence(body, algorithm, der.bitString(signBytes(body, signingKey, signature)));
}

/** The same as PEM: what stands in a ConfigMap. */
export const revocationListPem = (options: RevocationListOptions): string =>
  der.pem('X509 CRL', revocationListBytes(options));

export interface Pkcs12Options {
  readonly password: string;
  /** Authorities to put beside the certificate. */
  readonly chain?: readonly Identity[];
  readonly friendlyName?: string;
  readonly algorithm?: 'aes256' | '3des';
  readonly iterations?: number;
}

/** A PKCS#12 key store of one RSA identity. */
export function pkcs12Bytes(identity: Identity, options: Pkcs12Options): Buffer {
  const { password, chain = [], friendlyName, algorithm = 'aes256', iterations = 2048 } = options;
  const certificates = [identity, ...chain].map(({ certificatePem }) => forge.pki.certificateFromPem(certificatePem));
  const store = forge.pkcs12.toPkcs12Asn1(forge.pki.privateKeyFromPem(identity.privateKeyPem), certificates, password, {
    algorithm,
    count: iterations,
    ...(friendlyName === undefined ? {} : { friendlyName }),
  });
  return Buffer.from(forge.asn1.toDer(store).getBytes(), 'latin1');
}
