/**
 * What a decision log keeps of a message: who proved to have sent it, what was signed by which key, and what we signed and
 * encrypted ourselves. Plain data, which passes between threads. Names, fingerprints and digests only: no secret, and of
 * the message nothing but the names of its parts.
 */

import { createHash, hash } from 'node:crypto';
import { Certificate } from '../keys/certificate.ts';
import { describeAttachment } from './attachments/describe.ts';
import { attachmentPositions } from './attachments/protect.ts';
import type { ByteRange } from './byte-ranges.ts';
import type { Encryption } from './encryption/prepare.ts';
import type { ExchangeState } from './exchange-state.ts';
import { pathOf } from './explain/finding.ts';
import type { AssertionFacts, TokenInUse } from './issued-token.ts';
import type { SecureContext } from './secure.ts';
import type { AttachmentMode, DataKeySource, SecureSettings, SigningKey } from './settings.ts';
import { algorithmFor } from './signature/signature-value.ts';
import type { SoapMessage } from './soap.ts';
import { elementAt } from './structure.ts';
import type { FoundParts } from './targets.ts';
import type { GoodSignature, Verification } from './verification.ts';
import type { Verified } from './verify.ts';

export interface CertificateFacts {
  /** RFC 2253. */
  readonly subject: string;
  readonly issuer: string;
  /** Decimal. */
  readonly serialNumber: string;
  /** SHA-256 of the DER in hexadecimal. */
  readonly sha256: string;
}

export interface SignatureFacts {
  readonly algorithm: string;
  /** SHA-256 of the SignatureValue's octets in hexadecimal. */
  readonly valueSha256: string;
  /** Whose key it is; absent for a symmetric one. */
  readonly certificate?: CertificateFacts;
  /** Of a message that came: what its key says about the signer. */
  readonly proof?: string;
  /**
   * Where what was signed stood, such as `Envelope/Body`, and attachments, such as `attachment cid:a@x (Content)`; of a
   * message of ours also names of the policy's parts.
   */
  readonly parts: readonly string[];
}

/** What a message that came has proved. */
export interface ReceivedFacts {
  readonly username?: string;
  readonly certificate?: CertificateFacts;
  readonly kerberosPrincipal?: string;
  readonly samlSubject?: string;
  readonly samlIssuer?: string;
  readonly signatures: readonly SignatureFacts[];
  /** Number of EncryptedData that were decrypted. */
  readonly decrypted: number;
}

/** A signature of ours; `secret`: name of the Secret that holds the key. */
export type OwnSignatureFacts = SignatureFacts & { readonly secret?: string };

/** What a message that leaves got from us. */
export interface SentFacts {
  readonly signature?: OwnSignatureFacts;
  /** Over that signature. */
  readonly endorsing?: readonly OwnSignatureFacts[];
  readonly encryption?: {
    readonly dataAlgorithm: string;
    /** Where the key comes from that encrypts; absent: a new one, which went to the recipient by `keyTransport`. */
    readonly dataKey?: DataKeySource;
    readonly keyTransport?: string;
    readonly recipient?: CertificateFacts;
    /** With AES-KW: the name of the Secret that it was encrypted with. */
    readonly secret?: string;
    readonly parts: readonly string[];
  };
  /** The assertion that we made. */
  readonly assertion?: AssertionFacts;
  /** The kinds of tokens besides that of the signature. */
  readonly tokens: readonly string[];
}

/** Parts that are named one by one; there may be thousands. */
const MAX_PARTS = 64;
const MAX_PATH = 256;

/** @param state after all demands of the policy were met */
export function receivedFacts(
  state: Verification,
  { username, certificate, kerberos, saml }: Verified['identity'],
): ReceivedFacts {
  return {
    ...(username !== undefined && { username }),
    ...(certificate && { certificate: certificateFacts(certificate) }),
    ...(kerberos && { kerberosPrincipal: kerberos.principal }),
    ...(saml && { samlSubject: saml.subject, samlIssuer: saml.issuer }),
    signatures: state.signatures.map((signature) => signatureFacts(state, signature)),
    decrypted: state.encryptedDataCount,
  };
}

function signatureFacts({ message }: Verification, signature: GoodSignature): SignatureFacts {
  const { algorithm, value, certificate, signed, proof, attachments = new Map<number, AttachmentMode>() } = signature;
  const at = ({ start }: ByteRange): number[] => {
    const element = elementAt(message.index, start);
    return element === -1 ? [] : [element];
  };
  return {
    algorithm,
    valueSha256: hash('sha256', value),
    ...(certificate && { certificate: certificateFacts(certificate) }),
    proof: proof.kind,
    parts: [...paths(message, signed.flatMap(at)), ...attachmentNames(message, [...attachments])],
  };
}

