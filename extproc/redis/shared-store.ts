/** All that processes share over one Redis. */

import type { Registry } from 'prom-client';
import type { Logger } from '../observe/log.ts';
import { sampledValue } from '../observe/sampled-gauge.ts';
import type { ReplayCache } from '../pipeline/replay-cache.ts';
import type { SharedTokens } from '../sts/shared-tokens.ts';
import { CacheKeys } from './cache-keys.ts';
import { connectRedis } from './redis-link.ts';
import { RedisMetrics } from './redis-metrics.ts';
import { RedisTokens } from './redis-tokens.ts';
import { SharedReplayCache } from './shared-replay-cache.ts';
import type { RedisTlsFiles } from './tls-files.ts';

export interface SharedStore {
  readonly tokens: SharedTokens;
  readonly replay: ReplayCache & { readonly size: number };
  /** Names tokens: equal in all processes that have the same cache keys. */
  indexKey(): Buffer;
  close(): void;
}

/** Where the store is, and what it takes to use it. */
export interface SharedStoreLocation {
  /** See {@link parseRedisUrl}. */
  readonly url: string;
  readonly tls?: RedisTlsFiles;
  /** See {@link CacheKeys}. */
  readonly cacheKeysFolder: string;
}

export interface SharedStoreOptions extends SharedStoreLocation {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logger: Logger;
  readonly registry: Registry;
}

/**
 * Does not wait for Redis: it is connected to in the background, for as long as it takes.
 *
 * @throws RedisUrlError, RedisTlsError, CacheKeysError for what can never work; their texts can be shown
 */
export async function openSharedStore(options: SharedStoreOptions): Promise<SharedStore> {
  const { now, logger, registry } = options;
  const metrics = new RedisMetrics(registry);
  const keys = await CacheKeys.open(options.cacheKeysFolder, { metrics, logger });
  try {
    const link = connectRedis(options.url, { metrics, logger, ...(options.tls !== undefined && { tls: options.tls }) });
    const up = 'Whether Redis is connected and answers in time';
    sampledValue(registry, 'waxseal_redis_up', up, () => (link.available ? 1 : 0));
    return {
      tokens: new RedisTokens({ link, keys, metrics, now }),
      replay: new SharedReplayCache({ link, metrics, now }),
      indexKey: () => keys.indexKey(),
      close() {
        link.close();
        keys.close();
      },
    };
  } catch (error) {
    keys.close();
    throw error;
  }
}
