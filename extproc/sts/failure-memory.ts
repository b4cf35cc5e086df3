/** Failures that are too recent for asking again: a flood of messages must neither lock an account nor bury the service. */

import { LRUCache } from 'lru-cache';
import type { Timers } from './clock.ts';
import { TokenServiceError } from './errors.ts';

const TRANSIENT = 1000;
/** The service said no: asking again soon is pointless, and wrong passwords get accounts locked. */
const DEFINITIVE = 5000;
/** Another process remembers it for the fleet; here only so long that a flood does not become one of the store. */
const ELSEWHERE = 250;

/** Another process of the fleet failed to get the token a moment ago. */
export class TokenFailedElsewhereError extends TokenServiceError {
  readonly code = 'ERR_STS_FAILED_ELSEWHERE';
  readonly transient = true;
}

/** Whether it is about the service's own answer that asking again would not change. */
export function isDefinitive(error: unknown): boolean {
  return error instanceof TokenServiceError && !error.transient;
}

/** Milliseconds for which a failure is remembered. */
export function memoryOf(error: unknown): number {
  if (error instanceof TokenFailedElsewhereError) return ELSEWHERE;
  return isDefinitive(error) ? DEFINITIVE : TRANSIENT;
}

export class FailureMemory {
  readonly #timers: Timers;
  readonly #failures: LRUCache<string, { readonly error: Error; readonly until: number }>;

  constructor(timers: Timers, maxEntries: number) {
    this.#timers = timers;
    this.#failures = new LRUCache({ max: maxEntries });
  }

  /** The failure that is still to be had of asking for this key. */
  recall(key: string): Error | undefined {
    const failure = this.#failures.get(key);
    if (failure === undefined) return undefined;
    if (this.#timers.elapsed() < failure.until) return failure.error;
    this.#failures.delete(key);
    return undefined;
  }

  remember(key: string, error: Error): void {
    this.#failures.set(key, { error, until: this.#timers.elapsed() + memoryOf(error) });
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}
