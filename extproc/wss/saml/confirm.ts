/** Whether the sender of a message may use the assertion in it (SAML token profile 1.1 §3.5). */

import { anyCovers } from '../byte-ranges.ts';
import type { Part, VerifySignatureSettings } from '../settings.ts';
import { isPartSigned } from '../signature/required-parts.ts';
import type { GoodSignature, Verification } from '../verification.ts';
import { SamlConfirmationError } from './errors.ts';
import type { Confirmation } from './identity.ts';
import type { VerifySamlSettings } from './settings.ts';
import type { SubjectConfirmation } from './subject.ts';
import type { VerifiedAssertion } from './token.ts';

const BODY: Part = { kind: 'Body', mode: 'Element', optional: false };

/**
 * Finds the way in which the sender confirmed that it is the subject of the assertion, or may speak for it. SAML 1.1 has a
 * subject in each statement, and all of them must be confirmed.
 *
 * @returns that of the first subject
 * @throws SamlConfirmationError
 */
export function confirmSubject(
  state: Verification,
  settings: VerifySamlSettings,
  verified: VerifiedAssertion,
): Confirmation {
  const [first] = verified.assertion.subjects.map(({ confirmations }): Confirmation => {
    const problems: string[] = [];
    for (const confirmation of confirmations) {
      const problem = whyNot(state, settings, verified, confirmation);
      if (problem === undefined && confirmation.method !== undefined) return confirmation.method;
      problems.push(`${confirmation.method ?? 'a method that is not known'}: ${problem}`);
    }
    const reason = problems.length === 0 ? 'it says nothing of how' : problems.join('; ');
    throw new SamlConfirmationError(`the sender may not use the assertion (${reason})`);
  });
  return first;
}

/** @returns undefined when the confirmation holds */
function whyNot(
  state: Verification,
  settings: VerifySamlSettings,
  verified: VerifiedAssertion,
  confirmation: SubjectConfirmation,
): string | undefined {
  const { method } = confirmation;
  if (method === undefined || !settings.confirmations.includes(method)) return 'the policy does not accept it';
  const restriction = restrictionProblem(settings, confirmation, state.context.now);
  if (restriction !== undefined) return restriction;
  const { signature } = state.settings;
  switch (method) {
    case 'Bearer':
      return verified.signed ? undefined : 'the issuer has not signed the assertion';
    case 'HolderOfKey':
      return signature === undefined ? 'the policy verifies no signature' : holderProblem(state, signature, verified);
    case 'SenderVouches':
      return signature === undefined ? 'the policy verifies no signature' : voucherProblem(state, signature, verified);
  }
}

/** SAML 2.0 Core §2.4.1.2. What we cannot know of does not hold. */
function restrictionProblem(
  { clockSkew, recipients }: VerifySamlSettings,
  { notBefore, notOnOrAfter, recipient, inResponseTo, address, namesAttester }: SubjectConfirmation,
  now: number,
): string | undefined {
  if (namesAttester) return 'it names who has to confirm the subject';
  if (notBefore !== undefined && notBefore > now + clockSkew) return 'its time has not come';
  if (notOnOrAfter !== undefined && notOnOrAfter + clockSkew <= now) return 'its time is over';
  if (recipient !== undefined && !recipients.includes(recipient)) {
    return `it is for the recipient ${JSON.stringify(recipient)}, which is none of the policy's`;
  }
  if (inResponseTo !== undefined) return 'it answers a request that we did not make';
  if (address !== undefined) return 'it is bound to a network address';
  return undefined;
}

/** Whoever signed what had to be signed, or signed that signature, had the key. */
function holderProblem(
  state: Verification,
  settings: VerifySignatureSettings,
  { holder, signed, holderProblem: problem }: VerifiedAssertion,
): string | undefined {
  if (!signed) return 'the issuer has not signed the assertion';
  if (holder === undefined) return problem;
  const own = [...state.signatures, ...state.endorsements].filter(
    ({ proof, certificate }) =>
      proof.kind === 'saml' || (holder.kind === 'public' && certificate?.publicKey.equals(holder.key) === true),
  );
  const whole = state.signatures.filter((signature) => coversRequired(state, signature, settings));
  const proved = own.some(
    (signature) =>
      whole.includes(signature) ||
      whole.some(({ element }) => element !== undefined && anyCovers(signature.signed, element)),
  );
  return proved ? undefined : 'no signature with its key covers what the policy demands';
}

/** WSS SAML token profile 1.1 §3.5.2: somebody whom the policy trusts has signed the assertion together with the message. */
function voucherProblem(
  state: Verification,
  settings: VerifySignatureSettings,
  { range }: VerifiedAssertion,
): string | undefined {
  const vouched = state.signatures.some(
    (signature) =>
      isAuthenticated(signature) &&
      anyCovers(signature.signed, range) &&
      isPartSigned(state, signature, BODY) &&
      coversRequired(state, signature, settings),
  );
  return vouched ? undefined : 'no trusted signature covers the assertion, the Body and what else the policy demands';
}

/** Whether the policy itself names who may sign. A user or a principal may speak for itself, and not for others. */
function isAuthenticated({ proof: { kind } }: GoodSignature): boolean {
  return kind === 'certificate' || kind === 'secret';
}

function coversRequired(state: Verification, signature: GoodSignature, settings: VerifySignatureSettings): boolean {
  return settings.requiredParts.every((part) => isPartSigned(state, signature, part));
}
