/** Time, as the token cache knows it. Passed in, so that ten minutes can go by in a moment. */

export interface Timers {
  /** Milliseconds since some moment. Goes on evenly, whatever happens to the time of day. */
  elapsed(): number;
  /**
   * @param milliseconds any number; what is longer than timers can be ends earlier
   * @param background the process may end while this is still to come
   * @returns undoes it
   */
  after(milliseconds: number, run: () => void, background?: 'background'): () => void;
}

export interface Clock extends Timers {
  /** Milliseconds since 1970. May leap, forwards and back. */
  now(): number;
}

/** The longest that a timer of Node.js can be, about 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemTimers: Timers = {
  elapsed: () => performance.now(),
  after: (milliseconds, run, background) => {
    const timer = setTimeout(run, Math.min(Math.max(milliseconds, 0), LONGEST_TIMER));
    if (background !== undefined) timer.unref();
    return () => clearTimeout(timer);
  },
};

export function sleep(timers: Timers, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(milliseconds, resolve);
  });
}
