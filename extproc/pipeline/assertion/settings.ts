/** `secure.saml` as the main thread works with it. */

import type { AssertionSettings } from '../../wss/saml/create-settings.ts';
import type { ConnectionNeeds } from '../connection.ts';

export interface CompiledAssertion {
  readonly settings: AssertionSettings;
  readonly subject: ValueSource & {
    /** Absent: by the source. */
    readonly format?: string;
  };
  readonly attributes: readonly AttributeSource[];
  /** Instead of what follows from the source of the subject. */
  readonly authnContext?: string;
  /** False: a UsernameToken may come without a password, which authenticates nobody. */
  readonly usernameProved: boolean;
  readonly needs: ConnectionNeeds;
}

export interface AttributeSource {
  readonly name: string;
  readonly nameFormat?: string;
  readonly from: ValueSource;
  readonly required: boolean;
}

export type ValueSource =
  /** `name` absent: the best there is. */
  | { readonly source: 'VerifiedIdentity'; readonly name?: IdentityName }
  | { readonly source: 'Certificate'; readonly field: CertificateField }
  | { readonly source: 'Claim'; readonly claim: string }
  /** Lower case. */
  | { readonly source: 'Header'; readonly header: string }
  | { readonly source: 'Static'; readonly values: readonly string[] }
  | { readonly source: 'SAMLAttribute'; readonly attribute: string };

export type IdentityName = 'SAMLSubject' | 'Username' | 'KerberosPrincipal' | 'CertificateSubject';
export type CertificateField = 'Subject' | 'URI' | 'DNS' | 'ThumbprintSHA256';
