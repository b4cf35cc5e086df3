/** A token that we hold, with the times between which it is of use. */

import type { IssuedToken } from '../wss/issued-token.ts';

export interface HeldToken {
  readonly token: IssuedToken;
  /** Milliseconds since 1970, by our clock: when it was asked for. */
  readonly obtained: number;
  /**
   * Milliseconds since 1970, by our clock: its end, as the token service said it. Where the service gave a Lifetime, that
   * long after `obtained` at the latest, so that a clock of the service's that is ahead of ours does no harm.
   */
  readonly expires: number;
}

/** Whether two are the same token, whoever read them from where. */
export function sameToken(a: HeldToken, b: HeldToken): boolean {
  return a === b || a.token === b.token || Buffer.compare(a.token.bytes, b.token.bytes) === 0;
}
