/** A clock and timers that stand still until a test moves them. */

import { setImmediate } from 'node:timers/promises';
import type { Sleep } from '../../extproc/sts/sleep.ts';

interface Sleeper {
  readonly until: number;
  wake(): void;
}

export class FakeTime {
  /** Milliseconds. */
  now = 0;
  readonly #sleepers = new Set<Sleeper>();

  readonly clock: { readonly now: () => number; readonly sleep: Sleep } = {
    now: () => this.now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { until: this.now + milliseconds, wake: resolve };
        const wakeUp = () => {
          this.#sleepers.delete(sleeper);
          reject(new Error('aborted'));
        };
        if (signal?.aborted === true) return reject(new Error('aborted'));
        signal?.addEventListener('abort', wakeUp, { once: true });
        this.#sleepers.add(sleeper);
      }),
  };

  /** How many wait. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Lets everything run that does not wait for time. */
  async settle(): Promise<void> {
    await setImmediate();
  }

  /** Lets so many milliseconds pass, and wakes whoever waits for one of them, in order. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      await this.settle();
      const next = [...this.#sleepers].sort((a, b) => a.until - b.until)[0];
      if (next === undefined || next.until > end) break;
      this.now = Math.max(this.now, next.until);
      this.#sleepers.delete(next);
      next.wake();
    }
    this.now = end;
  }
}
