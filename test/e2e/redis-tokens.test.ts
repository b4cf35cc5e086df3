/** Tokens in a real Redis: one process fetches, all have it, and whoever can read and write there gains nothing by it. */

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { RedisServer } from '../../scripts/local/redis.ts';
import { until } from '../../scripts/local/until.ts';
import { Fleet, heldToken, look, replayEntry, tokenText, type FleetProcess } from './support/redis-store.ts';

describe('redis tokens', () => {
  let fleet: Fleet;
  let url: string;
  let client: Redis;
  let one: FleetProcess;
  let two: FleetProcess;
  before(async () => {
    fleet = await Fleet.create();
    const server = fleet.keep(await RedisServer.start({ folder: fleet.folder }));
    url = `redis://127.0.0.1:${server.port}`;
    client = look(server);
    one = await fleet.join(url);
    two = await fleet.join(url);
  });
  after(async () => {
    client.disconnect();
    await fleet.end();
  });
  beforeEach(() => client.flushall());
  const unopened = (process: FleetProcess) => process.metric('waxseal_redis_errors_total{kind="unopened"}');

  test('a token is all that it was, in another process', async () => {
    const held = heldToken('a');
    assert.equal(await one.store.tokens.read('k'), undefined);
    assert.equal(await one.store.tokens.write('k', held, 1), true);
    const read = await two.store.tokens.read('k');
    assert.ok(typeof read === 'object');
    assert.deepEqual(
      { ...read, token: { ...read.token, bytes: Buffer.from(read.token.bytes) } },
      {
        ...held,
        token: { ...held.token, secret: new Uint8Array(held.token.secret ?? []) },
      },
    );
    const left = await client.pttl('waxseal:{k}:token');
    assert.ok(left > 50_000 && left <= 60_000, `it goes when the token ends: ${left}`);
  });

  test('a token that has ended is not written', async () => {
    assert.equal(await one.store.tokens.write('k', heldToken('a', -1), 1), true);
    assert.equal(await client.exists('waxseal:{k}:token'), 0);
  });

  test('of many who want the lock one has it, until it is given back or over', async () => {
    const attempts = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : two).store.tokens.lock('k', 300)),
    );
    const locks = attempts.filter((lock) => lock !== undefined);
    assert.equal(locks.length, 1);
    await until('it is over by itself', async () => {
      const lock = await two.store.tokens.lock('k', 60_000);
      if (lock === undefined) return false;
      assert.ok(lock.fence > locks[0].fence);
      return true;
    });
    await locks[0].release();
    assert.equal(
      await one.store.tokens.lock('k', 300),
      undefined,
      'who has lost a lock does not give back that of another',
    );
  });

  test('who has lost the lock does not write over what came later', async () => {
    const early = await one.store.tokens.lock('k', 50);
    await sleep(80);
    const late = await two.store.tokens.lock('k', 5000);
    assert.ok(early && late);
    assert.equal(await two.store.tokens.write('k', heldToken('late'), late.fence), true);
    assert.equal(await one.store.tokens.write('k', heldToken('early'), early.fence), false);
    assert.match(tokenText(await one.store.tokens.read('k')) ?? '', /late/);
    assert.equal(await two.store.tokens.write('k', heldToken('again'), late.fence), true);
    // Neither after the token has gone, nor when Redis has forgotten everything.
    await client.del('waxseal:{k}:token');
    assert.equal(await one.store.tokens.write('k', heldToken('early'), early.fence), false);
    await client.flushall();
    const next = await one.store.tokens.lock('k', 5000);
    assert.ok(next && next.fence > late.fence);
  });

  test('a mark of failure stands where there is no token, and ends with its time or with a token', async () => {
    await one.store.tokens.writeFailure('k', 200);
    assert.equal(await two.store.tokens.read('k'), 'failed');
    await until('it is over', async () => (await two.store.tokens.read('k')) === undefined);
    await one.store.tokens.writeFailure('k', 60_000);
    await one.store.tokens.write('k', heldToken('a'), 1);
    assert.match(tokenText(await two.store.tokens.read('k')) ?? '', />a</);
    await two.store.tokens.writeFailure('k', 60_000);
    assert.match(tokenText(await two.store.tokens.read('k')) ?? '', />a</);
  });

  test('only the token that is meant is removed', async () => {
    const [a, b] = [heldToken('a'), heldToken('b')];
    await one.store.tokens.write('k', a, 1);
    await two.store.tokens.remove('k', b);
    assert.match(tokenText(await two.store.tokens.read('k')) ?? '', />a</);
    // As another process read it.
    const read = await two.store.tokens.read('k');
    assert.ok(typeof read === 'object');
    await two.store.tokens.remove('k', read);
    assert.equal(await one.store.tokens.read('k'), undefined);
    await one.store.tokens.remove('k', a);
  });

  test('values that were put in the place of others are nothing, and are counted', async () => {
    await one.store.tokens.write('a', heldToken('a'), 1);
    await one.store.tokens.write('b', heldToken('b'), 1);
    const [a, b] = await Promise.all(['a', 'b'].map((key) => client.getBuffer(`waxseal:{${key}}:token`)));
    assert.ok(a && b);
    const before = await unopened(two);
    await client.set('waxseal:{a}:token', b);
    await client.set('waxseal:{b}:token', a);
    for (const key of ['a', 'b']) assert.equal(await two.store.tokens.read(key), undefined);
    for (const value of [a.subarray(0, -1), Buffer.concat([a, a]), 'failed', '', Buffer.alloc(200)]) {
      await client.set('waxseal:{a}:token', value);
      assert.equal(await two.store.tokens.read('a'), undefined);
    }
    // Nothing and an empty value are the same.
    assert.equal((await unopened(two)) - before, 6);
    assert.equal(await two.store.tokens.write('a', heldToken('c'), 2), true, 'it is replaced');
    assert.match(tokenText(await one.store.tokens.read('a')) ?? '', />c</);
    await client.set('waxseal:{a}:token', a);
    assert.match(tokenText(await two.store.tokens.read('a')) ?? '', />a</, 'in its own place it counts');
  });

  test('values that are too large are neither written nor read', async () => {
    const oversize = (process: FleetProcess) => process.metric('waxseal_redis_errors_total{kind="oversize"}');
    assert.equal(await one.store.tokens.write('k', heldToken('x'.repeat(300_000)), 1), true);
    assert.equal(await client.exists('waxseal:{k}:token'), 0);
    await client.set('waxseal:{k}:token', Buffer.alloc(50_000_000));
    assert.equal(await one.store.tokens.read('k'), undefined);
    assert.equal(await oversize(one), 2);
    assert.equal(await one.store.tokens.write('k', heldToken('x'.repeat(80_000)), 1), true);
    assert.ok(typeof (await two.store.tokens.read('k')) === 'object');
  });

  test('a value of another type is an error of Redis, not of ours', async () => {
    await client.hset('waxseal:{k}:token', 'a', 'b');
    await assert.rejects(one.store.tokens.read('k'), /Redis failed \(reply\)/);
  });

  test('keys are changed while processes run: what was sealed before opens, and with the older key gone it does not', async () => {
    const index = one.store.indexKey();
    assert.deepEqual(two.store.indexKey(), index);
    await one.store.tokens.write('old', heldToken('old'), 1);
    await fleet.putKey('2');
    await until('both have the new key', () => ![one, two].some(({ store }) => store.indexKey().equals(index)));
    assert.deepEqual(one.store.indexKey(), two.store.indexKey());
    await one.store.tokens.write('new', heldToken('new'), 1);
    assert.match(tokenText(await two.store.tokens.read('old')) ?? '', /old/);
    assert.match(tokenText(await two.store.tokens.read('new')) ?? '', /new/);
    const entry = replayEntry('over the change of keys');
    assert.equal(await one.store.replay.remember([entry], Date.now(), 'Refuse'), true);
    await rm(path.join(fleet.keys, '1'));
    const three = await fleet.join(url);
    assert.equal(await three.store.tokens.read('old'), undefined);
    assert.equal(await unopened(three), 1);
    assert.match(tokenText(await three.store.tokens.read('new')) ?? '', /new/);
    assert.equal(await three.store.replay.remember([entry], Date.now(), 'Refuse'), false);
  });

  test('whoever reads all that is there learns no secret', async () => {
    const secrets = ['token-text-4711', 'user-alice', 'password-hunter2', 'nonce-8Zx', 'https://sts.example/issue'];
    await one.store.tokens.write('k', heldToken(secrets.join(' ')), 1);
    await one.store.tokens.writeFailure('other', 60_000);
    await one.store.tokens.lock('k', 60_000);
    const entries = secrets.map((secret) => replayEntry(secret, 'nonce'));
    assert.equal(await one.store.replay.remember(entries, Date.now(), 'Refuse'), true);
    const keys = await client.keys('*');
    assert.equal(keys.length, 4 + entries.length);
    const all: string[] = [];
    for (const key of keys) {
      const dump = (await client.type(key)) === 'hash' ? JSON.stringify(await client.hgetall(key)) : '';
      const value = dump === '' ? ((await client.getBuffer(key)) ?? Buffer.alloc(0)) : Buffer.from(dump);
      all.push(key, value.toString('latin1'), value.toString('hex'), value.toString('base64'));
      assert.ok((await client.pttl(key)) > 0, `${key} ends by itself`);
    }
    const text = all.join('\n');
    assert.match(text, /waxseal:replay:nonce:/);
    for (const secret of [...secrets, 'Assertion', 'secret of', 'urn:type', 'failed']) {
      for (const form of [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret).toString('base64').slice(0, -4),
      ]) {
        assert.ok(!text.includes(form), secret);
      }
    }
  });
});
