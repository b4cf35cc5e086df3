import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `holds` does, at most half a minute. @returns milliseconds it took */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > 30_000) throw new Error(`still waiting after half a minute: ${what}`);
    await sleep(20);
  }
  return performance.now() - start;
}
