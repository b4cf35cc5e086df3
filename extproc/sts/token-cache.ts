/**
 * Tokens by their sources: in memory, in front of what a fleet may share. Any number of callers cost one fetch; a token is
 * replaced before its end, so that nobody waits while messages go on; one that is still valid is used while no new one can
 * be had; one that has ended never is.
 */

import type { Clock } from './clock.ts';
import { TokenAnswerError, TokenBudgetError } from './errors.ts';
import { FailureMemory, isDefinitive } from './failure-memory.ts';
import { FleetFetch, type Found } from './fleet-fetch.ts';
import { sameToken, type HeldToken } from './held-token.ts';
import { MemoryTokens, type TokenEntry } from './memory-tokens.ts';
import { retryPause } from './retry-pause.ts';
import type { SharedTokens } from './shared-tokens.ts';
import type { TokenMetrics } from './token-metrics.ts';
import type { TokenSource } from './token-source.ts';
import { acceptable, setBack, TokenTimes } from './token-times.ts';

export interface TokenCacheOptions {
  /** Absent: this process is alone. */
  readonly shared?: SharedTokens;
  readonly clock: Clock;
  readonly metrics: TokenMetrics;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 128 * 1024 * 1024;
/** Of a caller's budget, for waiting until another process has a token: the rest is for asking ourselves. */
const FLEET_SHARE = 0.5;

export class TokenCache {
  readonly #clock: Clock;
  readonly #metrics: TokenMetrics;
  readonly #random: () => number;
  readonly #closing = new AbortController();
  readonly #memory: MemoryTokens;
  readonly #failures: FailureMemory;
  readonly #fleet: FleetFetch;
  /** Fetches under way, by key. They go on when nobody waits for them any more. */
  readonly #flights = new Map<string, Promise<Found>>();

  constructor(options: TokenCacheOptions) {
    const { shared, clock, metrics, maxEntries = MAX_ENTRIES, maxBytes = MAX_BYTES, random = Math.random } = options;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#random = random;
    this.#memory = new MemoryTokens(maxEntries, maxBytes);
    this.#failures = new FailureMemory(clock, maxEntries);
    this.#fleet = new FleetFetch(shared, clock, random, this.#closing.signal);
  }

  /** Entries and bytes in memory. */
  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#memory.size, bytes: this.#memory.bytes };
  }

  /**
   * A token of the source: at once if there is one in memory.
   *
   * @param budget milliseconds that the caller can wait
   * @returns a promise that rejects with what `source.fetch` rejected with, for this caller or a moment ago for another
   *   one, or with a TokenBudgetError when the budget is used up, which ends only this caller's waiting
   */
  get(source: TokenSource, budget: number): HeldToken | Promise<HeldToken> {
    if (source.settings.ttl === 0) return this.#uncached(source, budget);
    const entry = this.#memory.get(source.key);
    const times = entry?.times;
    if (entry === undefined || times === undefined) return this.#wait(source, undefined, budget);
    entry.source = source;
    entry.used = true;
    const time = times.time();
    if (time >= times.usableUntil) return this.#wait(source, undefined, budget);
    const isFailing = entry.failures > 0;
    if (time >= times.refreshFrom) {
      if (isFailing && !source.settings.staleOnError) return this.#wait(source, times.held, budget);
      this.#refresh(entry, times);
    }
    this.#metrics.lookup(source.service, isFailing ? 'stale' : 'memory');
    return times.held;
  }

  /** The token that is given out for a source at this time. */
  current(source: TokenSource): HeldToken | undefined {
    const times = this.#memory.get(source.key)?.times;
    return times !== undefined && times.time() < times.usableUntil ? times.held : undefined;
  }

