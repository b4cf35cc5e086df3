/**
 * What must not be seen twice (WSS 1.1 §13, Security Considerations on replay): nonces and signatures of messages that
 * were accepted, for as long as the same message would be accepted again.
 */

import type { ReplayEntry } from '../wss/exchange-state.ts';
import { ReplayCacheUnavailableError } from './errors.ts';

/** What a policy wants where the processes' shared memory of messages does not answer (`replay.onCacheUnavailable`). */
export type OnReplayCacheUnavailable = 'Refuse' | 'LocalOnly';

/** Where accepted messages are remembered; an implementation may be shared between processes and answer later. */
export interface ReplayCache {
  /**
   * Remembers all of a message's entries if each is new, and none if one is known.
   *
   * @param now milliseconds since 1970
   * @param onUnavailable `Refuse`: only all processes together can say that a message is new. `LocalOnly`: this process
   * alone says it where the others cannot be asked
   * @param delivery names one delivery of a message by a queue, which may make it again after a crash: that is no replay. Only
   * a shared memory knows deliveries
   * @returns whether each was new; false: the message is a replay
   * @throws ReplayCacheUnavailableError when it cannot be known or remembered; then nothing is, so that the same message
   * may come again
   */
  remember(
    entries: readonly ReplayEntry[],
    now: number,
    onUnavailable: OnReplayCacheUnavailable,
    delivery?: string,
  ): boolean | Promise<boolean>;
}

/** Enough for 800 messages a second over ten minutes; about 55 MB when full. */
export const DEFAULT_MAX_REPLAY_ENTRIES = 500_000;

/**
 * Replay cache of one process. When it is full it refuses rather than forgets: whoever can send many messages could
 * otherwise push out the one to be replayed.
 */
export class MemoryReplayCache implements ReplayCache {
  readonly #maxEntries: number;
  readonly #known: Readonly<Record<ReplayEntry['kind'], ExpiringSet>> = {
    nonce: new ExpiringSet(),
    signature: new ExpiringSet(),
    messageId: new ExpiringSet(),
    assertion: new ExpiringSet(),
    kerberos: new ExpiringSet(),
  };

  constructor(options: { readonly maxEntries?: number } = {}) {
    this.#maxEntries = options.maxEntries ?? DEFAULT_MAX_REPLAY_ENTRIES;
  }

  /** Entries held at this time, some of which may have expired within the last second. */
  get size(): number {
    return Object.values(this.#known).reduce((sum, { size }) => sum + size, 0);
  }

  remember(entries: readonly ReplayEntry[], now: number): boolean {
    if (this.knows(entries, now)) return false;
    this.checkRoom(entries);
    this.add(entries, now);
    return true;
  }

  /** Whether one of the entries is known. */
  knows(entries: readonly ReplayEntry[], now: number): boolean {
    for (const known of Object.values(this.#known)) known.letGo(now);
    return entries.some(({ kind, key }) => this.#known[kind].has(key, now));
  }

  /** @throws ReplayCacheUnavailableError when there is no room to remember the entries */
  checkRoom(entries: readonly ReplayEntry[]): void {
    if (entries.length > 0 && this.size + entries.length > this.#maxEntries) {
      throw new ReplayCacheUnavailableError(`the replay cache is full (${this.#maxEntries} entries)`);
    }
  }

  /** Remembers entries that are not {@link knows | known}. */
  add(entries: readonly ReplayEntry[], now: number): void {
    for (const { kind, key, ttl } of entries) this.#known[kind].add(key, now + ttl);
  }

  /** What is remembered when this begins, as entries to be remembered from `now()` on. It may be read slowly. */
  *unexpired(now: () => number): Generator<ReplayEntry> {
    for (const kind of ['nonce', 'signature', 'messageId', 'assertion', 'kerberos'] as const) {
      for (const [key, expiry] of this.#known[kind].entries()) {
        const ttl = expiry - now();
        if (ttl > 0) yield { kind, key, ttl };
      }
    }
  }
}

/** Keys are let go in batches of this many milliseconds. */
const BATCH = 1000;

/** Keys with the times (milliseconds) at which they expire; every operation takes the same time however many there are. */
class ExpiringSet {
  readonly #expiry = new Map<string, number>();
  /** Keys by the batch in which they expire, so that letting go costs as much as adding did. */
  readonly #batches = new Map<number, string[]>();
  /** The first batch that may have keys: the one after the second of the last call. */
  #firstBatch = 0;

  get size(): number {
    return this.#expiry.size;
  }

  has(key: string, now: number): boolean {
    const expiry = this.#expiry.get(key);
    return expiry !== undefined && expiry > now;
  }

  /** The keys and their times; at most as many as there are now, though keys may come and go meanwhile. */
  *entries(): Generator<readonly [string, number]> {
    let left = this.#expiry.size;
    for (const entry of this.#expiry) {
      if (left-- === 0) return;
      yield entry;
    }
  }

  /** @param expiry later than the time of the last `letGo` */
  add(key: string, expiry: number): void {
    this.#expiry.set(key, expiry);
    const batch = Math.ceil(expiry / BATCH);
    const keys = this.#batches.get(batch);
    if (keys === undefined) this.#batches.set(batch, [key]);
    else keys.push(key);
  }

  letGo(now: number): void {
    const end = Math.floor(now / BATCH) + 1;
    // After a pause or a leap of the clock there are fewer batches than seconds.
    if (end - this.#firstBatch > this.#batches.size) {
      for (const batch of this.#batches.keys()) if (batch < end) this.#letGoBatch(batch, now);
    } else {
      for (let batch = this.#firstBatch; batch < end; batch++) this.#letGoBatch(batch, now);
    }
    this.#firstBatch = end;
  }

  #letGoBatch(batch: number, now: number): void {
    for (const key of this.#batches.get(batch) ?? []) {
      // A key that came again after its time stands in a later batch, too.
      if (!this.has(key, now)) this.#expiry.delete(key);
    }
    this.#batches.delete(batch);
  }
}
