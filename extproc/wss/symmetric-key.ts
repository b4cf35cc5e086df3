/** The one place that turns what a KeyInfo says into a symmetric key, for signatures and for EncryptedData alike. */

import { readDerivedKey } from './derived-key/read.ts';
import { unwrapEncryptedKey } from './encryption/unwrap-key.ts';
import { findTicketKey } from './kerberos/token.ts';
import type { KeyHint } from './key-info/read.ts';
import type { KeyProof } from './key-proof.ts';
import { findHolderSecret } from './saml/holder.ts';
import { deriveUserKey } from './username-token/derive-key.ts';
import type { SessionKey, Verification } from './verification.ts';

/** A key that both sides have. */
export interface SymmetricKey {
  /** Undefined when it could not be unwrapped: whoever uses it goes on with a random one. */
  readonly octets: Buffer | undefined;
  /** What its use says about the peer. Whether that is enough is for the caller to decide. */
  readonly proof: KeyProof;
  /** Where the key itself says what it is for, which keys derived from it do not take over. */
  readonly use?: 'MAC' | 'Encryption';
  /** The element of the message that holds the token whose key it is. */
  readonly token?: number;
  /** Of a Kerberos ticket, whose length the KDC chose: an algorithm that needs fewer octets takes the first of them. */
  readonly sharedByTicket?: true;
}

/**
 * Finds the symmetric key that a hint means: of a token of this message, which is verified when it has not been yet, or of
 * the exchange.
 *
 * @returns undefined when the hint means no symmetric key, or none that we know
 * @throws WssError whatever is wrong with the token that the hint leads to
 */
export function findSymmetricKey(state: Verification, hint: KeyHint): SymmetricKey | undefined {
  switch (hint.kind) {
    case 'encryptedKey':
      return fromMessage(unwrapEncryptedKey(state, hint.element));
    case 'encryptedKeySha1':
      return findByHash(state, hint.sha1);
    case 'derivedKey':
      return readDerivedKey(state, hint.element);
    case 'usernameToken': {
      const { octets, username, use } = deriveUserKey(state, hint.element);
      return { octets, proof: { kind: 'usernameToken', username }, use };
    }
    case 'kerberosTicket':
    case 'kerberosSha1':
      return findTicketKey(state, hint);
    case 'samlAssertion':
    case 'samlAssertionId':
      return findHolderSecret(state, hint);
    default:
      return undefined;
  }
}

/** WSS 1.1 §7.3: of the keys that we sent in this exchange, or of those that came with this message. */
function findByHash(state: Verification, sha1: string): SymmetricKey | undefined {
  const sent = state.context.exchange.encryptedKeys.find((key) => key.sha1 === sha1 && key.received !== true);
  if (sent !== undefined) return { octets: Buffer.from(sent.key), proof: { kind: 'sentKey' } };
  const own = state.sessionKeys.find((key) => key.sha1 === sha1);
  return own && fromMessage(own);
}

function fromMessage({ sha1, octets }: SessionKey): SymmetricKey {
  return { octets, proof: { kind: 'receivedKey', sha1 } };
}
