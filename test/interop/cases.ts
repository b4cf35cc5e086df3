/**
 * The matrix of what is exchanged with WSS4J. A case says in the words of a policy how a message is protected; `ours.ts`
 * turns it into settings of our engine, `theirs.ts` into a request to WSS4J.
 */

import type {
  CanonicalizationName,
  DataAlgorithm,
  DigestName,
  RsaKeyTransport,
  MgfName,
  SignatureAlgorithm,
} from '../../extproc/wss/algorithms.ts';
import type { KeyIdentifier, PasswordType, ProtectionOrder } from '../../extproc/wss/settings.ts';
import type { SoapVersion } from '../../extproc/wss/soap.ts';
import { pairwise } from './pairwise.ts';
import { shapeNames, type Shape } from './shapes.ts';

export type SignedPart = 'Body' | 'Timestamp' | 'Token' | 'UsernameToken' | 'Session' | 'Addressing' | 'Card';
export type EncryptedPart =
  'Body' | 'Card' | 'Card content' | 'Session' | 'Session content' | 'Signature' | 'UsernameToken';

/** `EncryptedKey`: signed with the session key, named by a reference to the message's EncryptedKey. Only WSS4J writes it. */
export type SignatureKeyIdentifier = KeyIdentifier | 'EncryptedKey';

export interface SignatureCase {
  readonly algorithm: SignatureAlgorithm;
  readonly digest: DigestName;
  readonly canonicalization: CanonicalizationName;
  readonly keyIdentifier: SignatureKeyIdentifier;
  /** Whether PrefixLists are written. */
  readonly prefixes: boolean;
  readonly parts: readonly SignedPart[];
}

export interface EncryptionCase {
  readonly dataAlgorithm: DataAlgorithm;
  readonly keyTransport: RsaKeyTransport;
  readonly digest: DigestName;
  readonly mgf: MgfName;
  readonly keyIdentifier: KeyIdentifier;
  readonly parts: readonly EncryptedPart[];
}

export interface UsernameTokenCase {
  readonly passwordType: PasswordType;
  readonly nonce: boolean;
  readonly created: boolean;
}

export interface Case {
  readonly name: string;
  readonly soap: SoapVersion;
  readonly shape: Shape;
  readonly milliseconds: boolean;
  readonly order: ProtectionOrder;
  readonly signature?: SignatureCase;
  readonly encryption?: EncryptionCase;
  readonly usernameToken?: UsernameTokenCase;
}

export const digestNames: readonly DigestName[] = ['SHA256', 'SHA1', 'SHA224', 'SHA384', 'SHA512'];
const soapVersions: readonly SoapVersion[] = ['1.1', '1.2'];
const mgfNames: readonly MgfName[] = ['MGF1-SHA256', 'MGF1-SHA1', 'MGF1-SHA224', 'MGF1-SHA384', 'MGF1-SHA512'];
export const certificateIdentifiers: readonly KeyIdentifier[] = [
  'BinarySecurityToken',
  'IssuerSerial',
  'SubjectKeyIdentifier',
  'ThumbprintSHA1',
  'X509Certificate',
  'X509Data',
];
export const asymmetricAlgorithms: readonly SignatureAlgorithm[] = [
  'RSA-SHA256',
  'RSA-SHA1',
  'RSA-SHA224',
  'RSA-SHA384',
  'RSA-SHA512',
  'RSA-PSS-SHA1',
  'RSA-PSS-SHA256',
  'RSA-PSS-SHA384',
  'RSA-PSS-SHA512',
  'ECDSA-SHA1',
  'ECDSA-SHA256',
  'ECDSA-SHA384',
  'ECDSA-SHA512',
  'Ed25519',
  'Ed448',
];
export const hmacAlgorithms: readonly SignatureAlgorithm[] = ['HMAC-SHA1', 'HMAC-SHA256', 'HMAC-SHA384', 'HMAC-SHA512'];
export const canonicalizationNames: readonly CanonicalizationName[] = [
  'ExclusiveC14N',
  'ExclusiveC14NWithComments',
  'C14N10',
  'C14N10WithComments',
  'C14N11',
  'C14N11WithComments',
];
export const dataAlgorithmNames: readonly DataAlgorithm[] = [
  'AES256-GCM',
  'AES128-GCM',
  'AES192-GCM',
  'AES128-CBC',
  'AES192-CBC',
  'AES256-CBC',
  'TripleDES-CBC',
];

