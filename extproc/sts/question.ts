import type { CallerToken } from '../wss/issued-token.ts';
import { TokenAnswerError } from './errors.ts';
import type { HeldToken } from './held-token.ts';
import type { HttpClient } from './http-client.ts';
import type { TokenCredential } from './settings.ts';

/** What one request to a token service is made with. */
export interface Question {
  readonly http: HttpClient;
  readonly credential?: TokenCredential | undefined;
  /** In whose name it is asked. */
  readonly caller?: CallerToken | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds for the request. */
  readonly timeout: number;
  /** Milliseconds that a token is kept which does not say when it ends. */
  readonly ttl: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Begin and end of a token by the service's clock, milliseconds since 1970; absent where it did not say. */
export interface Lifetime {
  readonly created?: number;
  readonly expires?: number;
}

/** A token that nothing is known of, and that is not to be kept: those who wait for it may use it. */
const AT_ONCE = 1000;

/**
 * Puts a token's end on our clock: at the time that the service said, or as long after it was asked for as the service
 * said it would live, whichever comes first. So it is never too late, whichever of the two clocks is ahead.
 *
 * @param obtained when it was asked for, milliseconds since 1970
 * @throws {TokenAnswerError} when it has ended already
 */
export function hold(
  token: HeldToken['token'],
  obtained: number,
  lifetime: Lifetime,
  { ttl, now }: Question,
): HeldToken {
  const { created, expires } = lifetime;
  const end =
    expires === undefined
      ? obtained + Math.max(ttl, AT_ONCE)
      : Math.min(expires, created === undefined ? Infinity : obtained + (expires - created));
  if (!(end > now())) throw new TokenAnswerError('the token that was issued has ended already');
  return { token, obtained, expires: end };
}
