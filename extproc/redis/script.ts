/** A Lua script that Redis runs as one step. */

import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';

export type RedisClient = Redis | Cluster;

export class Script {
  readonly #text: string;
  readonly #sha1: string;

  constructor(text: string) {
    this.#text = text;
    this.#sha1 = createHash('sha1').update(text).digest('hex');
  }

  /** @param keys of one slot, where the Redis is a Cluster */
  async run(
    client: RedisClient,
    keys: readonly string[],
    args: readonly (string | Buffer | number)[],
  ): Promise<unknown> {
    const values = [...keys, ...args];
    try {
      return await client.evalsha(this.#sha1, keys.length, ...values);
    } catch (error) {
      // A Redis that has just started knows no scripts.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return client.eval(this.#text, keys.length, ...values);
    }
  }
}
