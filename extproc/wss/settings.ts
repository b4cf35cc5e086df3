/**
 * What `secure` and `verify` are told to do: a policy's `secure` and `verify` with every default filled in and every
 * reference turned into a key object. Built once per bundle by `extproc/pipeline/compile.ts`; plain values otherwise.
 */

import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../keys/certificate.ts';
import type { TrustStore } from '../keys/trust-store.ts';
import type { KerberosService } from './kerberos/accept.ts';
import type { VerifySamlSettings } from './saml/settings.ts';
import type {
  CanonicalizationName,
  DataAlgorithm,
  DigestName,
  KeyTransport,
  MgfName,
  SignatureAlgorithm,
} from './algorithms.ts';
import type { TokenType } from './binary-security-token/certificate-token.ts';
import type { AgreementSettings } from './encryption/key-agreement.ts';

export type PasswordType = 'Text' | 'Digest' | 'None';
export type Layout = 'Lax' | 'Strict' | 'LaxTimestampFirst' | 'LaxTimestampLast';
export type ProtectionOrder = 'SignThenEncrypt' | 'EncryptThenSign';

/** How the key is named in a KeyInfo (WSS 1.1 §7, XML Signature §4.5). */
export type KeyIdentifier =
  | 'BinarySecurityToken'
  | 'IssuerSerial'
  | 'SubjectKeyIdentifier'
  | 'ThumbprintSHA1'
  | 'X509Certificate'
  | 'X509Data'
  | 'KeyValue'
  | 'KeyName'
  | 'EncryptedKeySHA1'
  /** The EncryptedKey of the message by its Id; that of the request by its hash. */
  | 'EncryptedKey'
  /** The key that is derived from the password of the message's UsernameToken. */
  | 'UsernameToken'
  /** The issued token of the message, whose key signs. */
  | 'SAMLAssertion'
  /** The Kerberos ticket that came with the request, whose key signs the response. */
  | 'KerberosSHA1';

/** One part of a message that is signed or encrypted, found by its place and never by an id alone. */
export type Part = { readonly optional: boolean; readonly mode: 'Content' | 'Element' } & (
  | { readonly kind: 'Body' | 'Timestamp' | 'Token' | 'UsernameToken' | 'Signature' | 'Assertion' }
  /** A child of soap:Header; `name` absent: every header block of that namespace. */
  | { readonly kind: 'Header'; readonly namespace: string; readonly name?: string }
  /** Every element of that name below soap:Body (the Body itself excluded). */
  | { readonly kind: 'Element'; readonly namespace: string; readonly name: string }
);

/** Of an attachment its content alone, or its MIME header too (SwA profile 1.1 §4.3, §4.4). */
export type AttachmentMode = 'Content' | 'Complete';

/** All attachments of a message, as a part: not those that an xop:Include puts into the envelope. */
export interface AttachmentsPart {
  readonly mode: AttachmentMode;
  /** The message may have none. */
  readonly optional: boolean;
}

/** A key we sign with, and the certificate that goes with it. */
export interface SigningKey {
  /** RSA, EC, Ed25519 or Ed448 private key; for HMAC the secret key. */
  readonly key: KeyObject;
  /** Absent for HMAC. The first certificate of the Secret; it belongs to `key`. */
  readonly certificate?: Certificate;
  /** The rest of the chain, leaf's issuer first. */
  readonly chain: readonly Certificate[];
  /** The Secret's name: what ds:KeyName says. */
  readonly name: string;
}

/** A private key (RSA, EC, X25519, X448) we decrypt with, or the secret key of AES-KW. Several in one policy: rotation. */
export interface DecryptionKey {
  readonly key: KeyObject;
  readonly certificate?: Certificate;
  readonly name: string;
}

export interface TimestampSettings {
  /** Created to Expires, milliseconds. */
  readonly ttl: number;
  readonly precision: 'Milliseconds' | 'Seconds';
}

export interface UsernameTokenSettings {
  readonly username: string;
  /** Empty with passwordType None. */
  readonly password: string;
  readonly passwordType: PasswordType;
  readonly nonce: boolean;
  readonly created: boolean;
  /** A key is derived from the password, which is not in the token then: `passwordType` is None. */
  readonly derivedKey?: DerivedPasswordSettings;
}