const plainSignature: SignatureCase = {
  algorithm: 'RSA-SHA256',
  digest: 'SHA256',
  canonicalization: 'ExclusiveC14N',
  keyIdentifier: 'BinarySecurityToken',
  prefixes: true,
  parts: ['Body', 'Timestamp'],
};
const plainEncryption: EncryptionCase = {
  dataAlgorithm: 'AES256-GCM',
  keyTransport: 'RSA-OAEP',
  digest: 'SHA256',
  mgf: 'MGF1-SHA256',
  keyIdentifier: 'IssuerSerial',
  parts: ['Body'],
};
const plain = { soap: '1.1', shape: 'plain', milliseconds: true, order: 'SignThenEncrypt' } as const;

/** Every asymmetric algorithm with every way of naming its key. */
export function algorithmsByKeyIdentifier(): Case[] {
  const identifiers: KeyIdentifier[] = [...certificateIdentifiers, 'KeyValue', 'KeyName'];
  return asymmetricAlgorithms.flatMap((algorithm) =>
    identifiers
      .filter((keyIdentifier) => !(algorithm.startsWith('Ed') && keyIdentifier === 'KeyValue'))
      .map((keyIdentifier) => ({
        ...plain,
        name: `${algorithm} by ${keyIdentifier}`,
        signature: { ...plainSignature, algorithm, keyIdentifier },
      })),
  );
}

/** Every HMAC, keyed with the key that also encrypts. */
export function hmacs(keyIdentifier: 'EncryptedKeySHA1' | 'EncryptedKey'): Case[] {
  return hmacAlgorithms.map((algorithm) => ({
    ...plain,
    name: `${algorithm} by ${keyIdentifier}`,
    signature: { ...plainSignature, algorithm, keyIdentifier },
    encryption: plainEncryption,
  }));
}

/** Every HMAC with a secret that both sides know by name. */
export function sharedSecrets(): Case[] {
  return hmacAlgorithms.map((algorithm) => ({
    ...plain,
    name: `${algorithm} by KeyName`,
    signature: { ...plainSignature, algorithm, keyIdentifier: 'KeyName' },
  }));
}

/** Every digest with every mask generation function, and the two older transports; every data algorithm and key identifier among them. */
export function keyTransports(algorithms: readonly DataAlgorithm[]): Case[] {
  const rows: Pick<EncryptionCase, 'keyTransport' | 'digest' | 'mgf'>[] = [
    ...digestNames.flatMap((digest) => mgfNames.map((mgf) => ({ keyTransport: 'RSA-OAEP' as const, digest, mgf }))),
    ...digestNames.map((digest) => ({ keyTransport: 'RSA-OAEP-MGF1P' as const, digest, mgf: 'MGF1-SHA1' as const })),
    { keyTransport: 'RSA-1_5', digest: 'SHA1', mgf: 'MGF1-SHA1' },
  ];
  return rows.map((row, n) => ({
    ...plain,
    name: `${row.keyTransport} ${row.digest} ${row.mgf}`,
    encryption: {
      ...plainEncryption,
      ...row,
      dataAlgorithm: algorithms[n % algorithms.length],
      keyIdentifier: certificateIdentifiers[n % certificateIdentifiers.length],
    },
  }));
}

/** Every data algorithm with every way of naming the recipient. */
export function dataAlgorithmsByKeyIdentifier(algorithms: readonly DataAlgorithm[]): Case[] {
  return algorithms.flatMap((dataAlgorithm) =>
    certificateIdentifiers.map((keyIdentifier) => ({
      ...plain,
      name: `${dataAlgorithm} to ${keyIdentifier}`,
      encryption: { ...plainEncryption, dataAlgorithm, keyIdentifier },
    })),
  );
}

const usernameTokens: readonly UsernameTokenCase[] = [
  { passwordType: 'Digest', nonce: true, created: true },
  ...(['Text', 'None'] as const).flatMap((passwordType) =>
    [false, true].flatMap((nonce) => [false, true].map((created) => ({ passwordType, nonce, created }))),
  ),
];

