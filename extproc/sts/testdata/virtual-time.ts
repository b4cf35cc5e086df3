/** Time that goes by only when it is told to. */

import type { Clock } from '../clock.ts';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Lets everything go on that waits for no time. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class VirtualTime implements Clock {
  #elapsed = 0;
  #timeOfDay = Date.parse('2026-01-01T00:00:00Z');
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#timeOfDay;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#elapsed + Math.max(0, milliseconds), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(milliseconds, resolve);
    });
  }

  /** How many timers are to come. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Somebody sets the clock. */
  leap(milliseconds: number): void {
    this.#timeOfDay += milliseconds;
  }

  async advance(milliseconds: number): Promise<void> {
    const end = this.#elapsed + milliseconds;
    await settle();
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#go(next.at);
      next.run();
      await settle();
    }
    this.#go(end);
  }

  #go(to: number): void {
    const passed = Math.max(0, to - this.#elapsed);
    this.#elapsed += passed;
    this.#timeOfDay += passed;
  }
}
