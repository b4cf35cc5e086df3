/** What an assertion that we make says, and how: `secure.saml` of a policy, and what is known of one caller. */

import type { DigestName, SignatureAlgorithm } from '../algorithms.ts';
import type { EncryptionSettings, SigningKey } from '../settings.ts';
import type { AuthnMethod } from './authn-context.ts';
import type { Confirmation } from './identity.ts';

/** What is the same in all assertions of a policy. */
export interface AssertionSettings {
  readonly version: '1.1' | '2.0';
  readonly issuer: string;
  readonly confirmation: Confirmation;
  /** Empty: for everybody. */
  readonly audiences: readonly string[];
  /** Milliseconds. */
  readonly lifetime: number;
  /** Receivers must not keep it: OneTimeUse (2.0), DoNotCacheCondition (1.1). */
  readonly oneTimeUse: boolean;
  readonly signature: {
    readonly key: SigningKey;
    readonly algorithm: SignatureAlgorithm;
    readonly digest: DigestName;
  };
  /** With confirmation HolderOfKey. */
  readonly holder?: HolderSettings;
}

/** The key whose holder is to be believed (SAML token profile 1.1 §3.5.1). */
export type HolderSettings =
  /** Ours, by its certificate or by its numbers. */
  | { readonly form: 'X509' | 'KeyValue'; readonly key: SigningKey }
  /** A new secret for each assertion, encrypted for whoever receives it. */
  | { readonly form: 'EncryptedKey'; readonly encryption: EncryptionSettings };

/** What differs by caller. */
export interface AssertionContent {
  readonly subject: { readonly name: string; readonly format: string };
  readonly authn: AuthnMethod | { readonly uri: string };
  readonly attributes: readonly AssertionAttribute[];
}

export interface AssertionAttribute {
  readonly name: string;
  /** NameFormat (2.0), AttributeNamespace (1.1, which must have one). */
  readonly nameFormat?: string;
  readonly values: readonly string[];
}
