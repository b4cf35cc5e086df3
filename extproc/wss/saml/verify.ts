import type { ReplayEntry } from '../exchange-state.ts';
import { hashFields } from '../hash-fields.ts';
import type { Verification } from '../verification.ts';
import { confirmSubject } from './confirm.ts';
import type { SamlIdentity } from './identity.ts';
import type { VerifySamlSettings } from './settings.ts';
import { assertionOf, type VerifiedAssertion } from './token.ts';

/** The assertion of a message, and that its sender may use it. */
export interface SamlFacts {
  readonly verified: VerifiedAssertion;
  readonly identity: SamlIdentity;
}

/**
 * Checks the assertion of a message (WSS SAML token profile 1.1), after its signatures.
 *
 * @throws every refusal of `errors.ts`, and those of signatures and certificates
 */
export function checkSaml(state: Verification, settings: VerifySamlSettings): SamlFacts {
  const verified = assertionOf(state, settings);
  const confirmation = confirmSubject(state, settings, verified);
  const { issuer, attributes, subjects } = verified.assertion;
  const [{ name, nameFormat }] = subjects;
  const identity = { subject: name, ...(nameFormat !== undefined && { nameFormat }), issuer, attributes, confirmation };
  return { verified, identity };
}

/**
 * An assertion that may be used once (SAML 2.0 Core §2.5.1.5; in SAML 1.1 DoNotCacheCondition) must not be seen again. That
 * is its issuer's wish, so it does not depend on the policy's window.
 */
export function samlReplayEntries({ assertion, acceptedUntil }: VerifiedAssertion, now: number): ReplayEntry[] {
  if (!assertion.conditions.oneTimeUse) return [];
  const ttl = Math.max(acceptedUntil - now, 1);
  return [{ kind: 'assertion', key: hashFields(assertion.issuer, assertion.id), ttl }];
}
