import { readFileSync } from 'node:fs';
import type { Sample } from './operation.ts';

const MAX_SAMPLES = 65_536;

/** How often the CPU time is looked at, which is itself not free: milliseconds by the clock. */
const LOOK = 5;

/**
 * Runs a function until this process has used some CPU time, so that a busy machine gives it as many turns as an idle one.
 *
 * @param once does the whole work on one message
 * @param milliseconds of CPU
 */
export async function measure(once: () => unknown, milliseconds: number, atLeast: number): Promise<Sample> {
  const durations = new Float64Array(MAX_SAMPLES);
  let count = 0;
  const begin = performance.now();
  const cpuBegin = process.cpuUsage();
  let before = begin;
  let looked = begin;
  let spent = false;
  while ((!spent || count < atLeast) && count < MAX_SAMPLES) {
    const result = once();
    if (result instanceof Promise) await result;
    const after = performance.now();
    durations[count++] = after - before;
    before = after;
    if (after < looked + LOOK) continue;
    looked = after;
    const used = process.cpuUsage(cpuBegin);
    spent = used.user + used.system >= milliseconds * 1000;
  }
  const { user, system } = process.cpuUsage(cpuBegin);
  const sorted = durations.subarray(0, count).sort();
  return {
    count,
    cpu: (user + system) / 1000 / count,
    wall: before - begin,
    p50: sorted[count >> 1],
    p99: sorted[Math.min(count - 1, Math.floor(count * 0.99))],
    rssMb: residentMb(process.pid),
  };
}

/** Resident memory of a process in MB (10^6 bytes). */
export function residentMb(pid: number): number {
  return statusMb(pid, 'VmRSS');
}

/** A field of /proc/PID/status that is given in kB. */
export function statusMb(pid: number, field: string): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}
