/** How long to wait before trying again. */

export interface Backoff {
  /** Before the second attempt, in milliseconds. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Twice as long after each failure, up to the maximum; of that, between half and all by chance, so that those who failed
 * together do not come back together.
 *
 * @param failures in a row, from 1
 * @param random from 0 (inclusive) to 1 (exclusive)
 * @returns milliseconds
 */
export function backoffMs(failures: number, { baseMs, maxMs }: Backoff, random = Math.random()): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return (full / 2) * (1 + random);
}
