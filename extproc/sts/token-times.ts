/** When a token may be used and when it is to be replaced, whatever the time of day does meanwhile. */

import type { Clock } from './clock.ts';
import type { HeldToken } from './held-token.ts';
import type { CacheSettings } from './settings.ts';

/** A message needs some time on its way to the backend: that long before its end a token is as good as ended. */
const LONGEST_TRANSIT = 1000;
const TRANSIT_SHARE = 0.1;
/** So that the tokens of a fleet, all obtained in one moment, are not all replaced in one moment. */
const JITTER_SHARE = 0.1;
/** Clocks of a fleet may differ by so much. */
const LARGEST_SKEW = 60_000;

/** The last moment, in milliseconds since 1970, at which a message may be given the token. */
export function usableUntil({ obtained, expires }: HeldToken): number {
  return expires - Math.min(LONGEST_TRANSIT, (expires - obtained) * TRANSIT_SHARE);
}

/**
 * A token that has just arrived, if it is of use.
 *
 * @returns the token with a life of `ttl` at most, and as from now where it is from the future: clocks differ and leap
 */
export function acceptable(arrived: HeldToken, { ttl }: CacheSettings, now: number): HeldToken | undefined {
  const { token, obtained, expires } = arrived;
  const from = Math.min(obtained, now);
  // Without a cache there is nothing that `ttl` could cap.
  const lifetime = ttl === 0 ? expires - obtained : Math.min(expires - obtained, ttl);
  const same = from === obtained && obtained + lifetime === expires;
  const held = same ? arrived : { token, obtained: from, expires: from + lifetime };
  return usableUntil(held) > now ? held : undefined;
}

/** Two clocks never agree to the millisecond. */
const LEAST_LEAP = 2;

/**
 * A token that was on its way when the time of day leapt: its times are those of the clock as it was. A leap forwards ends
 * the token early and is let be; one back would prolong it.
 *
 * @param leap milliseconds
 */
export function setBack(held: HeldToken, leap: number): HeldToken {
  if (leap > -LEAST_LEAP) return held;
  return { token: held.token, obtained: held.obtained + leap, expires: held.expires + leap };
}

/** Whether a token that another process wrote can be one. */
export function isPlausible({ token, obtained, expires }: HeldToken, now: number): boolean {
  const isTime = Number.isFinite(obtained) && Number.isFinite(expires) && expires > obtained;
  return isTime && obtained <= now + LARGEST_SKEW && token.bytes.length > 0;
}

/** One token in memory. */
export class TokenTimes {
  readonly held: HeldToken;
  /** Milliseconds since 1970. */
  readonly usableUntil: number;
  /** Milliseconds since 1970: from then on a new one is asked for. */
  readonly refreshFrom: number;
  readonly #clock: Clock;
  /** What to add to `clock.elapsed()` for the time of day that it was, or would be had the clock not leapt since. */
  readonly #offset: number;

  /** @param random from 0 to 1 */
  constructor(held: HeldToken, { refreshBefore }: CacheSettings, clock: Clock, random: number) {
    const lifetime = held.expires - held.obtained;
    this.held = held;
    this.usableUntil = usableUntil(held);
    const ahead = Math.min(refreshBefore, lifetime / 2);
    this.refreshFrom = Math.min(held.expires - ahead, this.usableUntil) - random * lifetime * JITTER_SHARE;
    this.#clock = clock;
    this.#offset = clock.now() - clock.elapsed();
  }

  /**
   * The time to compare with: a clock that is set forward ends tokens early, and one that is set back does not prolong them.
   */
  time(): number {
    return Math.max(this.#clock.now(), this.#clock.elapsed() + this.#offset);
  }
}
