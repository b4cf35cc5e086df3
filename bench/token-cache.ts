/** What a token costs that has been issued already: out of this process's memory, and out of Redis. */

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { createLogger } from '../extproc/observe/log.ts';
import { openSharedStore } from '../extproc/redis/shared-store.ts';
import type { HeldToken } from '../extproc/sts/held-token.ts';
import type { TokenServiceSettings } from '../extproc/sts/settings.ts';
import { TokenProvider } from '../extproc/sts/token-provider.ts';
import { RedisServer } from '../scripts/local/redis.ts';
import { until } from '../scripts/local/until.ts';
import { assertion, startTokenService } from './token-service.ts';

interface Hit {
  readonly store: 'memory' | 'redis';
  readonly hits: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU microseconds of the process for one. */
  readonly cpu: number;
}

const MEMORY_HITS = 200_000;
const REDIS_HITS = 5000;
/** Memory is faster than a clock can tell: so many hits are one sample. */
const BATCH = 100;

/** @param print one JSON line a store, or a table */
export async function measureTokenCache(json: boolean, print: (line: string) => void): Promise<void> {
  const hits = [await memoryHits(), await redisHits()];
  if (json) {
    for (const { store, p50, p99, cpu } of hits) {
      print(JSON.stringify({ op: 'token-cache-hit', store, p50_us: p50, p99_us: p99, cpu_us: cpu }));
    }
    return;
  }
  print('| cached token from | p50 µs | p99 µs | CPU µs |\n| --- | --- | --- | --- |');
  for (const { store, p50, p99, cpu } of hits) {
    print(`| ${store} | ${p50.toPrecision(3)} | ${p99.toPrecision(3)} | ${cpu.toPrecision(3)} |`);
  }
}

/** As a message asks for it, with everything around the cache. */
async function memoryHits(): Promise<Hit> {
  const service = await startTokenService();
  const provider = new TokenProvider({ now: Date.now, registry: new Registry(), logger: createLogger('silent') });
  const demand = { service: settings(service.port), policy: 'bench/token', budget: 5000 };
  try {
    await provider.obtain(demand);
    const one = (): void => {
      if (provider.obtain(demand) instanceof Promise) throw new Error('the token was not in memory');
    };
    for (let warm = 0; warm < MEMORY_HITS; warm++) one();
    const samples: number[] = [];
    const before = process.cpuUsage();
    for (let batch = 0; batch < MEMORY_HITS / BATCH; batch++) {
      const started = performance.now();
      for (let hit = 0; hit < BATCH; hit++) one();
      samples.push((1000 * (performance.now() - started)) / BATCH);
    }
    return summary('memory', samples, MEMORY_HITS, process.cpuUsage(before));
  } finally {
    await provider.close();
    service.close();
  }
}

/** What a process pays once for a token that another one has fetched: the way to Redis and back, and opening it. */
async function redisHits(): Promise<Hit> {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-bench-'));
  writeFileSync(join(folder, '1'), randomBytes(32).toString('base64'));
  const redis = await RedisServer.start({ folder: tmpdir() });
  const store = await openSharedStore({
    ...{ url: `redis://127.0.0.1:${redis.port}`, cacheKeysFolder: folder, now: Date.now },
    ...{ logger: createLogger('silent'), registry: new Registry() },
  });
  try {
    await until('Redis is there', () => store.tokens.available);
    const key = createHash('sha256').update('bench').digest('base64url');
    const now = Date.now();
    const held: HeldToken = { token: { bytes: Buffer.from(assertion()) }, obtained: now, expires: now + 3_600_000 };
    if (!(await store.tokens.write(key, held, 1))) throw new Error('Redis did not take the token');
    const samples: number[] = [];
    for (let warm = 0; warm < REDIS_HITS / 5; warm++) await store.tokens.read(key);
    const before = process.cpuUsage();
    for (let hit = 0; hit < REDIS_HITS; hit++) {
      const started = performance.now();
      if (typeof (await store.tokens.read(key)) !== 'object') throw new Error('the token was not in Redis');
      samples.push(1000 * (performance.now() - started));
    }
    return summary('redis', samples, REDIS_HITS, process.cpuUsage(before));
  } finally {
    store.close();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function settings(port: number): TokenServiceSettings {
  return {
    ...{ id: 'bench/sts', version: 'bench', connectionTimeout: 1000, retryAttempts: 0, tls: {} },
    source: { kind: 'external', url: `http://127.0.0.1:${port}/`, method: 'GET', headers: {} },
    cache: { ttl: 3_600_000, refreshBefore: 60_000, staleOnError: true },
    throttle: { minInterval: 0, maxConcurrent: 1 },
    circuitBreaker: { failures: 5, openFor: 1000 },
  };
}

function summary(store: Hit['store'], samples: number[], hits: number, { user, system }: NodeJS.CpuUsage): Hit {
  samples.sort((a, b) => a - b);
  const at = (share: number) => samples[Math.min(samples.length - 1, Math.floor(samples.length * share))];
  return { store, hits, p50: at(0.5), p99: at(0.99), cpu: (user + system) / hits };
}
