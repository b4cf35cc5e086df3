/** A real Redis on loopback that keeps nothing on disk: alone, with Sentinels beside it, or as a Cluster. */

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Redis } from 'ioredis';
import { Child } from './child.ts';
import { stablePort } from './ports.ts';
import { until } from './until.ts';

export interface RedisServerOptions {
  /** For files of its own. */
  readonly folder: string;
  /** Absent: one that is free. */
  readonly port?: number;
  /** Files in PEM; it speaks TLS only then, and asks clients for certificates of the authority. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string };
  /** Directives of redis.conf, such as `user` for ACLs. */
  readonly directives?: readonly string[];
}

export class RedisServer {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #sentinel: boolean;
  #child: Child | undefined;

  private constructor(options: RedisServerOptions, port: number, sentinel: boolean) {
    this.#options = options;
    this.port = port;
    this.#sentinel = sentinel;
  }

  static async start(options: RedisServerOptions): Promise<RedisServer> {
    const server = new RedisServer(options, options.port ?? (await stablePort()), false);
    await server.start();
    return server;
  }

  /** @param master watched under the name `main`, by this Sentinel alone or with others */
  static async startSentinel(folder: string, master: RedisServer, quorum = 1): Promise<RedisServer> {
    const directives = [
      `sentinel monitor main 127.0.0.1 ${master.port} ${quorum}`,
      'sentinel down-after-milliseconds main 500',
      'sentinel failover-timeout main 3000',
    ];
    const server = new RedisServer({ folder, directives }, await stablePort(), true);
    await server.start();
    return server;
  }

  /** Starts it again, empty, on the same port. */
  async start(): Promise<void> {
    const { folder, tls, directives = [] } = this.#options;
    const config = path.join(folder, `redis-${this.port}.conf`);
    const lines = [
      ...(tls === undefined
        ? [`port ${this.port}`]
        : ['port 0', `tls-port ${this.port}`, `tls-ca-cert-file ${tls.ca}`]),
      ...(tls === undefined ? [] : [`tls-cert-file ${tls.certificate}`, `tls-key-file ${tls.key}`]),
      'bind 127.0.0.1',
      `dir ${folder}`,
      ...(this.#sentinel ? [] : ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0']),
      ...directives,
    ];
    await writeFile(config, `${lines.join('\n')}\n`);
    const child = new Child('redis-server', 'redis-server', [config, ...(this.#sentinel ? ['--sentinel'] : [])]);
    this.#child = child;
    await child.until(() => /Ready to accept connections|Sentinel ID is/.test(child.log));
  }

  /** SIGKILL: what was in it is gone. */
  async kill(): Promise<void> {
    this.#child?.signal('SIGKILL');
    await this.#child?.ended;
  }

  /** Stands still: connections stay, and nothing is answered. */
  pause(): void {
    this.#child?.signal('SIGSTOP');
  }

  resume(): void {
    this.#child?.signal('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    await this.#child?.stop();
  }
}

/** A Cluster of three nodes without replicas. */
export async function startCluster(folder: string): Promise<RedisServer[]> {
  const nodes: RedisServer[] = [];
  for (let index = 0; index < 3; index++) {
    const port = await stablePort();
    const directives = [
      'cluster-enabled yes',
      `cluster-config-file nodes-${port}.conf`,
      `cluster-port ${await stablePort()}`,
      'cluster-node-timeout 2000',
      'cluster-require-full-coverage no',
    ];
    nodes.push(await RedisServer.start({ folder, port, directives }));
  }
  const clients = nodes.map(({ port }) => new Redis(port, '127.0.0.1'));
  try {
    const slots = 16_384;
    for (const [index, client] of clients.entries()) {
      const first = Math.ceil((slots * index) / clients.length);
      const last = Math.ceil((slots * (index + 1)) / clients.length) - 1;
      await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    }
    for (const client of clients.slice(1)) {
      const { port } = nodes[0];
      const bus = /cluster-port.*?(\d+)/s.exec(String(await clients[0].call('CONFIG', 'GET', 'cluster-port')))?.[1];
      await client.call('CLUSTER', 'MEET', '127.0.0.1', port, bus ?? port + 10_000);
    }
    await until('the Cluster is whole', async () => {
      const infos = await Promise.all(clients.map((client) => client.cluster('INFO')));
      return infos.every((info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info));
    });
  } finally {
    for (const client of clients) client.disconnect();
  }
  return nodes;
}
