/** Prometheus metrics of what processes share over Redis. Labels are enumerations only. */

import { Counter, Histogram, type Registry } from 'prom-client';

/** What a Redis is asked for. */
export const OPERATIONS = [
  'read',
  'write',
  'write_failure',
  'lock',
  'release',
  'remove',
  'remember',
  'undo',
  'restore',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/**
 * What went wrong. `unopened`: a value that was not sealed with one of our keys for its place, or is broken. `oversize`: one
 * that is larger than we share.
 */
export const ERROR_KINDS = [
  ...['timeout', 'connection', 'auth', 'readonly', 'loading', 'memory', 'cluster', 'reply'],
  ...['unopened', 'oversize'],
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25];

export class RedisMetrics {
  readonly #durations: Histogram<'command'>;
  readonly #errors: Counter<'kind'>;
  readonly #replayChecks: Counter<'store'>;
  readonly #keyReloads: Counter<'result'>;

  /** @param registry in which none of these metrics is yet */
  constructor(registry: Registry) {
    const registers = [registry];
    this.#durations = new Histogram({
      name: 'waxseal_redis_command_duration_seconds',
      help: 'Time until Redis answered, failed, or was waited for no longer',
      labelNames: ['command'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#errors = new Counter({
      name: 'waxseal_redis_errors_total',
      help: 'Failures of Redis and of values in it',
      labelNames: ['kind'],
      registers,
    });
    this.#replayChecks = new Counter({
      name: 'waxseal_replay_checks_total',
      help: 'Messages found new or seen before by all processes together (shared), or by one alone without Redis (local)',
      labelNames: ['store'],
      registers,
    });
    this.#keyReloads = new Counter({
      name: 'waxseal_cache_key_reloads_total',
      help: 'Changes of the folder of cache keys, by whether they were taken',
      labelNames: ['result'],
      registers,
    });
    // Series that alerts look at exist from the start.
    for (const kind of ERROR_KINDS) this.#errors.inc({ kind }, 0);
    for (const store of ['shared', 'local']) this.#replayChecks.inc({ store }, 0);
    for (const result of ['taken', 'refused']) this.#keyReloads.inc({ result }, 0);
  }

  /** @param duration milliseconds */
  command(command: Operation, duration: number): void {
    this.#durations.observe({ command }, duration / 1000);
  }

  error(kind: ErrorKind): void {
    this.#errors.inc({ kind });
  }

  replayCheck(store: 'shared' | 'local'): void {
    this.#replayChecks.inc({ store });
  }

  keyReload(result: 'taken' | 'refused'): void {
    this.#keyReloads.inc({ result });
  }
}
