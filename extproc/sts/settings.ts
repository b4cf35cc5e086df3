/**
 * What a token service is and how it is asked: a SecurityTokenService with every default filled in and every reference turned
 * into keys. Made by `extproc/pipeline/compile-token-service.ts`, once for each version.
 */

import type { KeyObject } from 'node:crypto';
import type { KerberosSettings } from '../kerberos/settings.ts';
import type { TrustStore } from '../keys/trust-store.ts';
import type { SignatureAlgorithm } from '../wss/algorithms.ts';
import type {
  AddressingSettings,
  DecryptionKey,
  KeyIdentifier,
  PasswordType,
  SigningKey,
  TimestampSettings,
} from '../wss/settings.ts';

export interface TokenServiceSettings {
  /** `namespace/name`; the only thing about the service that logs and metrics may say. */
  readonly id: string;
  /** SHA-256, hexadecimal, over all of its manifest and secrets: services of equal version are the same. Not for showing. */
  readonly version: string;
  readonly source: WsTrustSettings | ExternalSettings | KerberosSettings;
  readonly cache: CacheSettings;
  /** Milliseconds for one request, connecting included. */
  readonly connectionTimeout: number;
  readonly throttle: {
    /** Milliseconds between the beginnings of two requests. */
    readonly minInterval: number;
    readonly maxConcurrent: number;
  };
  /** How often a request that failed is tried again. */
  readonly retryAttempts: number;
  readonly circuitBreaker: {
    /** Failures in a row that open it. */
    readonly failures: number;
    /** Milliseconds. */
    readonly openFor: number;
  };
  readonly tls: {
    /** PEM certificates; absent: what the system trusts. */
    readonly ca?: string;
    /** PEM; used where the credential has none and mutual TLS is wanted. */
    readonly client?: ClientCertificate;
  };
}

export interface ClientCertificate {
  /** PEM, the leaf first. */
  readonly certificates: string;
  readonly key: KeyObject;
}

export interface CacheSettings {
  /** Milliseconds; 0: no cache. */
  readonly ttl: number;
  /** Milliseconds before its end at which a token is replaced. */
  readonly refreshBefore: number;
  readonly staleOnError: boolean;
}

export type TrustVersion = '1.3' | '1.4' | '2005-02';
export type KeyType = 'Bearer' | 'Symmetric' | 'Public';

export interface WsTrustSettings {
  readonly kind: 'wsTrust';
  readonly url: string;
  readonly version: TrustVersion;
  readonly soapVersion: '1.1' | '1.2';
  readonly appliesTo?: string;
  /** URI, or one of the short names. */
  readonly tokenType: string;
  readonly keyType: KeyType;
  /** Bits, of keyType Symmetric. */
  readonly keySize: number;
  readonly entropy: 'Both' | 'Requester' | 'Issuer';
  /** Milliseconds to ask for. */
  readonly lifetime?: number;
  readonly claims: readonly { readonly type: string; readonly optional: boolean; readonly value?: string }[];
  /** The caller's token is handed on as this element. */
  readonly delegation?: 'OnBehalfOf' | 'ActAs';
  readonly usernameToken?: { readonly passwordType: PasswordType; readonly nonce: boolean; readonly created: boolean };
  readonly timestamp?: TimestampSettings;
  /** Signs Body and Timestamp with the credential's key. */
  readonly signature?: { readonly algorithm?: SignatureAlgorithm; readonly keyIdentifier: KeyIdentifier };
  readonly mutualTls: boolean;
  readonly addressing?: AddressingSettings;
  readonly renew: boolean;
  readonly validate: boolean;
  readonly cancel: boolean;
  /** Who may sign answers; absent: they need not be signed, and must not be. */
  readonly trust?: TrustStore;
  /** Keys that answers may be encrypted for, besides the credential's. */
  readonly decryptionKeys: readonly DecryptionKey[];
}

export interface ExternalSettings {
  readonly kind: 'external';
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
}

/** One entry of the pool of credentials, as far as the service is told of it. */
export interface TokenCredential {
  /** For logs and metrics. */
  readonly name: string;
  /** SHA-256 over all that its Secret holds, in hexadecimal: for comparing, never for showing. */
  readonly fingerprint: string;
  readonly username?: string;
  readonly password?: string;
  /** Private key and certificate: signs, proves possession (keyType Public), decrypts answers, and authenticates mutual TLS. */
  readonly key?: SigningKey;
  /** The same for mutual TLS. */
  readonly client?: ClientCertificate;
  /** Value of the Authorization header, of an external service. */
  readonly authorization?: string;
}
