/**
 * Tokens that processes share, in Redis. Of one key there are, in one slot of a Cluster:
 * - `waxseal:{key}:token`: the token, or the mark of failure, sealed; gone when the token ends;
 * - `waxseal:{key}:lock`: who fetches it now;
 * - `waxseal:{key}:fence`: the number of the last lock, and of the lock under which was last written.
 */

import { randomBytes } from 'node:crypto';
import { sameToken, type HeldToken } from '../sts/held-token.ts';
import type { SharedTokens, TokenLock } from '../sts/shared-tokens.ts';
import type { CacheKeys } from './cache-keys.ts';
import { decodeHeldToken, encodeHeldToken } from './held-token-codec.ts';
import type { RedisLink } from './redis-link.ts';
import type { RedisMetrics } from './redis-metrics.ts';
import { Script } from './script.ts';
import { open, seal } from './sealed-box.ts';

/** Bytes of a sealed token. Larger ones are not shared: each process fetches its own. */
const MAX_SEALED_BYTES = 256 * 1024;
/** Milliseconds that a token is shared at most. */
const MAX_LIFE = 30 * 86_400_000;
/** Milliseconds after which nobody who has had a lock can still write. */
const FENCE_LIFE = 86_400_000;
/** Sealed instead of a token. */
const FAILURE = Buffer.from('failed');

/** By Redis' clock, so that numbers go on to grow when Redis has lost all it held. */
const LOCK = new Script(`
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
local time = redis.call('TIME')
local fence = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('HGET', KEYS[2], 'last') or '0')
if fence <= last then fence = last + 1 end
redis.call('HSET', KEYS[2], 'last', string.format('%.0f', fence))
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
return fence`);

const WRITE = new Script(`
local written = tonumber(redis.call('HGET', KEYS[2], 'written') or '0')
if written > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[2], 'written', ARGV[1])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`);

/** Of a lock that is still ours, and of a value that is still the one that was read. */
const DELETE_IF_SAME = new Script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`);

export class RedisTokens implements SharedTokens {
  readonly #link: RedisLink;
  readonly #keys: CacheKeys;
  readonly #now: () => number;
  readonly #metrics: RedisMetrics;

  /** @param options.now milliseconds since 1970 */
  constructor(options: { link: RedisLink; keys: CacheKeys; metrics: RedisMetrics; now: () => number }) {
    this.#link = options.link;
    this.#keys = options.keys;
    this.#metrics = options.metrics;
    this.#now = options.now;
  }

  get available(): boolean {
    return this.#link.available;
  }

  async read(key: string): Promise<HeldToken | 'failed' | undefined> {
    return this.#open(key, await this.#readSealed('read', key));
  }

  async write(key: string, held: HeldToken, fence: number): Promise<boolean> {
    const life = Math.min(Math.floor(held.expires - this.#now()), MAX_LIFE);
    if (life <= 0) return true;
    const place = tokenKey(key);
    const sealed = seal(this.#keys.last, place, encodeHeldToken(held));
    if (sealed.length > MAX_SEALED_BYTES) {
      this.#metrics.error('oversize');
      return true;
    }
    const args = [fence, sealed, life, FENCE_LIFE];
    return (await this.#link.run('write', (client) => WRITE.run(client, [place, fenceKey(key)], args))) === 1;
  }

  async writeFailure(key: string, ttl: number): Promise<void> {
    const place = tokenKey(key);
    const sealed = seal(this.#keys.last, place, FAILURE);
    await this.#link.run('write_failure', (client) => client.set(place, sealed, 'PX', Math.ceil(ttl), 'NX'));
  }

  async lock(key: string, ttl: number): Promise<TokenLock | undefined> {
    const owner = randomBytes(16).toString('base64url');
    const lockKey = `waxseal:{${key}}:lock`;
    const args = [owner, Math.ceil(ttl), FENCE_LIFE];
    const fence = await this.#link.run('lock', (client) => LOCK.run(client, [lockKey, fenceKey(key)], args));
    if (typeof fence !== 'number' || fence === 0) return undefined;
    return {
      fence,
      release: async () => {
        await this.#link.run('release', (client) => DELETE_IF_SAME.run(client, [lockKey], [owner]));
      },
    };
  }

  async remove(key: string, held: HeldToken): Promise<void> {
    const sealed = await this.#readSealed('remove', key);
    const present = this.#open(key, sealed);
    if (present === undefined || present === 'failed' || !sameToken(present, held)) return;
    // By now there may be another.
    await this.#link.run('remove', (client) => DELETE_IF_SAME.run(client, [tokenKey(key)], [sealed]));
  }

  /** One byte more than a token may have tells that it has too many. */
  #readSealed(operation: 'read' | 'remove', key: string): Promise<Buffer> {
    return this.#link.run(operation, (client) => client.getrangeBuffer(tokenKey(key), 0, MAX_SEALED_BYTES));
  }

  /** What does not open was written by somebody without our keys, or for another place: it is as good as nothing. */
  #open(key: string, sealed: Buffer): HeldToken | 'failed' | undefined {
    if (sealed.length === 0) return undefined;
    if (sealed.length > MAX_SEALED_BYTES) {
      this.#metrics.error('oversize');
      return undefined;
    }
    const plain = open(this.#keys, tokenKey(key), sealed);
    if (plain?.equals(FAILURE) === true) return 'failed';
    const held = plain === undefined ? undefined : decodeHeldToken(plain);
    if (held === undefined) this.#metrics.error('unopened');
    return held;
  }
}

const tokenKey = (key: string): string => `waxseal:{${key}}:token`;
const fenceKey = (key: string): string => `waxseal:{${key}}:fence`;