/** UsernameToken profile 1.1 §4. */
export interface DerivedPasswordSettings {
  readonly iterations: number;
  /** What the Salt says that the key is for. */
  readonly usage: 'MAC' | 'Encryption';
}

/** A wsc:DerivedKeyToken: not the key itself is used, but one that is derived from it for this message. */
export interface DerivedKeySettings {
  readonly version: '2005/02' | '2005/12';
  /** Bytes. Absent: as many as the algorithm has. */
  readonly length?: number;
}

export interface SignatureSettings {
  /**
   * Absent when `keyIdentifier` is EncryptedKey or EncryptedKeySHA1, where the key of the message's EncryptedKey signs, or
   * SAMLAssertion or UsernameToken, where that of the token does.
   */
  readonly key?: SigningKey;
  /** Absent: what the key is for. Only with SAMLAssertion, where the key comes with each message. */
  readonly algorithm?: SignatureAlgorithm;
  readonly digest: DigestName;
  readonly canonicalization: CanonicalizationName;
  readonly inclusiveNamespaces: 'Auto' | 'None' | readonly string[];
  readonly keyIdentifier: KeyIdentifier;
  /** With BinarySecurityToken. Absent: X509v3. */
  readonly tokenType?: TokenType;
  readonly parts: readonly Part[];
  readonly attachments?: AttachmentsPart;
  /** Only with a symmetric key. */
  readonly derivedKey?: DerivedKeySettings;
  /** On a response: add and sign a SignatureConfirmation for each signature of the request (WSS 1.1 §8.5). */
  readonly confirm: boolean;
}

/** A signature over the message's own (WS-SecurityPolicy 1.3 §8.3, §8.4). */
export interface EndorsingSettings extends SignatureSettings {
  readonly key: SigningKey;
  /** Whether the message's signature covers the token of this one. */
  readonly signed: boolean;
}

/** Who a message is encrypted to. */
export type Recipient =
  | { readonly certificate: Certificate; readonly name: string }
  /** With keyTransport AES-KW: the key-encryption key that both sides know. */
  | { readonly secret: KeyObject; readonly name: string };

/**
 * Where the key comes from that encrypts data: `Request`: the EncryptedKey of the request. `IssuedToken`: the secret that the
 * token was issued for. `UsernameToken`: derived from the password.
 */
export type DataKeySource = 'Request' | 'IssuedToken' | 'UsernameToken' | 'Kerberos';

export interface EncryptionSettings {
  /** Absent: a new key, encrypted to the recipient. */
  readonly dataKey?: DataKeySource;
  readonly derivedKey?: DerivedKeySettings;
  /** Absent with `dataKey`. */
  readonly recipient?: Recipient | 'RequestSigner';
  readonly dataAlgorithm: DataAlgorithm;
  readonly keyTransport: KeyTransport;
  readonly oaep: { readonly digest: DigestName; readonly mgf: MgfName };
  /** Of a key agreement. Absent: AES256-KW with a key from ConcatKDF and SHA-256. */
  readonly agreement?: AgreementSettings;
  readonly keyIdentifier: KeyIdentifier;
  readonly parts: readonly Part[];
  readonly attachments?: AttachmentsPart;
}

export interface AddressingSettings {
  readonly version: '1.0' | '2004/08';
  /** Each is a text to write; `Default` has been resolved to a marker that the exchange fills in. */
  readonly action?: string | typeof ADDRESSING_DEFAULT;
  readonly to?: string | typeof ADDRESSING_DEFAULT;
  readonly messageId?: string | typeof ADDRESSING_DEFAULT;
  readonly replyTo?: string;
  readonly faultTo?: string;
  readonly from?: string;
  readonly relatesTo?: string | typeof ADDRESSING_DEFAULT;
  /**
   * URI, or with version 2004/08 a qualified name as `{namespace}local`. Absent: the message is the reply to the one of
   * `relatesTo`.
   */
  readonly relationshipType?: string;
  readonly mustUnderstand: boolean;
}
export const ADDRESSING_DEFAULT: unique symbol = Symbol('Default');