/**
 * @param toSign what was found of the policy's parts
 * @param signatureValue base64; undefined: the message got no Signature
 * @param endorsements the values of the signatures over it, in the order of the settings
 */
export function sentFacts(
  message: SoapMessage,
  settings: SecureSettings,
  { exchange, token }: SecureContext,
  toSign: FoundParts,
  encryption: Encryption | undefined,
  { signatureValue, endorsements }: { readonly signatureValue?: string; readonly endorsements?: readonly string[] },
): SentFacts {
  const assertion = settings.securityToken && token?.assertion;
  return {
    ...(signatureValue !== undefined && { signature: ourSignature(message, settings, token, toSign, signatureValue) }),
    ...(endorsements && { endorsing: endorsements.map((value, at) => ourEndorsement(settings, value, at)) }),
    ...(encryption && { encryption: ourEncryption(message, settings, exchange, encryption) }),
    ...(assertion && { assertion }),
    tokens: [...(settings.usernameToken ? ['UsernameToken'] : []), ...(settings.securityToken ? ['IssuedToken'] : [])],
  };
}

function ourSignature(
  message: SoapMessage,
  { signature }: SecureSettings,
  token: TokenInUse | undefined,
  { elements, own }: FoundParts,
  value: string,
): OwnSignatureFacts {
  const named = signature?.keyIdentifier;
  const key = named === 'EncryptedKeySHA1' || named === 'SAMLAssertion' ? undefined : signature?.key;
  const inUse = key?.key ?? (named === 'SAMLAssertion' ? token?.key : undefined);
  const found = elements.map(({ element }) => element);
  const part = signature?.attachments;
  const signedAttachments = part ? attachmentPositions(message).map((position) => [position, part.mode] as const) : [];
  return {
    // The key of an EncryptedKey is a symmetric one.
    algorithm: signature?.algorithm ?? (inUse ? algorithmFor(inUse) : 'HMAC-SHA256'),
    valueSha256: hash('sha256', Buffer.from(value, 'base64')),
    ...(key && ownKey(key)),
    parts: [...paths(message, found), ...attachmentNames(message, signedAttachments), ...own.keys()],
  };
}

function ourEndorsement({ endorsing = [] }: SecureSettings, value: string, at: number): OwnSignatureFacts {
  const { key, algorithm } = endorsing[at];
  return {
    algorithm: algorithm ?? algorithmFor(key.key),
    valueSha256: hash('sha256', Buffer.from(value, 'base64')),
    ...ownKey(key),
    parts: ['Signature'],
  };
}

function ownKey({ name, certificate }: SigningKey): { secret: string; certificate?: CertificateFacts } {
  return { secret: name, ...(certificate && { certificate: certificateFacts(certificate) }) };
}

function ourEncryption(
  message: SoapMessage,
  { encryption }: SecureSettings,
  { signerCertificate }: ExchangeState,
  { targets, attachments, own }: Encryption,
): NonNullable<SentFacts['encryption']> {
  const to = encryption?.recipient;
  const recipient =
    to === 'RequestSigner'
      ? signerCertificate && Certificate.fromDer(Buffer.from(signerCertificate))
      : to && 'certificate' in to && to.certificate;
  const found = targets.map(({ element }) => element);
  const encrypted = attachments.map(({ position, mode }) => [position, mode] as const);
  return {
    dataAlgorithm: encryption?.dataAlgorithm ?? '',
    ...(encryption?.dataKey ? { dataKey: encryption.dataKey } : { keyTransport: encryption?.keyTransport ?? '' }),
    ...(recipient && { recipient: certificateFacts(recipient) }),
    ...(to && to !== 'RequestSigner' && 'secret' in to && { secret: to.name }),
    parts: [...paths(message, found), ...attachmentNames(message, encrypted), ...own.keys()],
  };
}

function paths({ index }: SoapMessage, elements: readonly number[]): string[] {
  return bounded(elements, (element) => pathOf(index, element));
}

function attachmentNames(
  { attachments }: SoapMessage,
  named: readonly (readonly [position: number, mode: AttachmentMode])[],
): string[] {
  return bounded(named, ([position, mode]) => describeAttachment(attachments, position, mode));
}

function bounded<Item>(items: readonly Item[], name: (item: Item) => string): string[] {
  const named = items.slice(0, MAX_PARTS).map((item) => name(item).slice(0, MAX_PATH));
  const more = items.length - named.length;
  return more > 0 ? [...named, `and ${more} more`] : named;
}

function certificateFacts({ subject, issuer, serialNumber, fingerprint }: Certificate): CertificateFacts {
  return { subject, issuer, serialNumber, sha256: fingerprint };
}

/** SHA-256 of a message's bytes, in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
