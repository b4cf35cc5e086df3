/**
 * Applies a policy to the messages of a Redis stream: entries of STREAM (fields `body` and, if it is not `text/xml`,
 * `content-type`) go to `STREAM:out` or `STREAM:refused`. Any number of consumers may run; each entry comes out once, also
 * when one of them dies.
 *
 * WAXSEAL_REDIS_URL=redis://host:6379 node examples/redis-stream/consumer.ts STREAM CONFIG NAMESPACE/POLICY CACHE_KEYS
 */

import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { openEngine, type Engine } from '../../extproc/library.ts';

const GROUP = 'waxseal';
/** Entries that are taken at once. */
const BATCH = 10;
/** Milliseconds that an idle consumer waits for entries, and a stop for an idle consumer. */
const WAIT = 1000;
/** Milliseconds after which an entry that was taken and not finished is another consumer's. */
export const IDLE = 30_000;

/**
 * The entry goes on and is acknowledged in one step, unless another consumer was faster: then nothing is done. In this
 * order, as what fails in Redis is not undone.
 */
const FINISH = `
if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 3))
return redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])`;

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

/** Works until it is told to stop, and finishes what it has taken. */
export async function consume(
  redis: Redis,
  engine: Engine,
  { stream, policy, stop, idle = IDLE }: { stream: string; policy: string; stop: AbortSignal; idle?: number },
): Promise<void> {
  const consumer = randomUUID();
  await redis.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM').catch((error: Error) => {
    if (!error.message.startsWith('BUSYGROUP')) throw error;
  });
  while (!stop.aborted) {
    for (const entry of await take(redis, stream, consumer, idle)) await handle(redis, engine, stream, policy, entry);
  }
}

/** First what others have left, then what is new. */
async function take(redis: Redis, stream: string, consumer: string, idle: number): Promise<readonly Entry[]> {
  const claimed = await redis.callBuffer('XAUTOCLAIM', stream, GROUP, consumer, idle, '0', 'COUNT', BATCH);
  const [, left] = claimed as [Buffer, Entry[]];
  if (left.length > 0) return left;
  const read = ['GROUP', GROUP, consumer, 'COUNT', BATCH, 'BLOCK', WAIT, 'STREAMS', stream, '>'] as const;
  const streams = (await redis.xreadgroupBuffer(...read)) as [Buffer, Entry[]][] | null;
  return streams?.[0][1] ?? [];
}

async function handle(redis: Redis, engine: Engine, stream: string, policy: string, [id, pairs]: Entry): Promise<void> {
  const fields = new Map(
    pairs.flatMap((name, at) => (at % 2 === 0 ? [[name.toString(), pairs[at + 1]] as const] : [])),
  );
  const body = fields.get('body') ?? Buffer.alloc(0);
  const type = fields.get('content-type')?.toString() ?? 'text/xml';
  const delivery = `${stream} ${id.toString()}`;
  const result = await engine.process({ policy, phase: 'request', body, headers: { 'content-type': type }, delivery });
  const finish = (to: string, ...more: readonly (string | Buffer)[]) =>
    redis.eval(FINISH, 2, stream, `${stream}:${to}`, GROUP, id, 'id', id, 'content-type', type, ...more);
  if (result.accepted) {
    await finish('out', 'body', result.body, ...Object.entries(result.headers).flat());
  } else if (!result.temporary) {
    await finish('refused', 'body', body, 'code', result.code, 'reason', result.reason, 'fault', result.body);
  }
  // What is refused for now stays pending, and is taken again when it has been idle.
}

if (import.meta.main) {
  const [stream = 'messages', config = 'policies', policy = 'default/policy', cacheKeysFolder = 'keys'] =
    process.argv.slice(2);
  const url = process.env['WAXSEAL_REDIS_URL'] ?? 'redis://127.0.0.1:6379';
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const engine = await openEngine({ config, shared: { url, cacheKeysFolder } });
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  await consume(redis, engine, { stream, policy, stop: stop.signal });
  redis.disconnect();
  await engine.close();
}
