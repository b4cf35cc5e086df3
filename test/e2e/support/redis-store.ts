/** One process' side of a shared Redis, and what the tests put there. */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { createLogger } from '../../../extproc/observe/log.ts';
import { openSharedStore, type SharedStore } from '../../../extproc/redis/shared-store.ts';
import type { RedisTlsFiles } from '../../../extproc/redis/tls-files.ts';
import type { HeldToken } from '../../../extproc/sts/held-token.ts';
import type { ReplayEntry } from '../../../extproc/wss/exchange-state.ts';
import type { RedisServer } from '../../../scripts/local/redis.ts';
import { until } from '../../../scripts/local/until.ts';

/** A folder with one cache key, for everything that a test starts; gone in the end, with all that was opened. */
export class Fleet {
  readonly folder: string;
  readonly keys: string;
  readonly #processes: FleetProcess[] = [];
  readonly #servers: RedisServer[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    this.keys = path.join(folder, 'keys');
  }

  static async create(): Promise<Fleet> {
    const fleet = new Fleet(await mkdtemp(path.join(tmpdir(), 'waxseal-redis-')));
    await mkdir(fleet.keys);
    await fleet.putKey('1');
    return fleet;
  }

  putKey(name: string): Promise<void> {
    return writeFile(path.join(this.keys, name), randomBytes(32).toString('base64'));
  }

  /** To be stopped in the end. */
  keep<T extends RedisServer | readonly RedisServer[]>(servers: T): T {
    this.#servers.push(...[servers].flat());
    return servers;
  }

  /** @param connected whether to wait until it is */
  async join(url: string, options: { tls?: RedisTlsFiles; connected?: boolean } = {}): Promise<FleetProcess> {
    const registry = new Registry();
    const log: string[] = [];
    const store = await openSharedStore({
      ...{ url, cacheKeysFolder: this.keys, now: Date.now, registry },
      ...(options.tls !== undefined && { tls: options.tls }),
      logger: createLogger('debug', { write: (line: string) => void log.push(line) }),
    });
    const process = new FleetProcess(store, registry, log);
    this.#processes.push(process);
    if (options.connected !== false) await until('Redis is available', () => store.tokens.available);
    return process;
  }

  async end(): Promise<void> {
    for (const process of this.#processes) process.store.close();
    await Promise.all(this.#servers.map((server) => server.stop()));
    await rm(this.folder, { recursive: true });
  }
}

export class FleetProcess {
  readonly store: SharedStore;
  readonly log: readonly string[];
  readonly #registry: Registry;

  constructor(store: SharedStore, registry: Registry, log: readonly string[]) {
    this.store = store;
    this.log = log;
    this.#registry = registry;
  }

  /** @param series name with labels, as metrics show it */
  async metric(series: string): Promise<number> {
    const lines = (await this.#registry.metrics()).split('\n');
    return Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1));
  }
}

/** A client that logs in as nobody in particular, for looking at what is there. */
export function look({ port }: RedisServer): Redis {
  return new Redis(port, '127.0.0.1');
}

export function heldToken(text: string, life = 60_000): HeldToken {
  const now = Date.now();
  return {
    token: {
      bytes: Buffer.from(`<saml:Assertion>${text}</saml:Assertion>`),
      reference: { form: 'KeyIdentifier', value: `_${text}`, valueType: 'urn:type' },
      secret: Buffer.from(`secret of ${text}`),
    },
    obtained: now,
    expires: now + life,
  };
}

export function replayEntry(fact: string, kind: ReplayEntry['kind'] = 'signature', ttl = 60_000): ReplayEntry {
  return { kind, key: createHash('sha256').update(fact).digest('base64url'), ttl };
}

/** Waits until that Redis remembers the entry. */
export async function untilThere(server: RedisServer, { kind, key }: ReplayEntry): Promise<void> {
  const client = look(server);
  try {
    await until('it is remembered there', async () => (await client.exists(`waxseal:replay:${kind}:${key}`)) === 1);
  } finally {
    client.disconnect();
  }
}

export function tokenText(read: HeldToken | 'failed' | undefined): string | undefined {
  return typeof read === 'object' ? Buffer.from(read.token.bytes).toString() : read;
}
