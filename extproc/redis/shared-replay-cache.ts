/**
 * What no process of a fleet may accept twice: in the memory of the process that accepted it, and in Redis.
 *
 * A message is remembered here only when it is accepted. Before that Redis is asked, and remembers it under the name of
 * this attempt; if the answer does not come and the message is refused for that, the attempt is taken back, at the latest
 * when Redis answers again, so that the client may send the message once more. Until then another process takes it for a
 * replay, which is the safe side.
 *
 * Redis may lose what it held, by a restart or by failing over to a replica that lagged. Whenever it has become available,
 * what memory knows is written there again; for that while, a moment, only this process knows it.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReplayCacheUnavailableError } from '../pipeline/errors.ts';
import { MemoryReplayCache, type OnReplayCacheUnavailable, type ReplayCache } from '../pipeline/replay-cache.ts';
import { SharedStoreUnavailableError } from '../sts/shared-tokens.ts';
import type { ReplayEntry } from '../wss/exchange-state.ts';
import type { RedisLink } from './redis-link.ts';
import type { RedisMetrics } from './redis-metrics.ts';
import { Script, type RedisClient } from './script.ts';

/** Entries that are written again together. */
const RESTORE_CHUNK = 200;
/** Milliseconds after which writing again is tried again. */
const RESTORE_RETRY = 1000;
/** Attempts to be taken back; more are left to expire. */
const MAX_ABANDONED = 10_000;

/** All keys or none. @returns the attempt that has one of them, or nil */
const REMEMBER = new Script(`
for _, key in ipairs(KEYS) do
  local attempt = redis.call('GET', key)
  if attempt and attempt ~= ARGV[1] then return attempt end
end
for index, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'PX', ARGV[index + 1]) end
return false`);

const UNDO = new Script(`
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
return 0`);

/** What another process has remembered meanwhile stays its. */
const RESTORE = new Script(`
for index, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'PX', ARGV[index + 1], 'NX') end
return 0`);

/** Whether somebody still wants the answer. */
interface Waiting {
  readonly ended: boolean;
}

export class SharedReplayCache implements ReplayCache {
  readonly #link: RedisLink;
  readonly #memory: MemoryReplayCache;
  readonly #metrics: RedisMetrics;
  readonly #now: () => number;
  /** No other process names its attempts so. */
  readonly #process = randomBytes(12).toString('base64url');
  #attempts = 0;
  /** Attempts that Redis may know though their messages were refused, with their keys. */
  readonly #abandoned = new Map<string, readonly string[]>();
  #restoring = false;
  #restoreAgain = false;

  /** @param options.now milliseconds since 1970 */
  constructor(options: { link: RedisLink; metrics: RedisMetrics; now: () => number; memory?: MemoryReplayCache }) {
    this.#link = options.link;
    this.#metrics = options.metrics;
    this.#now = options.now;
    this.#memory = options.memory ?? new MemoryReplayCache();
    this.#link.onAvailable(() => void this.#restore());
  }

  /** Entries that this process holds. */
  get size(): number {
    return this.#memory.size;
  }

