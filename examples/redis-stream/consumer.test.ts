/** Consumers of a real Redis' stream. */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { stringify } from 'yaml';
import { openEngine } from '../../extproc/library.ts';
import { Child } from '../../scripts/local/child.ts';
import { RedisServer } from '../../scripts/local/redis.ts';
import { until } from '../../scripts/local/until.ts';
import { content, envelope, KEYS, policy, SIGNED_ONLY, signed } from '../../test/e2e/support/fixture.ts';
import { Fleet } from '../../test/e2e/support/redis-store.ts';
import { consume } from './consumer.ts';

let fleet: Fleet;
let redis: Redis;
let config: string;
let url: string;
before(async () => {
  fleet = await Fleet.create();
  const server = fleet.keep(await RedisServer.start({ folder: fleet.folder }));
  url = `redis://127.0.0.1:${server.port}`;
  redis = new Redis(url);
  config = path.join(fleet.folder, 'config');
  await mkdir(config);
  const sign = { request: { secure: { timestamp: {}, signature: { keyRef: { name: 'gateway-keys' } } } } };
  const manifests = [...KEYS, policy('verify', SIGNED_ONLY), policy('sign', sign)];
  await writeFile(path.join(config, 'all.yaml'), manifests.map((item) => stringify(item)).join('---\n'));
});
after(async () => {
  redis.disconnect();
  await fleet.end();
});

const add = (stream: string, body: string) => redis.xadd(stream, '*', 'body', body);
const open = () => openEngine({ config, shared: { url, cacheKeysFolder: fleet.keys } });
const read = async (stream: string) =>
  (await redis.xrange(stream, '-', '+')).map(([, fields]) =>
    Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]]] : []))),
  );
const pending = async (stream: string) => Number((await redis.xpending(stream, 'waxseal'))[0]);
const spawn = (stream: string, name: string) => {
  const args = [path.join(import.meta.dirname, 'consumer.ts'), stream, config, name, fleet.keys];
  return new Child('consumer', process.execPath, args, { WAXSEAL_REDIS_URL: url });
};
/** A consumer in this process, until `done`. */
async function consumeUntil(stream: string, name: string, done: () => Promise<boolean>, idle = 500): Promise<void> {
  const engine = await open();
  const own = new Redis(url);
  const stop = new AbortController();
  const work = consume(own, engine, { stream, policy: name, stop: stop.signal, idle });
  try {
    await Promise.race([until('the consumer is done', done), work]);
  } finally {
    stop.abort();
    await work;
    own.disconnect();
    await engine.close();
  }
}

test('one is secured, and as it comes out another consumer verifies it; a second copy and one without are refused', async () => {
  await add('plain', envelope(content(300)));
  const signer = spawn('plain', 'e2e/sign');
  await signer.until(async () => (await redis.xlen('plain:out')) === 1);
  signer.signal('SIGTERM');
  assert.equal(await signer.ended, 'exit code 0', signer.log);
  const [{ body, 'content-type': type }] = await read('plain:out');
  assert.match(body, /<ds:SignatureValue>/);
  assert.equal(type, 'text/xml');

  const id = await signed(content(300));
  for (const message of [id, id, envelope(content(300))]) await add('secured', message);
  await redis.xadd('secured', '*', 'other', 'field');
  await consumeUntil('secured', 'e2e/verify', async () => (await redis.xlen('secured:refused')) === 3);
  const [out, ...more] = await read('secured:out');
  assert.deepEqual(more, []);
  assert.doesNotMatch(out.body, /Signature/);
  const refused = await read('secured:refused');
  assert.deepEqual(
    refused.map(({ code }) => code),
    ['ERR_WSS_REPLAYED', 'ERR_WSS_SECURITY_HEADER_MISSING', 'ERR_HTTP_BODY_MISSING'],
  );
  assert.equal(refused[0].body, id);
  assert.match(refused[1].reason, /Security/);
  assert.match(refused[1].fault, /Fault/);
  assert.equal(await pending('secured'), 0);
});

test('of a consumer that is killed another finishes the work: none is missing, none is there twice', async () => {
  const ids: (string | null)[] = [];
  for (let count = 0; count < 40; count++) ids.push(await add('orders', await signed(content(300, `order-${count}`))));
  const victim = spawn('orders', 'e2e/verify');
  await victim.until(async () => {
    if ((await redis.xlen('orders:out')) === 0) return false;
    // It stands still while we look whether it has work in hand.
    victim.signal('SIGSTOP');
    if ((await pending('orders')) > 0) return true;
    victim.signal('SIGCONT');
    return false;
  });
  const done = await redis.xlen('orders:out');
  victim.signal('SIGKILL');
  await victim.ended;
  assert.ok(done < 40, `${done} were done before it was killed`);
  await consumeUntil('orders', 'e2e/verify', async () => (await redis.xlen('orders:out')) >= 40);
  assert.deepEqual(await read('orders:refused'), []);
  assert.deepEqual((await read('orders:out')).map(({ id }) => id).sort(), ids.toSorted());
  assert.equal(await pending('orders'), 0);
});

test('of consumers that take from each other what is not finished, nothing comes twice', async () => {
  const ids: (string | null)[] = [];
  for (let count = 0; count < 20; count++) ids.push(await add('shared', await signed(content(300, `order-${count}`))));
  const done = async () => (await redis.xlen('shared:out')) >= 20 && (await pending('shared')) === 0;
  await Promise.all([1, 2].map(() => consumeUntil('shared', 'e2e/verify', done, 0)));
  assert.deepEqual(await read('shared:refused'), []);
  assert.deepEqual((await read('shared:out')).map(({ id }) => id).sort(), ids.toSorted());
});

test('what was verified and not handed on is no replay when it is taken again', async () => {
  const id = await add('crashed', await signed(content(300)));
  await redis.xgroup('CREATE', 'crashed', 'waxseal', '0');
  const [[, [[, [, body]]]]] = (await redis.xreadgroup(
    ...(['GROUP', 'waxseal', 'dead', 'STREAMS', 'crashed', '>'] as const),
  )) as [string, [string, string[]][]][];
  const engine = await open();
  const message = { policy: 'e2e/verify', phase: 'request', body: Buffer.from(body) } as const;
  await until('it is remembered', async () => {
    const result = await engine.process({ ...message, delivery: `crashed ${id}` });
    return result.accepted || !result.temporary;
  });
  const other = await engine.process({ ...message, delivery: 'crashed 0-1' });
  assert.equal(!other.accepted && other.code, 'ERR_WSS_REPLAYED');
  await engine.close();
  await consumeUntil('crashed', 'e2e/verify', async () => (await pending('crashed')) === 0);
  assert.deepEqual(
    [(await read('crashed:out')).map(({ id: from }) => from), await read('crashed:refused')],
    [[id], []],
  );
});
