/**
 * The SAML assertion of a message: found, read and verified when it is first needed, and once. A message has one at most,
 * so that nobody after us can take another one for the one we verified.
 */

import type { ByteRange } from '../byte-ranges.ts';
import { KeyNotFoundError, WssError } from '../errors.ts';
import { elementById, type KeyHint } from '../key-info/read.ts';
import { WSSE } from '../namespaces.ts';
import { findPart } from '../parts.ts';
import type { Verification } from '../verification.ts';
import { readAssertion, type Assertion } from './assertion.ts';
import { checkAssertion } from './check.ts';
import {
  SamlAssertionDuplicatedError,
  SamlAssertionInvalidError,
  SamlAssertionMissingError,
  SamlAssertionNotSignedError,
} from './errors.ts';
import { holderKey, type HolderKey } from './holder-key.ts';
import { verifyIssuerSignature } from './issuer-signature.ts';
import type { VerifySamlSettings } from './settings.ts';
import { isAssertion, SAML_VERSIONS } from './versions.ts';

/** An assertion that holds, whoever uses it. Not yet proved: that the sender may. */
export interface VerifiedAssertion {
  /** Where it lies in the present bytes. */
  readonly range: ByteRange;
  /** What it says. Its element numbers mean nothing any more. */
  readonly assertion: Assertion;
  /** Whether the issuer has signed it. */
  readonly signed: boolean;
  /** The key that its holder must have; undefined for an assertion that names none, or one that we cannot know. */
  readonly holder: HolderKey | undefined;
  /** Why `holder` is undefined although the assertion is for the holder of a key. */
  readonly holderProblem?: string;
  /** Milliseconds since 1970 after which it would be refused. */
  readonly acceptedUntil: number;
}

/**
 * The one assertion of our Security header, verified: a child of it, or embedded in a SecurityTokenReference there.
 *
 * @throws SamlAssertionMissingError, SamlAssertionDuplicatedError, and what verifying it throws
 */
export function assertionOf(state: Verification, settings: VerifySamlSettings): VerifiedAssertion {
  const { index } = state.message;
  const [element = -1, ...others] = findPart(state.message, state.security, ASSERTION);
  const known = state.assertion;
  if (others.length > 0 || (known && element !== -1 && index.start(element) !== known.range.start)) {
    throw new SamlAssertionDuplicatedError('the Security header has more than one assertion');
  }
  if (known !== undefined) return known;
  if (element === -1) throw new SamlAssertionMissingError('the Security header has no assertion');
  return verifiedAssertion(state, settings, element);
}

const ASSERTION = { kind: 'Assertion', mode: 'Element', optional: false } as const;

/** The assertion that a reference leads to, verified. @throws as {@link assertionOf}; KeyNotFoundError */
export function referredAssertion(
  state: Verification,
  hint: Extract<KeyHint, { kind: 'samlAssertion' | 'samlAssertionId' }>,
): VerifiedAssertion {
  const { saml } = state.settings;
  if (saml === undefined) throw new KeyNotFoundError('the policy verifies no assertions');
  return verifiedAssertion(state, saml, assertionElement(state, hint));
}

/**
 * The element that a reference to an assertion means.
 *
 * @throws ReferenceUnresolvedError, DuplicateIdError, SamlAssertionInvalidError when it is no assertion, or one that does not
 *   belong to our Security header
 */
export function assertionElement(
  state: Verification,
  hint: Extract<KeyHint, { kind: 'samlAssertion' | 'samlAssertionId' }>,
): number {
  const { index } = state.message;
  const element = hint.kind === 'samlAssertion' ? hint.element : elementById(index, hint.id);
  if (hint.kind === 'samlAssertionId') {
    const version = SAML_VERSIONS.find(({ name }) => name === hint.version);
    const isMeant = version !== undefined && index.is(element, version.namespace, 'Assertion');
    if (!isMeant || index.attribute(element, '', version.idAttribute) !== hint.id) {
      throw new SamlAssertionInvalidError('a reference to an assertion names something else');
    }
  }
  if (!isOurs(state, element)) {
    throw new SamlAssertionInvalidError('a reference leads to an assertion that is not in our Security header');
  }
  return element;
}

/** A block of our Security header, or the token that a SecurityTokenReference in it holds. */
function isOurs({ message: { index }, security }: Verification, element: number): boolean {
  let parent = index.parent(element);
  if (parent === security) return true;
  if (!index.is(parent, WSSE, 'Embedded')) return false;
  while (parent !== -1 && parent !== security) {
    if (isAssertion(index, parent)) return false;
    parent = index.parent(parent);
  }
  return parent === security;
}

function verifiedAssertion(state: Verification, settings: VerifySamlSettings, element: number): VerifiedAssertion {
  const range = state.rangeOf(element);
  const known = state.assertion;
  if (known !== undefined) {
    if (known.range.start === range.start) return known;
    throw new SamlAssertionDuplicatedError('the message uses more than one assertion');
  }
  const assertion = readAssertion(state.message.index, element);
  const signed = assertion.signature !== -1;
  if (signed) verifyIssuerSignature(state, settings, element, assertion);
  else if (settings.signatureRequired) throw new SamlAssertionNotSignedError('the assertion is not signed');
  const acceptedUntil = checkAssertion(assertion, settings, state.context.now);
  const wanted = signed && settings.confirmations.includes('HolderOfKey');
  const verified = {
    ...{ range, assertion, signed, acceptedUntil },
    ...(wanted ? findHolder(state, element, assertion) : { holder: undefined }),
  };
  state.assertion = verified;
  return verified;
}

/**
 * One key for the whole assertion: with several, it would have to be asked of each signature whose holder made it.
 *
 * A KeyInfo that we can do nothing with is no reason to refuse, for the sender may confirm the subject in another way.
 */
function findHolder(
  state: Verification,
  element: number,
  assertion: Assertion,
): Pick<VerifiedAssertion, 'holder' | 'holderProblem'> {
  const keyInfos = new Set(
    assertion.subjects.flatMap(({ confirmations }) =>
      confirmations.flatMap(({ method, keyInfos: found }) => (method === 'HolderOfKey' ? found : [])),
    ),
  );
  let holder: HolderKey | undefined;
  for (const keyInfo of keyInfos) {
    let found: HolderKey | undefined;
    try {
      found = holderKey(state, element, keyInfo);
    } catch (error) {
      if (!(error instanceof WssError)) throw error;
      return { holder: undefined, holderProblem: error.message };
    }
    if (found === undefined) return { holder: undefined, holderProblem: 'it names a key that nobody has' };
    if (holder !== undefined && !isSameKey(holder, found)) {
      return { holder: undefined, holderProblem: 'it names more than one key' };
    }
    holder = found;
  }
  return { holder, ...(holder === undefined && { holderProblem: 'it names no key' }) };
}

function isSameKey(a: HolderKey, b: HolderKey): boolean {
  if (a.kind === 'public') return b.kind === 'public' && a.key.equals(b.key);
  return b.kind === 'secret' && a.octets !== undefined && b.octets !== undefined && a.octets.equals(b.octets);
}
