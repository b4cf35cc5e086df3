/**
 * Gets a token so that of a whole fleet only one process asks the service: whoever gets the lock of the key asks, the others
 * look again and again for what it found. The shared store makes this cheaper and never makes it fail: where it does not
 * answer, the process asks for itself.
 */

import { sleep, type Clock } from './clock.ts';
import { TokenServiceBusyError, TokenServiceError, TokenServiceOpenError } from './errors.ts';
import { memoryOf, TokenFailedElsewhereError } from './failure-memory.ts';
import { sameToken, type HeldToken } from './held-token.ts';
import type { SharedTokens, TokenLock } from './shared-tokens.ts';
import type { TokenSource } from './token-source.ts';
import { acceptable, isPlausible } from './token-times.ts';

/** What is wanted of a source, and by what an answer is judged. */
export interface Wanted {
  readonly source: TokenSource;
  /** Still valid: only a later one is better. */
  readonly previous: HeldToken | undefined;
  /** A backend refused it: the store may still have it. */
  readonly refused: HeldToken | undefined;
  /** Milliseconds to wait for another process at the most, before asking all the same. */
  readonly patience: number;
}

export interface Found {
  readonly held: HeldToken;
  readonly from: 'shared' | 'issued';
}

/** Milliseconds. After that somebody else asks; a token that comes later still counts, if it is the only one. */
const LOCK_TIME = 5000;
/** Longer than any one process has the lock: the store is not to be believed then. */
const LONGEST_PATIENCE = 2 * LOCK_TIME;
const FIRST_PAUSE = 25;
const LONGEST_PAUSE = 200;

/** Whose turn it is: somebody has been faster; ours, with a lock; ours, as the store is of no help. */
type Turn = { readonly found: HeldToken } | { readonly lock: TokenLock } | 'Failed' | 'Alone';

/** Another key than that of the token, which is there all the time. */
const refreshKey = (key: string): string => `${key}.refresh`;

export class FleetFetch {
  readonly #shared: SharedTokens | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #closing: AbortSignal;
  /** Writes that nobody waits for. */
  readonly #pending = new Set<Promise<void>>();

  /**
   * @param random from 0 to 1
   * @param closing aborts when the process is about to end
   */
  constructor(shared: SharedTokens | undefined, clock: Clock, random: () => number, closing: AbortSignal) {
    this.#shared = shared;
    this.#clock = clock;
    this.#random = random;
    this.#closing = closing;
  }

  /**
   * @param fetch asks the service; resolves with an acceptable token
   * @throws whatever `fetch` does
   * @throws TokenFailedElsewhereError when another process failed a moment ago
   */
  async get(wanted: Wanted, fetch: () => Promise<HeldToken>): Promise<Found> {
    const turn = await this.#turn(wanted);
    if (turn === 'Failed') throw new TokenFailedElsewhereError('another process got no token a moment ago');
    if (turn === 'Alone') return { held: await fetch(), from: 'issued' };
    if ('found' in turn) return { held: turn.found, from: 'shared' };
    return { held: await this.#fetchForAll(wanted, turn.lock, fetch), from: 'issued' };
  }

  /** Removes a token, if it is this one, from what others would find. */
  async remove(key: string, held: HeldToken): Promise<void> {
    if (this.#shared?.available !== true) return;
    await this.#shared.remove(key, held).catch(ignore);
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #turn(wanted: Wanted): Promise<Turn> {
    const shared = this.#shared;
    if (shared === undefined) return 'Alone';
    const end = this.#clock.elapsed() + Math.min(wanted.patience, LONGEST_PATIENCE);
    let pause = FIRST_PAUSE;
    try {
      while (shared.available && !this.#closing.aborted && this.#clock.elapsed() < end) {
        const news = await this.#look(shared, wanted);
        if (news !== undefined) return news;
        const lock = await shared.lock(wanted.source.key, LOCK_TIME);
        if (lock !== undefined) return await this.#lookAgain(shared, wanted, lock);
        await sleep(this.#clock, pause * (0.5 + this.#random() / 2));
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    } catch {
      // Of what the store could not do the store's own metrics tell.
    }
    return 'Alone';
  }

  /** Between looking and locking another process may have finished. */
  async #lookAgain(shared: SharedTokens, wanted: Wanted, lock: TokenLock): Promise<Turn> {
    const news = await this.#look(shared, wanted).catch(ignore);
    if (news === undefined) return { lock };
    this.#later(lock.release());
    return news;
  }

  async #look(shared: SharedTokens, wanted: Wanted): Promise<Turn | undefined> {
    const { source, previous } = wanted;
    const [read, mark] = await Promise.all([
      shared.read(source.key),
      previous === undefined ? undefined : shared.read(refreshKey(source.key)),
    ]);
    if (read !== undefined && read !== 'failed') {
      const held = this.#better(read, wanted);
      if (held !== undefined) return { found: held };
    }
    return read === 'failed' || mark === 'failed' ? 'Failed' : undefined;
  }

  #better(read: HeldToken, { source, previous, refused }: Wanted): HeldToken | undefined {
    const now = this.#clock.now();
    if (!isPlausible(read, now) || (refused !== undefined && sameToken(read, refused))) return undefined;
    const held = acceptable(read, source.settings, now);
    if (held === undefined || previous === undefined) return held;
    return held.expires > previous.expires && !sameToken(held, previous) ? held : undefined;
  }

  async #fetchForAll(wanted: Wanted, lock: TokenLock, fetch: () => Promise<HeldToken>): Promise<HeldToken> {
    try {
      const held = await fetch();
      this.#later(this.#publish(wanted.source.key, held, lock));
      return held;
    } catch (error) {
      this.#later(this.#publishFailure(wanted, error, lock));
      throw error;
    }
  }

  async #publish(key: string, held: HeldToken, lock: TokenLock): Promise<void> {
    await this.#shared?.write(key, held, lock.fence).catch(ignore);
    await lock.release();
  }

  async #publishFailure({ source: { key }, previous }: Wanted, error: unknown, lock: TokenLock): Promise<void> {
    if (this.#isForAll(error)) {
      const marked = previous === undefined ? key : refreshKey(key);
      await this.#shared?.writeFailure(marked, memoryOf(error)).catch(ignore);
    }
    await lock.release();
  }

  /** Where the service was not asked, or we are about to end, others may well fare better. */
  #isForAll(error: unknown): boolean {
    const unasked = error instanceof TokenServiceOpenError || error instanceof TokenServiceBusyError;
    return error instanceof TokenServiceError && !unasked && !this.#closing.aborted;
  }

  #later(work: Promise<unknown>): void {
    const settled = work.then(ignore, ignore).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }
}

function ignore(): undefined {
  return undefined;
}
