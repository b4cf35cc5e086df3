/** Tries again what may go better the next time. */

import { TokenServiceBusyError, TokenServiceError, TokenServiceOpenError, TokenBudgetError } from './errors.ts';
import { sleep as realSleep, type Sleep } from './sleep.ts';

export interface RetryOptions {
  /** How often it is tried again after the first time. */
  readonly attempts: number;
  /** Ends the waiting; the last failure is thrown then. */
  readonly signal?: AbortSignal;
  readonly sleep?: Sleep;
  /** From 0 to 1; default `Math.random`. */
  readonly random?: () => number;
}

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2000;

/**
 * Calls `attempt` until it succeeds, pausing between the calls for a random time (full jitter) below a bound that doubles
 * from 100 ms to 2 s.
 *
 * @throws whatever the last attempt threw
 */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, signal, sleep = realSleep, random = Math.random } = options;
  for (let tried = 0; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (tried >= attempts || signal?.aborted === true || !mayGoBetter(error)) throw error;
      try {
        await sleep(random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** tried), signal);
      } catch {
        throw error;
      }
    }
  }
}

/** What we did not even send will fare no better a moment later. */
function mayGoBetter(error: unknown): boolean {
  const unsent =
    error instanceof TokenServiceOpenError ||
    error instanceof TokenServiceBusyError ||
    error instanceof TokenBudgetError;
  return error instanceof TokenServiceError && error.transient && !unsent;
}
