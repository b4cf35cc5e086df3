/** `verify.saml` of a policy -> VerifySamlSettings. */

import type { ResolvedVerify } from '../../policy/bundle.ts';
import { durationMs } from '../../policy/duration.ts';
import type { TrustStore } from '../keys/trust-store.ts';
import type { VerifySamlSettings } from '../wss/saml/settings.ts';

/** @param trust of its `trustRefs`, if it has any */
export function compileSaml(
  saml: NonNullable<ResolvedVerify['saml']>,
  trust: TrustStore | undefined,
): VerifySamlSettings {
  const { versions, accept, issuers, audiences, recipients, confirmations, assertionSignature } = saml;
  return {
    ...{ versions, accept, confirmations, recipients: recipients ?? [] },
    ...(trust && { trust }),
    ...(issuers && { issuers }),
    ...(audiences && { audiences }),
    signatureRequired: assertionSignature === 'Required',
    clockSkew: durationMs(saml.clockSkew),
    maxLifetime: durationMs(saml.maxLifetime),
  };
}