export function usernameTokensAlone(): Case[] {
  return usernameTokens.map((usernameToken) => ({
    ...plain,
    name: describeUsernameToken(usernameToken),
    usernameToken,
  }));
}

const signedSets: readonly (readonly SignedPart[])[] = [
  ['Body', 'Timestamp'],
  ['Body'],
  ['Body', 'Timestamp', 'Token'],
  ['Body', 'Timestamp', 'Session', 'Addressing'],
  ['Timestamp', 'Card'],
  ['Body', 'UsernameToken'],
];
const encryptedSets: readonly (readonly EncryptedPart[])[] = [
  ['Body'],
  ['Card'],
  ['Card content'],
  ['Session', 'Body'],
  ['Session content'],
  ['Signature', 'Body'],
  ['UsernameToken', 'Body'],
];

interface Row extends Record<string, unknown> {
  readonly soap: SoapVersion;
  readonly shape: Shape;
  readonly milliseconds: boolean;
  readonly order: ProtectionOrder;
  readonly digest: DigestName;
  readonly canonicalization: CanonicalizationName;
  readonly prefixes: boolean;
  readonly signed: readonly SignedPart[];
  readonly encrypted: readonly EncryptedPart[];
  readonly passwordType: PasswordType;
}

/** Shapes, parts, orders and the rest: every pair of values. */
export function combinations(): Case[] {
  const rows = pairwise<Row>({
    soap: soapVersions,
    shape: shapeNames,
    milliseconds: [true, false],
    order: ['SignThenEncrypt', 'EncryptThenSign'],
    digest: digestNames,
    canonicalization: canonicalizationNames,
    prefixes: [true, false],
    signed: signedSets,
    encrypted: encryptedSets,
    passwordType: ['Digest', 'Text', 'None'],
  });
  return rows.map((row, n) => combination(row, n)).filter((row) => row !== undefined);
}

function combination(row: Row, n: number): Case | undefined {
  // The Signature is there to be encrypted only if it is made first.
  if (row.encrypted.includes('Signature') && row.order === 'EncryptThenSign') {
    return combination({ ...row, order: 'SignThenEncrypt' }, n);
  }
  return {
    name: [row.shape, row.soap, row.order, row.canonicalization, row.signed.join('+'), row.encrypted.join('+'), n].join(
      ', ',
    ),
    soap: row.soap,
    shape: row.shape,
    milliseconds: row.milliseconds,
    order: row.order,
    signature: {
      ...plainSignature,
      digest: row.digest,
      canonicalization: row.canonicalization,
      prefixes: row.prefixes,
      parts: row.order === 'EncryptThenSign' ? withoutHidden(row.signed, row.encrypted) : row.signed,
      keyIdentifier: certificateIdentifiers[n % 5],
    },
    encryption: { ...plainEncryption, parts: row.encrypted, keyIdentifier: certificateIdentifiers[(n >> 2) % 5] },
    usernameToken: { passwordType: row.passwordType, nonce: true, created: true },
  };
}

/** The parts that are still there to be signed after those others have been encrypted. */
function withoutHidden(signed: readonly SignedPart[], encrypted: readonly EncryptedPart[]): readonly SignedPart[] {
  const left = signed.filter((part) => {
    if (part === 'Card') return !encrypted.includes('Card') && !encrypted.includes('Body');
    return part === 'Body' || !(encrypted as readonly string[]).includes(part);
  });
  return left.length > 0 ? left : ['Body'];
}

/** Everything that both directions share, with these data algorithms. */
export function allCases(algorithms: readonly DataAlgorithm[]): Case[] {
  return [
    ...algorithmsByKeyIdentifier(),
    ...hmacs('EncryptedKeySHA1'),
    ...sharedSecrets(),
    ...keyTransports(algorithms),
    ...dataAlgorithmsByKeyIdentifier(algorithms),
    ...usernameTokensAlone(),
    ...combinations(),
  ];
}

function describeUsernameToken({ passwordType, nonce, created }: UsernameTokenCase): string {
  return ['UsernameToken', passwordType, nonce ? 'nonce' : '', created ? 'created' : ''].filter(Boolean).join(' ');
}
