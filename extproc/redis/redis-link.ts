/**
 * The connection to Redis, as those who depend on it see it: it answers within a quarter of a second, or fails. Nobody waits
 * for it to be made, and one that has become slow is not asked again before it answers a probe in time.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import type { Logger } from '../observe/log.ts';
import { SharedStoreUnavailableError } from '../sts/shared-tokens.ts';
import { createClient, retryDelay } from './redis-client.ts';
import { kindOf, reasonOf, RedisTimeoutError } from './redis-error.ts';
import type { Operation, RedisMetrics } from './redis-metrics.ts';
import { parseRedisUrl, RedisUrlError } from './redis-url.ts';
import type { RedisClient } from './script.ts';
import { tlsFromFiles, type RedisTlsFiles } from './tls-files.ts';

/** Milliseconds that a caller waits at most. */
export const COMMAND_TIMEOUT = 250;
/** So many commands without an answer within {@link TIMEOUT_WINDOW} milliseconds, and Redis is taken to be down. */
const MAX_TIMEOUTS = 3;
const TIMEOUT_WINDOW = 5000;
/** Milliseconds before the first probe of a Redis that is slow, doubled up to the last number. */
const MIN_PROBE_WAIT = 50;
const MAX_PROBE_WAIT = 2000;
/** Probes without an answer, then a new connection is made: the other end may be gone for good. */
const MAX_PROBES = 5;

export interface RedisLinkOptions {
  readonly tls?: RedisTlsFiles;
  readonly metrics: RedisMetrics;
  readonly logger: Logger;
}

/**
 * Begins to connect, and goes on with that for ever.
 *
 * @throws RedisUrlError, RedisTlsError when it never could
 */
export function connectRedis(url: string, options: RedisLinkOptions): RedisLink {
  const target = parseRedisUrl(url);
  const { tls = {} } = options;
  if (Object.keys(tls).length > 0 && !target.tls) {
    throw new RedisUrlError('there are certificates for it, but TLS is spoken only where it begins with "rediss"');
  }
  const client = createClient(target, tlsFromFiles(tls));
  return new RedisLink(client, options);
}

export class RedisLink {
  /** Whether keys of any names can be changed in one step. */
  readonly atomic: boolean;
  readonly #client: RedisClient;
  readonly #metrics: RedisMetrics;
  readonly #logger: Logger;
  readonly #listeners: (() => void)[] = [];
  /** Times of the last commands that had no answer. */
  #timeouts: number[] = [];
  #suspended: boolean;
  #probing = false;
  #closed = false;
  #reason: string | undefined;
  #attempts = 0;

  constructor(client: RedisClient, { metrics, logger }: RedisLinkOptions) {
    this.#client = client;
    this.#metrics = metrics;
    this.#logger = logger;
    this.atomic = !(client instanceof Cluster);
    // A Cluster connects to a node when the first command is for it: that shall not be one that is waited for.
    this.#suspended = !this.atomic;
    client.on('ready', () => {
      if (this.atomic) this.#becomeAvailable();
      else void this.#probe(0);
    });
    client.on('close', () => {
      this.#suspended = !this.atomic;
      this.#tellFailure('connection closed');
    });
    client.on('end', () => this.#connectAgain());
    // Without somebody who listens, errors would end the process.
    for (const event of ['error', 'node error']) {
      client.on(event, (error: unknown) => {
        if (this.#closed) return;
        this.#metrics.error(kindOf(error));
        if (client.status !== 'ready') this.#tellFailure(reasonOf(error));
      });
    }
    // What a node of a Cluster held may have gone with it.
    client.on('-node', () => this.#tellListeners());
  }

  /** False: it is known that commands would fail. */
  get available(): boolean {
    return this.#client.status === 'ready' && !this.#suspended && !this.#closed;
  }

  /** @param listener called whenever Redis has become available, and may have lost what was in it */
  onAvailable(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Runs commands, all of them together within {@link COMMAND_TIMEOUT}. What they do in Redis may happen even so, or later.
   *
   * @throws SharedStoreUnavailableError for whatever goes wrong
   */
  async run<T>(operation: Operation, work: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.available) throw new SharedStoreUnavailableError('Redis is not available');
    const started = performance.now();
    try {
      return await withinLimit(work(this.#client));
    } catch (error) {
      const kind = kindOf(error);
      this.#metrics.error(kind);
      if (kind === 'timeout') this.#countTimeout();
      throw new SharedStoreUnavailableError(`Redis failed (${kind})`);
    } finally {
      this.#metrics.command(operation, performance.now() - started);
    }
  }

  close(): void {
    this.#closed = true;
    this.#client.disconnect();
  }

  #countTimeout(): void {
    const now = performance.now();
    this.#timeouts = [...this.#timeouts.filter((time) => now - time < TIMEOUT_WINDOW), now];
    if (this.#timeouts.length < MAX_TIMEOUTS || this.#suspended) return;
    this.#suspended = true;
    this.#tellFailure('timeout');
    void this.#probe(MIN_PROBE_WAIT);
  }

  /** Asks until there is an answer in time. */
  async #probe(firstWait: number): Promise<void> {
    if (this.#probing) return;
    this.#probing = true;
    let wait = firstWait;
    for (let probes = 1; this.#suspended && !this.#closed && this.#isReady(); probes++) {
      await sleep(wait * (0.75 + Math.random() / 2), undefined, { ref: false });
      try {
        await withinLimit(ping(this.#client));
        if (this.#suspended && this.#isReady()) this.#becomeAvailable();
      } catch (error) {
        this.#metrics.error(kindOf(error));
      }
      wait = Math.min(Math.max(wait * 2, MIN_PROBE_WAIT), MAX_PROBE_WAIT);
      // When the new one is ready, so are we.
      if (probes === MAX_PROBES && this.#suspended && this.#isReady()) this.#client.disconnect(true);
    }
    this.#probing = false;
  }

  #isReady(): boolean {
    return this.#client.status === 'ready';
  }

  #becomeAvailable(): void {
    if (this.#closed) return;
    this.#suspended = false;
    this.#timeouts = [];
    this.#attempts = 0;
    this.#reason = undefined;
    this.#logger.info('Redis is available');
    this.#tellListeners();
  }

  #tellListeners(): void {
    if (!this.available) return;
    for (const listener of this.#listeners) listener();
  }

  /** One line for each reason, not for each attempt. */
  #tellFailure(reason: string): void {
    if (this.#closed || reason === this.#reason || (this.#reason !== undefined && reason === 'connection closed'))
      return;
    this.#reason = reason;
    this.#logger.warn({ reason }, 'Redis is not available');
  }

  /** The client has given up, which it does for errors that it takes to be lasting. */
  #connectAgain(): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      if (!this.#closed) this.#client.connect().catch(() => undefined);
    }, retryDelay(++this.#attempts));
    timer.unref();
  }
}

/** Of a Cluster every node with data of its own. */
async function ping(client: RedisClient): Promise<void> {
  await (client instanceof Cluster ? Promise.all(client.nodes('master').map((node) => node.ping())) : client.ping());
}

/** @throws RedisTimeoutError */
async function withinLimit<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    // After what has arrived by then is read: if it was us who had no time, the answer is there.
    timer = setTimeout(() => setImmediate(() => reject(new RedisTimeoutError())), COMMAND_TIMEOUT);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
