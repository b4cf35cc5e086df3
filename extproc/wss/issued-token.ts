/** Tokens that somebody else made: those that a token service issues for our messages, and those that callers prove themselves with. */

import type { KeyObject } from 'node:crypto';

/** How a signature of a message refers to a token in its Security header (WSS 1.1 §7). */
export interface TokenReference {
  /** `KeyIdentifier`: by a value that identifies the token. `Direct`: by the id of its element. */
  readonly form: 'KeyIdentifier' | 'Direct';
  /** Text of the KeyIdentifier; or the id, without `#`. */
  readonly value: string;
  /** ValueType of the KeyIdentifier or Reference. */
  readonly valueType?: string;
  /** `wsse11:TokenType` of the SecurityTokenReference. */
  readonly tokenType?: string;
}

/** A token that a token service issued. Plain data, so that it passes between threads and processes. */
export interface IssuedToken {
  /**
   * The token's element in UTF-8, byte for byte as it was issued. Namespaces that it took from around it are declared in
   * its start tag, which is all that may differ, so it means the same wherever it stands.
   */
  readonly bytes: Uint8Array;
  /** How messages refer to it. Absent: only possession counts, nothing refers to it. */
  readonly reference?: TokenReference;
  /** The secret key that it was issued for (WS-Trust keyType Symmetric). */
  readonly secret?: Uint8Array;
}

/** An issued token on its way into one message. Plain data but for the key, which passes between threads as well. */
export interface TokenInUse {
  readonly token: IssuedToken;
  /** What proves that the token is ours: the secret it was issued for, or the private key of our certificate. */
  readonly key?: KeyObject;
  /** Of a Kerberos token: base64 SHA-1 over its octets, by which answers refer to it. */
  readonly kerberosSha1?: string;
  /** Of an assertion that we made. */
  readonly assertion?: AssertionFacts;
}

/** What a decision log keeps of an assertion that we made. */
export interface AssertionFacts {
  readonly id: string;
  readonly version: '1.1' | '2.0';
  readonly issuer: string;
  readonly subject: string;
  readonly confirmation: string;
  /** Name of the Secret with the key that signed it. */
  readonly secret: string;
}

/** The token that a caller proved itself with, to be handed on to a token service (WS-Trust OnBehalfOf, ActAs). */
export interface CallerToken {
  /** The token's element, as {@link IssuedToken.bytes}. */
  readonly bytes: Uint8Array;
  /**
   * SHA-256, base64url, over everything that was verified of the caller: equal for two messages of one caller, and different
   * for two callers whatever they call themselves. It depends on secrets, so it is for comparing and not for showing.
   */
  readonly identity: string;
}
