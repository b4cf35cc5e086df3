/** Redis dies, stands still, comes back empty, is full, or no longer lets us in: no message waits for it, what was accepted stays known. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReplayCacheUnavailableError } from '../../extproc/pipeline/errors.ts';
import { SharedStoreUnavailableError } from '../../extproc/sts/shared-tokens.ts';
import { RedisServer } from '../../scripts/local/redis.ts';
import { until } from '../../scripts/local/until.ts';
import { Fleet, heldToken, look, replayEntry, tokenText, untilThere } from './support/redis-store.ts';

/** Milliseconds: a quarter of a second, and what a busy machine adds. */
const BOUND = 1500;

describe('redis failures', () => {
  let fleet: Fleet;
  let server: RedisServer;
  let url: string;
  beforeEach(async () => {
    fleet = await Fleet.create();
    server = fleet.keep(await RedisServer.start({ folder: fleet.folder }));
    url = `redis://127.0.0.1:${server.port}`;
  });
  afterEach(() => fleet.end());
  const join = (connected = true) => fleet.join(url, { connected });

  test('it is not there from the start: nothing waits, and it is joined when it comes', async () => {
    await server.kill();
    const process = await join(false);
    await until('it is told', () => process.log.some((line) => line.includes('ECONNREFUSED')));
    assert.equal(await process.metric('waxseal_redis_up'), 0);
    const start = performance.now();
    for (let index = 0; index < 1000; index++) {
      await assert.rejects(process.store.tokens.read('k'), SharedStoreUnavailableError);
      await assert.rejects(async () => process.store.replay.remember([replayEntry('a')], Date.now(), 'Refuse'));
    }
    assert.ok(performance.now() - start < 5 * BOUND, 'two thousand calls wait for nothing');
    assert.equal(await process.store.replay.remember([replayEntry('a')], Date.now(), 'LocalOnly'), true);
    assert.ok(process.log.length <= 2, 'one line for each reason, not for each attempt');
    await server.start();
    await until('it is joined', () => process.store.tokens.available);
    assert.equal(await process.metric('waxseal_redis_up'), 1);
    const other = await join();
    await untilThere(server, replayEntry('a'));
    assert.equal(await other.store.replay.remember([replayEntry('a')], Date.now(), 'Refuse'), false);
  });

  test('killed and started again empty, under load, several times: what was accepted is known to all again', async () => {
    const processes = [await join(), await join()];
    const accepted = new Map<string, number>();
    let refused = 0;
    let stop = false;
    const tokens: string[] = [];
    const load = async (worker: number) => {
      for (let round = 0; !stop; round++) {
        const [first, second] = worker % 2 === 0 ? processes : processes.toReversed();
        const name = `${worker} ${round}`;
        const entries = [replayEntry(`${name} n`, 'nonce'), replayEntry(`${name} s`)];
        // The same message, here and there, and here once more.
        for (const { store } of [first, second, first]) {
          const started = performance.now();
          try {
            if (await store.replay.remember(entries, Date.now(), 'Refuse')) {
              accepted.set(name, (accepted.get(name) ?? 0) + 1);
            }
          } catch (error) {
            assert.ok(error instanceof ReplayCacheUnavailableError);
            refused++;
          }
          assert.ok(performance.now() - started < BOUND);
          try {
            await store.tokens.write(name, heldToken(name), 1);
            const text = tokenText(await store.tokens.read(name));
            if (text !== undefined) tokens.push(text === tokenText(heldToken(name)) ? 'ok' : text);
          } catch (error) {
            assert.ok(error instanceof SharedStoreUnavailableError);
          }
        }
        await sleep(5);
      }
    };
    const workers = Array.from({ length: 8 }, (_, index) => load(index));
    for (let round = 0; round < 3; round++) {
      await sleep(300);
      await server.kill();
      await sleep(150);
      await server.start();
      await until('it is joined', () => processes.every(({ store }) => store.tokens.available));
    }
    await sleep(300);
    stop = true;
    await Promise.all(workers);
    assert.ok(accepted.size > 50 && refused > 0, `${accepted.size} accepted, ${refused} refused`);
    assert.ok(tokens.length > 50 && tokens.every((text) => text === 'ok'));
    // A copy may be accepted that comes between the kill and the moment in which all is written again.
    const twice = [...accepted.values()].filter((times) => times > 1).length;
    assert.ok(twice <= 3 * workers.length, `${twice} accepted twice`);
    // Whatever was accepted is known to all in the end.
    const third = await join();
    const known = [...accepted.keys()].map((name) => [replayEntry(`${name} n`, 'nonce'), replayEntry(`${name} s`)]);
    await until('Redis holds all again', async () => {
      const client = look(server);
      const present = await client.exists(...known.flat().map(({ kind, key }) => `waxseal:replay:${kind}:${key}`));
      client.disconnect();
      return present === 2 * known.length;
    });
    for (const entries of known) assert.equal(await third.store.replay.remember(entries, Date.now(), 'Refuse'), false);
  });

  test('it stands still: a few wait, once, and then nobody', async () => {
    const process = await join();
    server.pause();
    const waits: number[] = [];
    for (let index = 0; index < 40; index++) {
      const started = performance.now();
      await assert.rejects(process.store.tokens.read('k'), SharedStoreUnavailableError);
      waits.push(performance.now() - started);
    }
    assert.ok(
      waits.every((wait) => wait < BOUND),
      waits.join(),
    );
    const slow = waits.filter((wait) => wait > 200);
    assert.ok(slow.length >= 1 && slow.length <= 3, `${slow.length} have waited`);
    assert.equal((await process.metric('waxseal_redis_errors_total{kind="timeout"}')) >= 3, true);
    // Long enough for the connection to be given up, and a new one to be tried.
    await sleep(4000);
    assert.equal(process.store.tokens.available, false);
    const started = performance.now();
    for (let index = 0; index < 100; index++) {
      await assert.rejects(process.store.tokens.read('k'), SharedStoreUnavailableError);
    }
    assert.ok(performance.now() - started < BOUND);
    server.resume();
    await until('it is used again', () => process.store.tokens.available);
    assert.equal(await process.store.tokens.read('k'), undefined);
  });

  test('the event loop stands still, and Redis does not: nothing is counted as its failure', async () => {
    const process = await join();
    const reads = Array.from({ length: 10 }, () => process.store.tokens.read('k'));
    const busy = performance.now();
    while (performance.now() - busy < 600);
    assert.deepEqual(await Promise.all(reads), Array(10).fill(undefined));
    assert.equal(process.store.tokens.available, true);
  });

  test('it is full, read only, loses our rights, is busy: each is told apart, and none is lasting', async (t) => {
    const process = await join();
    const again = async (kind: string) => process.store.replay.remember([replayEntry(kind)], Date.now(), 'Refuse');
    const fails = async (kind: string) => {
      const before = await process.metric(`waxseal_redis_errors_total{kind="${kind}"}`);
      await assert.rejects(process.store.tokens.write('k', heldToken('a'), 1), SharedStoreUnavailableError);
      await assert.rejects(again(kind), ReplayCacheUnavailableError);
      assert.ok((await process.metric(`waxseal_redis_errors_total{kind="${kind}"}`)) > before, kind);
    };
    const works = () =>
      until('it works again', async () => {
        try {
          return await process.store.tokens.write('k', heldToken('a'), 1);
        } catch {
          return false;
        }
      });
    const client = look(server);
    t.after(() => client.disconnect());
    await client.config('SET', 'maxmemory', '1');
    await fails('memory');
    await client.config('SET', 'maxmemory', '0');
    await works();
    await client.call('REPLICAOF', '127.0.0.1', '1');
    await client.config('SET', 'replica-serve-stale-data', 'yes');
    await until('connected again', () => process.store.tokens.available);
    await fails('readonly');
    await client.call('REPLICAOF', 'NO', 'ONE');
    await works();
    await client.call('ACL', 'SETUSER', 'default', '-@write');
    await fails('auth');
    await client.call('ACL', 'SETUSER', 'default', '+@all');
    await works();
    for (const kind of ['memory', 'readonly', 'auth']) {
      await until(`the message may come again: ${kind}`, async () => again(kind).catch(() => false));
    }
  });

  test('what is thrown says nothing of the address', async () => {
    const process = await fleet.join(`redis://wax:hunter2@127.0.0.1:${server.port}`, { connected: false });
    await until('it is told', () => process.log.length > 0);
    const error: unknown = await process.store.tokens.read('k').catch((reason: unknown) => reason);
    assert.ok(error instanceof SharedStoreUnavailableError);
    assert.ok(![...process.log, error.stack, JSON.stringify(error)].join('').includes('hunter2'));
  });
});
