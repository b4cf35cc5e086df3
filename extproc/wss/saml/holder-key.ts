/** The key whose holder may use an assertion. */

import type { KeyObject } from 'node:crypto';
import { covers } from '../byte-ranges.ts';
import { unwrapEncryptedKey } from '../encryption/unwrap-key.ts';
import { readKeyInfo, type KeyHint } from '../key-info/read.ts';
import { findChain } from '../signature/signer.ts';
import type { Verification } from '../verification.ts';

export type HolderKey =
  | { readonly kind: 'public'; readonly key: KeyObject }
  /** Undefined where it could not be unwrapped: whoever uses it goes on with a random one. */
  | { readonly kind: 'secret'; readonly octets: Buffer | undefined };

/**
 * Reads the key that a ds:KeyInfo of a subject confirmation means (SAML token profile 1.1 §3.5.1).
 *
 * Only what the assertion itself holds counts: of a token elsewhere in the message the issuer said nothing. A certificate
 * that is only named (serial number, thumbprint and the like) is looked up among those that the policy trusts to sign.
 *
 * @returns undefined when it is none of ours to find
 * @throws what reading a KeyInfo and unwrapping a key throw
 */
export function holderKey(state: Verification, assertion: number, keyInfo: number): HolderKey | undefined {
  const { index } = state.message;
  const whole = state.rangeOf(assertion);
  const isInside = (element: number) => covers(whole, state.rangeOf(element));
  for (const hint of readKeyInfo(index, keyInfo)) {
    if (hint.kind === 'encryptedKey') {
      if (!isInside(hint.element)) continue;
      return { kind: 'secret', octets: unwrapEncryptedKey(state, hint.element).octets };
    }
    if (hint.kind === 'certificates' && hint.token !== -1 && !isInside(hint.token)) continue;
    const key = publicKey(state, hint);
    if (key !== undefined) return { kind: 'public', key };
  }
  return undefined;
}

function publicKey({ settings }: Verification, hint: KeyHint): KeyObject | undefined {
  if (hint.kind === 'keyValue') return hint.key;
  if (hint.kind === 'certificates') return hint.chain[0].publicKey;
  const trust = settings.signature?.trust;
  return trust && findChain(trust, hint)?.[0].publicKey;
}
