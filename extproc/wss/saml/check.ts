/** What must hold of an assertion whoever uses it: its version, issuer, times and audience. */

import type { Assertion } from './assertion.ts';
import {
  SamlAssertionExpiredError,
  SamlAssertionLifetimeError,
  SamlAssertionNotYetValidError,
  SamlAudienceError,
  SamlIssuerNotAcceptedError,
  SamlVersionNotAcceptedError,
} from './errors.ts';
import type { VerifySamlSettings } from './settings.ts';

/**
 * Checks everything in an assertion that does not depend on the message around it (SAML 2.0 Core §2.5, §2.7.2).
 *
 * An assertion without NotOnOrAfter ends `maxLifetime` after it was issued.
 *
 * @param now milliseconds since 1970
 * @returns the time after which it would be refused as expired
 * @throws SamlVersionNotAcceptedError, SamlIssuerNotAcceptedError, SamlAssertionNotYetValidError,
 *   SamlAssertionLifetimeError, SamlAssertionExpiredError, SamlAudienceError
 */
export function checkAssertion(assertion: Assertion, settings: VerifySamlSettings, now: number): number {
  const { version, issuer } = assertion;
  if (!settings.versions.includes(version.name)) {
    throw new SamlVersionNotAcceptedError(`the policy does not accept assertions of SAML ${version.name}`);
  }
  if (settings.issuers !== undefined && !settings.issuers.includes(issuer)) {
    throw new SamlIssuerNotAcceptedError(`the policy does not accept assertions of ${JSON.stringify(issuer)}`);
  }
  checkBeginning(assertion, now + settings.clockSkew);
  const acceptedUntil = endOf(assertion, settings) + settings.clockSkew;
  if (acceptedUntil <= now) throw new SamlAssertionExpiredError('the assertion has expired');
  checkAudience(assertion, settings);
  return acceptedUntil;
}

/** @param latest the latest that the issuer's clock may say */
function checkBeginning({ issued, conditions, authenticated }: Assertion, latest: number): void {
  if (issued > latest) throw new SamlAssertionNotYetValidError('the assertion was issued in the future');
  if (conditions.notBefore !== undefined && conditions.notBefore > latest) {
    throw new SamlAssertionNotYetValidError('the assertion is not valid yet');
  }
  if (authenticated.some((time) => time > latest)) {
    throw new SamlAssertionNotYetValidError('the subject of the assertion was authenticated in the future');
  }
}

function endOf({ issued, conditions, sessionEnds }: Assertion, { maxLifetime }: VerifySamlSettings): number {
  const { notOnOrAfter } = conditions;
  if (notOnOrAfter !== undefined && notOnOrAfter - issued > maxLifetime) {
    throw new SamlAssertionLifetimeError(`the assertion is valid for ${(notOnOrAfter - issued) / 1000} s`);
  }
  return Math.min(notOnOrAfter ?? issued + maxLifetime, ...sessionEnds);
}

function checkAudience({ conditions: { audiences } }: Assertion, settings: VerifySamlSettings): void {
  const ours = settings.audiences;
  if (ours === undefined) {
    if (audiences.length > 0)
      throw new SamlAudienceError('the assertion is for an audience, and the policy names none');
    return;
  }
  if (audiences.length === 0) throw new SamlAudienceError('the assertion does not say whom it is for');
  for (const restriction of audiences) {
    if (!restriction.some((audience) => ours.includes(audience))) {
      throw new SamlAudienceError(`the assertion is for ${restriction.map((name) => JSON.stringify(name)).join(', ')}`);
    }
  }
}
