/** How long to leave a service alone that had no new token, while there is an old one that is still valid. */

import { isDefinitive } from './failure-memory.ts';

const FIRST = 1000;
const FIRST_DEFINITIVE = 5000;
const SHORTEST = 250;
const LONGEST = 60_000;

/**
 * @param failures how many there have been in a row, this one included
 * @param remaining milliseconds until the old token ends: a few more attempts are to fit in, unless the service said no
 * @param random from 0 to 1
 * @returns milliseconds
 */
export function retryPause(error: unknown, failures: number, remaining: number, random: number): number {
  const definitive = isDefinitive(error);
  const growing = Math.min(LONGEST, (definitive ? FIRST_DEFINITIVE : FIRST) * 2 ** Math.min(failures - 1, 10));
  const pause = definitive ? growing : Math.max(SHORTEST, Math.min(growing, remaining / 4));
  // Never shorter than the above where the service said no.
  return definitive ? pause * (1 + random / 4) : pause * (0.75 + random / 4);
}
