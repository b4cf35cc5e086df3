/** What `explain` says of the SAML assertion of a message. */

import { findPart } from '../parts.ts';
import { readAssertion, type Assertion } from '../saml/assertion.ts';
import { confirmSubject } from '../saml/confirm.ts';
import {
  SamlAssertionDuplicatedError,
  SamlAssertionExpiredError,
  SamlAssertionLifetimeError,
  SamlAssertionMissingError,
  SamlAssertionNotSignedError,
  SamlAssertionNotYetValidError,
  SamlAudienceError,
  SamlConfirmationError,
  SamlIssuerNotAcceptedError,
} from '../saml/errors.ts';
import type { VerifySamlSettings } from '../saml/settings.ts';
import { assertionOf } from '../saml/token.ts';
import type { Verification } from '../verification.ts';
import { attempt, type Finding } from './finding.ts';

/** What each assertion says, whether it holds, and whether the sender may use it. */
export function explainSaml(state: Verification, settings: VerifySamlSettings, findings: Finding[]): void {
  const { index } = state.message;
  for (const element of findPart(state.message, state.security, ASSERTION)) {
    attempt(findings, 'SAML assertion, structure', () => readAssertion(index, element), describe);
  }
  const ourTime = `Our clock says ${new Date(state.context.now).toISOString()}`;
  const verified = attempt(
    findings,
    'SAML assertion',
    () => assertionOf(state, settings),
    ({ signed }) => (signed ? 'signed by a trusted issuer, for us and in time' : 'not signed; for us and in time'),
    (error) => causeOf(error, ourTime),
  );
  if (verified === undefined) return;
  attempt(
    findings,
    'SAML subject confirmation',
    () => confirmSubject(state, settings, verified),
    (confirmation) => confirmation,
    (error) => (error instanceof SamlConfirmationError ? CONFIRMATION_CAUSE : undefined),
  );
}

const ASSERTION = { kind: 'Assertion', mode: 'Element', optional: false } as const;
const CONFIRMATION_CAUSE =
  'The sender has to sign with the key of the assertion, or to sign the assertion too where it vouches, or the policy has to list another confirmation.';

function describe({ version, issuer, conditions, subjects }: Assertion): string {
  const audiences = conditions.audiences.flat();
  const methods = subjects[0].confirmations.map(({ method }) => method ?? 'a method that is not known');
  return (
    `SAML ${version.name} of ${issuer}, for ${audiences.join(', ') || 'no audience'}, from ${time(conditions.notBefore)}` +
    ` to ${time(conditions.notOnOrAfter)}, confirmed by ${methods.join(', ') || 'nothing'}`
  );
}

function time(milliseconds: number | undefined): string {
  return milliseconds === undefined ? 'any time' : new Date(milliseconds).toISOString();
}

function causeOf(error: unknown, ourTime: string): string | undefined {
  if (error instanceof SamlAssertionMissingError) {
    return 'The sender sends none, or one that is encrypted and that no key of verify.decryption opens.';
  }
  if (error instanceof SamlAssertionDuplicatedError) return 'Have the sender send one alone.';
  if (error instanceof SamlAssertionNotSignedError) {
    return 'Have the issuer sign it; where a trusted sender vouches for it, assertionSignature may be Optional.';
  }
  if (error instanceof SamlIssuerNotAcceptedError) return 'Add the issuer to verify.saml.issuers if it is yours.';
  if (error instanceof SamlAudienceError) return 'Add the audience to verify.saml.audiences if it is you.';
  if (error instanceof SamlAssertionLifetimeError)
    return 'Have the issuer issue shorter ones, or raise verify.saml.maxLifetime.';
  if (error instanceof SamlAssertionExpiredError || error instanceof SamlAssertionNotYetValidError) {
    return `${ourTime}: the assertion is late or early, or the clocks differ. Mend the clocks, or raise verify.saml.clockSkew.`;
  }
  return undefined;
}
