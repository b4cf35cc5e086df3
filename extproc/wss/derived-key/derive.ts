import { pSha1 } from './p-sha1.ts';

/** "WS-SecureConversation" of both sides, one after the other (WS-SecureConversation 1.3 §8). */
export const DEFAULT_LABEL = 'WS-SecureConversationWS-SecureConversation';

/** What a DerivedKeyToken says. */
export interface Derivation {
  readonly label: string;
  readonly nonce: Uint8Array;
  /** Bytes of key material before the key. */
  readonly offset: number;
  /** Bytes of the key. */
  readonly length: number;
}

/** Derives a key from another (WS-SecureConversation 1.3 §8): P_SHA1(secret, label + nonce) from `offset` on. */
export function deriveKey(secret: Uint8Array, { label, nonce, offset, length }: Derivation): Buffer {
  const seed = Buffer.concat([Buffer.from(label), nonce]);
  return pSha1(secret, seed, offset + length).subarray(offset);
}
