import type { TrustStore } from '../../keys/trust-store.ts';
import type { VerifySignatureSettings } from '../settings.ts';
import type { Confirmation } from './identity.ts';

/** A policy's `verify.saml`. */
export interface VerifySamlSettings {
  readonly versions: readonly ('1.1' | '2.0')[];
  /** Who may issue assertions. Absent: only those that nobody signed are taken, if `signatureRequired` is false. */
  readonly trust?: TrustStore;
  readonly accept: VerifySignatureSettings['accept'];
  /** Absent: whatever the signer calls itself. */
  readonly issuers?: readonly string[];
  /** Names of ours: the assertion must be for one of them. Absent: it must be for nobody in particular. */
  readonly audiences?: readonly string[];
  /** Addresses of ours that a subject confirmation may be bound to. */
  readonly recipients: readonly string[];
  readonly confirmations: readonly Confirmation[];
  /** Whether the issuer must have signed; if not, the sender that vouches for the assertion may do it alone. */
  readonly signatureRequired: boolean;
  /** Milliseconds that our clock may differ from the issuer's. */
  readonly clockSkew: number;
  /** Milliseconds after IssueInstant at which the assertion may end at the latest. */
  readonly maxLifetime: number;
}
