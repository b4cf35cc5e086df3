/** Tokens that all processes of a fleet share, and the lock that lets one of them fetch a token for all. */

import type { HeldToken } from './held-token.ts';

/** The right to fetch the token of one key, until it is given back or its time is over. */
export interface TokenLock {
  /** Greater than that of every earlier lock of the key: of two who believe to have it, the later one's token counts. */
  readonly fence: number;
  /** Gives the lock back if it is still ours. */
  release(): Promise<void>;
}

/**
 * A store outside of this process. Every method but `available` rejects with {@link SharedStoreUnavailableError} within a
 * quarter of a second if the store does not answer by then: it makes things cheaper, and must never make them fail.
 *
 * Keys are opaque. What is read was written by others: readers check it.
 */
export interface SharedTokens {
  /** False: the store is known to be down, do not even try. */
  readonly available: boolean;

  /** @returns the token of the key; `'failed'` if there is none, because the last attempt to get one failed a moment ago */
  read(key: string): Promise<HeldToken | 'failed' | undefined>;

  /**
   * Keeps a token until `held.expires`, and ends the mark of failure.
   *
   * @param fence of the lock under which the token was fetched
   * @returns false: somebody with a later fence has written, and nothing was changed
   */
  write(key: string, held: HeldToken, fence: number): Promise<boolean>;

  /**
   * Marks that there is no token to be had. A token that is there stays, and is what `read` goes on to find.
   *
   * @param ttl milliseconds for which the mark holds
   */
  writeFailure(key: string, ttl: number): Promise<void>;

  /**
   * @param ttl milliseconds after which the lock is over by itself
   * @returns undefined: somebody else has it
   */
  lock(key: string, ttl: number): Promise<TokenLock | undefined>;

  /** Removes the token of a key if it is this one, byte for byte. */
  remove(key: string, held: HeldToken): Promise<void>;
}

/** The store does not answer, answers with an error, or not in time. It is never a message's failure. */
export class SharedStoreUnavailableError extends Error {
  override readonly name = 'SharedStoreUnavailableError';
}
