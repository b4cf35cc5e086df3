/** The key that the holder of an assertion must have, as one that signs messages or encrypts them. */

import type { KeyHint } from '../key-info/read.ts';
import type { TrustedKey } from '../signature/signer.ts';
import { elementAt } from '../structure.ts';
import type { SymmetricKey } from '../symmetric-key.ts';
import type { Verification } from '../verification.ts';
import type { VerifySamlSettings } from './settings.ts';
import { assertionOf, referredAssertion, type VerifiedAssertion } from './token.ts';

type AssertionHint = Extract<KeyHint, { kind: 'samlAssertion' | 'samlAssertionId' }>;

/**
 * The public key of the holder of the message's assertion, if that is what a hint means: a reference to the assertion, or
 * the very key that the assertion names.
 *
 * @throws what verifying the assertion throws
 */
export function findHolder(state: Verification, settings: VerifySamlSettings, hint: KeyHint): TrustedKey | undefined {
  switch (hint.kind) {
    case 'samlAssertion':
    case 'samlAssertionId': {
      const { holder, range } = referredAssertion(state, hint);
      if (holder?.kind !== 'public') return undefined;
      return { key: holder.key, token: elementAt(state.message.index, range.start), proof: proofOf(range) };
    }
    case 'certificates':
    case 'keyValue': {
      const key = hint.kind === 'keyValue' ? hint.key : hint.chain[0].publicKey;
      const { holder, range } = assertionOf(state, settings);
      if (holder?.kind !== 'public' || !holder.key.equals(key)) return undefined;
      return { key, token: hint.kind === 'keyValue' ? -1 : hint.token, proof: proofOf(range) };
    }
    default:
      return undefined;
  }
}

/**
 * The secret key that an assertion was issued for.
 *
 * @returns undefined when it was issued for none
 * @throws what verifying the assertion throws
 */
export function findHolderSecret(state: Verification, hint: AssertionHint): SymmetricKey | undefined {
  const { holder, range } = referredAssertion(state, hint);
  return holder?.kind === 'secret' ? { octets: holder.octets, proof: proofOf(range) } : undefined;
}

function proofOf(assertion: VerifiedAssertion['range']): TrustedKey['proof'] {
  return { kind: 'saml', assertion };
}