  /**
   * Lets a token go that a backend refused: in memory and in the shared store, and from there it is not taken again.
   * Where another one has taken its place, that one stays.
   */
  async invalidate(source: TokenSource, refused: HeldToken): Promise<void> {
    this.#metrics.invalidation(source.service);
    this.#memory.change(source, (entry) => {
      entry.refused = refused;
      if (entry.times === undefined || !sameToken(entry.times.held, refused)) return;
      entry.times = undefined;
    });
    await this.#fleet.remove(source.key, refused);
  }

  /** @param versions of settings that are in use: what was for others is let go */
  retain(versions: ReadonlySet<string>): void {
    this.#memory.retain(versions);
  }

  /** Ends all fetches. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#memory.clear();
    await Promise.allSettled(this.#flights.values());
    await this.#fleet.close();
  }

  async #wait(source: TokenSource, previous: HeldToken | undefined, budget: number): Promise<HeldToken> {
    try {
      const failure = this.#failures.recall(source.key);
      if (failure !== undefined) throw failure;
      const underWay = this.#flights.get(source.key);
      const found = await this.#within(budget, underWay ?? this.#fly(source, previous, budget * FLEET_SHARE));
      this.#metrics.lookup(source.service, underWay === undefined ? found.from : 'waited');
      return found.held;
    } catch (error) {
      this.#metrics.lookup(source.service, 'failed');
      throw error;
    }
  }

  /** One fetch for one caller. Only that the service said no is remembered: asking on would lock the account. */
  async #uncached(source: TokenSource, budget: number): Promise<HeldToken> {
    try {
      const failure = this.#failures.recall(source.key);
      if (failure !== undefined) throw failure;
      const fetched = this.#fetch(source, undefined);
      fetched.catch((error: unknown) => {
        if (error instanceof Error && isDefinitive(error)) this.#failures.remember(source.key, error);
      });
      const held = await this.#within(budget, fetched);
      this.#metrics.lookup(source.service, 'issued');
      return held;
    } catch (error) {
      this.#metrics.lookup(source.service, 'failed');
      throw error;
    }
  }

  #within<T>(budget: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(budget, () => {
        reject(new TokenBudgetError(`no token within ${budget} ms`));
      });
      work.finally(cancel).then(resolve, reject);
    });
  }

  #refresh(entry: TokenEntry, { held }: TokenTimes): void {
    const { source } = entry;
    if (this.#flights.has(source.key) || this.#clock.elapsed() < entry.retryFrom) return;
    entry.used = false;
    this.#fly(source, held, Infinity).then(
      () => this.#metrics.refresh(source.service, 'ok'),
      () => this.#metrics.refresh(source.service, 'failed'),
    );
  }

  /** There is none under way for the source. */
  #fly(source: TokenSource, previous: HeldToken | undefined, patience: number): Promise<Found> {
    const refused = this.#memory.get(source.key)?.refused;
    const flight = this.#fleet
      .get({ source, previous, refused, patience }, () => this.#fetch(source, previous))
      .then(
        (found) => {
          this.#flights.delete(source.key);
          this.#land(source, found.held);
          return found;
        },
        (error: unknown) => {
          this.#flights.delete(source.key);
          this.#fail(source, error);
          throw error;
        },
      );
    this.#flights.set(source.key, flight);
    return flight;
  }

  async #fetch(source: TokenSource, previous: HeldToken | undefined): Promise<HeldToken> {
    const { signal } = this.#closing;
    if (signal.aborted) throw new TokenBudgetError('the process is about to end');
    const before = this.#offset();
    const held = await source.fetch(previous, signal);
    const leap = this.#offset() - before;
    const accepted = acceptable(setBack(held, leap), source.settings, this.#clock.now());
    if (accepted === undefined) throw new TokenAnswerError('the token has ended already, or never begins');
    return accepted;
  }

  /** Changes only when the time of day leaps. */
  #offset(): number {
    return this.#clock.now() - this.#clock.elapsed();
  }

  #land(source: TokenSource, held: HeldToken): void {
    this.#failures.forget(source.key);
    if (this.#closing.signal.aborted) return;
    const times = new TokenTimes(held, source.settings, this.#clock, this.#random());
    const entry = this.#memory.change(source, (changed) => {
      changed.times = times;
      changed.refused = undefined;
      changed.failures = 0;
      changed.retryFrom = -Infinity;
    });
    this.#refreshAfter(entry, times, times.refreshFrom - times.time());
  }

  #fail(source: TokenSource, error: unknown): void {
    if (error instanceof Error) this.#failures.remember(source.key, error);
    const entry = this.#memory.get(source.key);
    const times = entry?.times;
    if (entry === undefined || times === undefined) return;
    entry.failures++;
    const pause = retryPause(error, entry.failures, times.usableUntil - times.time(), this.#random());
    entry.retryFrom = this.#clock.elapsed() + pause;
    this.#refreshAfter(entry, times, pause);
  }

  /** Asks for a new token by itself, if the old one is given out until then: the messages to come shall not wait. */
  #refreshAfter(entry: TokenEntry, times: TokenTimes, pause: number): void {
    const due = () => {
      if (!this.#memory.has(entry) || entry.times !== times || !entry.used) return;
      const time = times.time();
      // Timers are not that exact.
      const early = Math.max(times.refreshFrom - time, entry.retryFrom - this.#clock.elapsed());
      if (early > 0) this.#refreshAfter(entry, times, Math.ceil(early));
      else if (time < times.usableUntil) this.#refresh(entry, times);
    };
    entry.cancelTimer?.();
    entry.cancelTimer = this.#clock.after(pause, due, 'background');
  }
}
