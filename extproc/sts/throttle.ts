/** Lets requests begin one after the other, and only so many be under way. */

import { TokenBudgetError, TokenServiceBusyError } from './errors.ts';
import { sleep as realSleep, type Sleep } from './sleep.ts';

export interface ThrottleOptions {
  /** Milliseconds between the beginnings of two requests. */
  readonly minInterval: number;
  readonly maxConcurrent: number;
  /** How many may wait; default 1024. */
  readonly maxWaiting?: number;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  readonly sleep?: Sleep;
}

const MAX_WAITING = 1024;

export class Throttle {
  readonly #options: ThrottleOptions;
  /** In the order in which they came; each is a function that lets its request begin. */
  readonly #waiting = new Set<() => void>();
  #underWay = 0;
  #lastBegin = -Infinity;
  /** While the time between two beginnings runs, and somebody waits for it. */
  #pause: AbortController | undefined;

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  /**
   * Waits for one's turn.
   *
   * @returns to be called once when the request has ended
   * @throws {TokenServiceBusyError} when too many wait already
   * @throws {TokenBudgetError} when the signal aborts first
   */
  enter(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) return Promise.reject(new TokenBudgetError('the time was up before a request could begin'));
    if (this.#waiting.size >= (this.#options.maxWaiting ?? MAX_WAITING)) {
      return Promise.reject(new TokenServiceBusyError('too many requests wait for the token service'));
    }
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(begin);
        if (this.#waiting.size === 0) this.#pause?.abort();
        reject(new TokenBudgetError('the time was up before a request could begin'));
      };
      const begin = () => {
        signal?.removeEventListener('abort', giveUp);
        this.#underWay++;
        this.#lastBegin = this.#options.now();
        resolve(() => this.#leave());
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(begin);
      this.#next();
    });
  }

  #leave(): void {
    this.#underWay--;
    this.#next();
  }

  #next(): void {
    const { maxConcurrent, minInterval } = this.#options;
    for (const begin of this.#waiting) {
      if (this.#pause !== undefined || this.#underWay >= maxConcurrent) return;
      const now = this.#options.now();
      // A clock that was set back must not stretch the pause.
      this.#lastBegin = Math.min(this.#lastBegin, now);
      const since = now - this.#lastBegin;
      if (since < minInterval) {
        void this.#pauseFor(minInterval - since);
        return;
      }
      this.#waiting.delete(begin);
      begin();
    }
  }

  async #pauseFor(milliseconds: number): Promise<void> {
    const { sleep = realSleep } = this.#options;
    this.#pause = new AbortController();
    try {
      await sleep(milliseconds, this.#pause.signal);
    } catch {
      // Nobody waits any more.
    }
    this.#pause = undefined;
    this.#next();
  }
}