export interface SecureSettings {
  readonly actor?: string;
  readonly mustUnderstand: boolean;
  readonly layout: Layout;
  readonly order: ProtectionOrder;
  readonly timestamp?: TimestampSettings;
  readonly usernameToken?: UsernameTokenSettings;
  /** Whether the message gets the issued token that comes with it (`SecureContext.token`). */
  readonly securityToken?: true;
  readonly signature?: SignatureSettings;
  /** Only with `signature`. */
  readonly endorsing?: readonly EndorsingSettings[];
  readonly encryption?: EncryptionSettings;
  /** What becomes of attachments that are neither signed nor encrypted where the message is. Absent: Refuse. */
  readonly attachments?: 'Pass' | 'Refuse';
}

export interface VerifyTimestampSettings {
  readonly required: boolean;
  /** Milliseconds since Created that a message may be old. */
  readonly maxAge: number;
  /** Milliseconds that Created may lie in our future and Expires in our past. */
  readonly clockSkew: number;
  /** Milliseconds that may lie between Created and Expires. */
  readonly maxLifetime: number;
}

export interface DecryptionSettings {
  readonly keys: readonly DecryptionKey[];
  readonly requiredParts: readonly Part[];
  readonly attachments?: AttachmentsPart;
  readonly accept: {
    readonly dataAlgorithms: readonly DataAlgorithm[];
    readonly keyTransports: readonly KeyTransport[];
  };
  readonly requireSignedEncryptedData: boolean;
}

export interface VerifySignatureSettings {
  /** Who may sign; validates a chain and finds certificates that a message only names. Absent: HMAC only. */
  readonly trust?: TrustStore;
  /** Secrets for HMAC signatures, tried by KeyName or each in turn. */
  readonly secrets: readonly { readonly key: KeyObject; readonly name: string }[];
  readonly requiredParts: readonly Part[];
  readonly attachments?: AttachmentsPart;
  readonly accept: {
    readonly algorithms: readonly SignatureAlgorithm[];
    readonly digests: readonly DigestName[];
    readonly canonicalizations: readonly CanonicalizationName[];
  };
}

export interface VerifyEndorsingSettings extends VerifySignatureSettings {
  /** Whether the message's signature must cover the token of this one, which must be in the message. */
  readonly signed: boolean;
}

export interface VerifyUsernameTokenSettings {
  readonly users: ReadonlyMap<string, string>;
  /** `DerivedKey`: no password, but a signature with a key that is derived from it. */
  readonly passwordTypes: readonly (PasswordType | 'DerivedKey')[];
  /** With DerivedKey: rounds of SHA-1 that a message may ask for. */
  readonly maxIterations?: number;
  /** Milliseconds since Created. */
  readonly maxAge: number;
  /** Milliseconds that Created may lie in our future. */
  readonly clockSkew: number;
}

export interface ReplaySettings {
  /** Milliseconds; 0: no replay check. */
  readonly window: number;
  readonly onCacheUnavailable: 'Refuse' | 'LocalOnly';
}

export interface VerifyAddressingSettings {
  readonly messageId: 'Required' | 'Optional';
  readonly action: 'MatchSOAPAction' | 'Any';
  /** Of a response. */
  readonly relatesTo: 'Required' | 'IfPresent';
  /** Besides the anonymous address and that for none. */
  readonly allowedReplyTo: readonly string[];
}

export interface VerifySettings {
  readonly actor?: string;
  readonly removeSecurityHeader: boolean;
  readonly timestamp?: VerifyTimestampSettings;
  readonly decryption?: DecryptionSettings;
  readonly signature?: VerifySignatureSettings;
  /** Who must have signed the signature that `signature` demands. */
  readonly endorsing?: VerifyEndorsingSettings;
  readonly usernameToken?: VerifyUsernameTokenSettings;
  readonly kerberos?: KerberosService;
  readonly saml?: VerifySamlSettings;
  readonly signatureConfirmation: boolean;
  readonly addressing?: VerifyAddressingSettings;
  readonly replay: ReplaySettings;
  /**
   * Which attachments may come: those that the decisive signature covers, all, none. Absent: Signed where a signature is
   * demanded, Pass elsewhere.
   */
  readonly attachments?: 'Signed' | 'Pass' | 'Refuse';
  /**
   * Rules of the Basic Security Profile that security does not need: `Strict` refuses what breaks one, `Lenient` only
   * explains it. Absent: they are not looked at.
   */
  readonly bsp?: { readonly mode: 'Strict' | 'Lenient'; readonly ignored: ReadonlySet<string> };
  /** Whether `Verified.caller` is wanted. */
  readonly caller?: true;
}
