/** Work to be done by key: each key once however often it is added, never twice at a time, again after a failure. */

import { backoffMs, type Backoff } from './backoff.ts';

export interface WorkQueueOptions<K> {
  /** Does the work of one key as things are now; a rejection puts the key back. */
  readonly process: (key: K) => Promise<void>;
  /** Told of each rejection. @param failures of this key in a row, from 1 */
  readonly onFailure: (key: K, error: unknown, failures: number) => void;
  /** Keys under way at a time. */
  readonly concurrency: number;
  readonly backoff: Backoff;
  /** How long an added key waits for more of the same, in milliseconds; 0: until the next turn of the event loop. */
  readonly coalesceMs?: number;
}

interface Run {
  done: Promise<void>;
  /** Added meanwhile. */
  again: boolean;
  /** Forgotten meanwhile: a failure is nobody's concern. */
  forgotten: boolean;
}

/**
 * Keys are compared as those of a Map. What is added while its key is under way is done once more afterwards. A key that is
 * added while it waits for its next attempt is tried at once: what has changed may be the mend.
 */
export class WorkQueue<K> {
  readonly #options: WorkQueueOptions<K>;
  /** In the order in which they are to be done. */
  readonly #ready = new Set<K>();
  readonly #running = new Map<K, Run>();
  /** For their next attempt. */
  readonly #waiting = new Map<K, NodeJS.Timeout>();
  readonly #failures = new Map<K, number>();
  #timer: NodeJS.Timeout | undefined;
  #retries = 0;
  #closed = false;

  constructor(options: WorkQueueOptions<K>) {
    this.#options = options;
  }

  /** Keys that are to be done, not counting those under way. */
  get depth(): number {
    return this.#ready.size + this.#waiting.size;
  }

  /** Keys under way. */
  get active(): number {
    return this.#running.size;
  }

  /** Keys whose last attempt failed. */
  get failing(): number {
    return this.#failures.size;
  }

  /** Attempts after a failure, since the start. */
  get retries(): number {
    return this.#retries;
  }

  /** Has the key's work done soon. After {@link drain} it does nothing. */
  add(key: K): void {
    if (this.#closed) return;
    this.#cancelWait(key);
    const run = this.#running.get(key);
    if (run !== undefined) {
      run.again = true;
      return;
    }
    this.#ready.add(key);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#begin();
    }, this.#options.coalesceMs ?? 0);
  }

  /** Drops the key and its failures. Work under way goes on, and is not repeated should it fail. */
  forget(key: K): void {
    this.#cancelWait(key);
    this.#ready.delete(key);
    this.#failures.delete(key);
    const run = this.#running.get(key);
    if (run !== undefined) Object.assign(run, { again: false, forgotten: true });
  }

  /** Begins nothing more and waits for what is under way. */
  async drain(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#ready.clear();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  #begin(): void {
    for (const key of this.#ready) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#ready.delete(key);
      const run: Run = { done: Promise.resolve(), again: false, forgotten: false };
      this.#running.set(key, run);
      run.done = this.#run(key, run);
    }
  }

  async #run(key: K, run: Run): Promise<void> {
    if (this.#failures.has(key)) this.#retries++;
    try {
      await this.#options.process(key);
      this.#failures.delete(key);
    } catch (error) {
      if (!run.forgotten) this.#fail(key, error, run);
    }
    this.#running.delete(key);
    if (run.again) this.add(key);
    if (!this.#closed) this.#begin();
  }

  #fail(key: K, error: unknown, run: Run): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#options.onFailure(key, error, failures);
    if (run.again || this.#closed) return;
    const retry = (): void => {
      this.#waiting.delete(key);
      this.add(key);
    };
    this.#waiting.set(key, setTimeout(retry, backoffMs(failures, this.#options.backoff)));
  }

  #cancelWait(key: K): void {
    clearTimeout(this.#waiting.get(key));
    this.#waiting.delete(key);
  }
}