  async remember(
    entries: readonly ReplayEntry[],
    now: number,
    onUnavailable: OnReplayCacheUnavailable,
    delivery?: string,
  ): Promise<boolean> {
    const again = delivery === undefined ? undefined : `delivery ${delivery}`;
    if (this.#memory.knows(entries, now)) return again !== undefined && this.#isHeldBy(again, entries);
    if (entries.length === 0) return true;
    this.#memory.checkRoom(entries);
    if (!(await this.#askRedis(entries, onUnavailable, again))) return false;
    // While Redis was asked, this process alone may have let the same message pass.
    if (this.#memory.knows(entries, now)) return false;
    this.#memory.add(entries, now);
    return true;
  }

  /** Whether it was this attempt by which the message is known. @throws ReplayCacheUnavailableError */
  async #isHeldBy(attempt: string, entries: readonly ReplayEntry[]): Promise<boolean> {
    const read = (client: RedisClient) => Promise.all(entries.map((entry) => client.get(redisKey(entry))));
    try {
      return (await this.#link.run('remember', read)).every((holder) => holder === attempt);
    } catch (error) {
      throw error instanceof SharedStoreUnavailableError ? unavailable() : error;
    }
  }

  /** @param again the attempt that may come again; it is never taken back. Absent: one that comes only once */
  async #askRedis(
    entries: readonly ReplayEntry[],
    onUnavailable: OnReplayCacheUnavailable,
    again: string | undefined,
  ): Promise<boolean> {
    const attempt = again ?? `${this.#process}.${(++this.#attempts).toString(36)}`;
    const asked = this.#link.available;
    const waiting = { ended: false };
    try {
      const isNew = await this.#rememberShared(attempt, entries, waiting);
      this.#metrics.replayCheck('shared');
      return isNew;
    } catch (error) {
      if (!(error instanceof SharedStoreUnavailableError)) throw error;
      if (onUnavailable === 'LocalOnly') {
        this.#metrics.replayCheck('local');
        // If Redis has failed only for this once, nothing else would tell it.
        if (asked) setTimeout(() => void this.#restore(), RESTORE_RETRY).unref();
        return true;
      }
      waiting.ended = true;
      if (asked && again === undefined) void this.#takeBack(attempt, entries.map(redisKey));
      throw unavailable();
    }
  }

  async #rememberShared(attempt: string, entries: readonly ReplayEntry[], waiting: Waiting): Promise<boolean> {
    for (;;) {
      const holder = await this.#link.run('remember', (client) => this.#send(client, attempt, entries, waiting));
      if (holder === undefined) return true;
      const keys = this.#abandoned.get(holder);
      if (keys === undefined) return false;
      // Our own attempt at the same message, which was then refused.
      await this.#undo(holder, keys);
    }
  }

  /** @returns the attempt that has remembered one of the entries before, and undefined if there is none */
  async #send(
    client: RedisClient,
    attempt: string,
    entries: readonly ReplayEntry[],
    waiting: Waiting,
  ): Promise<string | undefined> {
    // Everywhere in the same order, so that of two who send the same message one is first.
    const sorted = entries
      .map((entry) => ({ key: redisKey(entry), ttl: Math.ceil(entry.ttl) }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const steps = this.#link.atomic ? [sorted] : sorted.map((entry) => [entry]);
    const done: string[] = [];
    for (const step of steps) {
      // What has been taken back must not go on.
      if (waiting.ended) return undefined;
      const keys = step.map(({ key }) => key);
      const holder = await REMEMBER.run(client, keys, [attempt, ...step.map(({ ttl }) => ttl)]);
      if (typeof holder === 'string') {
        if (done.length > 0) void this.#takeBack(attempt, done);
        return holder;
      }
      done.push(...keys);
    }
    return undefined;
  }

  async #takeBack(attempt: string, keys: readonly string[]): Promise<void> {
    this.#abandon(attempt, keys);
    try {
      await this.#undo(attempt, keys);
    } catch {
      // When Redis is available again.
    }
  }

  #abandon(attempt: string, keys: readonly string[]): void {
    this.#abandoned.set(attempt, keys);
    if (this.#abandoned.size <= MAX_ABANDONED) return;
    for (const [oldest] of this.#abandoned) {
      this.#abandoned.delete(oldest);
      return;
    }
  }

  async #undo(attempt: string, keys: readonly string[]): Promise<void> {
    const steps = this.#link.atomic ? [keys] : keys.map((key) => [key]);
    await this.#link.run('undo', (client) => Promise.all(steps.map((step) => UNDO.run(client, step, [attempt]))));
    this.#abandoned.delete(attempt);
  }

  /** Brings Redis to what this process knows. Never rejects. */
  async #restore(): Promise<void> {
    this.#restoreAgain = true;
    if (this.#restoring) return;
    this.#restoring = true;
    while (this.#restoreAgain && this.#link.available) {
      this.#restoreAgain = false;
      try {
        for (const [attempt, keys] of this.#abandoned) await this.#undo(attempt, keys);
        await this.#writeAll();
      } catch {
        this.#restoreAgain = true;
        await sleep(RESTORE_RETRY, undefined, { ref: false });
      }
    }
    this.#restoring = false;
  }

  async #writeAll(): Promise<void> {
    for (const chunk of chunks(this.#memory.unexpired(this.#now), RESTORE_CHUNK)) {
      const steps = this.#link.atomic ? [chunk] : chunk.map((entry) => [entry]);
      await this.#link.run('restore', (client) =>
        Promise.all(
          steps.map((step) => {
            const times = step.map(({ ttl }) => Math.ceil(ttl));
            return RESTORE.run(client, step.map(redisKey), [this.#process, ...times]);
          }),
        ),
      );
    }
  }
}

function* chunks<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function unavailable(): ReplayCacheUnavailableError {
  return new ReplayCacheUnavailableError('the replay cache in Redis does not answer');
}

/** The same whatever the cache keys are: nobody may forget a message because keys were changed. */
function redisKey({ kind, key }: ReplayEntry): string {
  return `waxseal:replay:${kind}:${key}`;
}
