/** The memory of messages that processes share over a real Redis: each message is accepted once, by one of them. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ReplayCacheUnavailableError } from '../../extproc/pipeline/errors.ts';
import type { OnReplayCacheUnavailable } from '../../extproc/pipeline/replay-cache.ts';
import type { ReplayEntry } from '../../extproc/wss/exchange-state.ts';
import { RedisServer, startCluster } from '../../scripts/local/redis.ts';
import { until } from '../../scripts/local/until.ts';
import { Fleet, look, replayEntry, type FleetProcess } from './support/redis-store.ts';

const remember = async (
  process: FleetProcess,
  entries: readonly ReplayEntry[],
  mode: OnReplayCacheUnavailable = 'Refuse',
) => process.store.replay.remember(entries, Date.now(), mode);
/** What identifies one message: in an order of its own for each name. */
const message = (name: string): ReplayEntry[] => [
  replayEntry(`${name} nonce`, 'nonce'),
  replayEntry(`${name} signature`),
  replayEntry(`${name} id`, 'messageId'),
];

for (const kind of ['standalone', 'cluster'] as const) {
  describe(`redis replay, ${kind}`, () => {
    let fleet: Fleet;
    let servers: readonly RedisServer[];
    let one: FleetProcess;
    let two: FleetProcess;
    before(async () => {
      fleet = await Fleet.create();
      const { folder } = fleet;
      servers = fleet.keep(kind === 'cluster' ? await startCluster(folder) : [await RedisServer.start({ folder })]);
      const url = `redis${kind === 'cluster' ? '-cluster' : ''}://127.0.0.1:${servers[0].port}`;
      one = await fleet.join(url);
      two = await fleet.join(url);
    });
    after(() => fleet.end());
    const count = async (key: ReplayEntry) => {
      let found = 0;
      for (const server of servers) {
        const client = look(server);
        found += await client.exists(`waxseal:replay:${key.kind}:${key.key}`).catch(() => 0);
        client.disconnect();
      }
      return found;
    };

    test('of many copies at once, at both processes, one is accepted', async () => {
      let whole = 0;
      for (let round = 0; round < 40; round++) {
        const entries = message(`round ${round}`);
        // Whoever sends copies can also change the order of what they prove.
        const answers = await Promise.allSettled(
          Array.from({ length: 8 }, (_, index) =>
            remember(index % 2 === 0 ? one : two, index % 3 === 0 ? entries : entries.toReversed()),
          ),
        );
        const accepted = answers.filter((answer) => answer.status === 'fulfilled' && answer.value).length;
        assert.ok(accepted <= 1, `round ${round}: ${accepted}`);
        // A machine that is too busy to answer in time refuses.
        if (answers.some(({ status }) => status === 'rejected')) continue;
        assert.equal(accepted, 1, `round ${round}`);
        whole++;
      }
      assert.ok(whole >= 20, `${whole} rounds were answered in time`);
    });

    test('all of a message is remembered, or nothing', async () => {
      for (let round = 0; round < 8; round++) {
        const [a, b, c] = message(`parts ${round}`);
        assert.equal(await remember(one, [b]), true);
        assert.equal(await remember(two, [a, b, c]), false);
        await until('nothing of it is left', async () => (await count(a)) + (await count(c)) === 0);
        assert.equal(await remember(two, [a, c]), true);
      }
    });

    test('the same delivery again is no replay, for either process; another one and none are', async () => {
      const entries = message('delivered');
      const deliver = async (process: FleetProcess, delivery?: string) =>
        process.store.replay.remember(entries, Date.now(), 'Refuse', delivery);
      assert.equal(await deliver(one, 'orders 1'), true);
      assert.equal(await deliver(one, 'orders 1'), true);
      assert.equal(await deliver(two, 'orders 1'), true);
      for (const process of [one, two]) {
        assert.equal(await deliver(process, 'orders 2'), false);
        assert.equal(await deliver(process), false);
      }
      assert.equal(await deliver(two, 'orders 1'), true);
      const plain = message('came once');
      assert.equal(await remember(one, plain), true);
      assert.equal(await one.store.replay.remember(plain, Date.now(), 'Refuse', 'orders 3'), false);
      assert.equal(await two.store.replay.remember(plain, Date.now(), 'Refuse', 'orders 3'), false);
    });

    test('a delivery that Redis did not answer in time is accepted when it comes again, and stays known', async () => {
      const entries = message('delivered slowly');
      const deliver = async (delivery: string) => {
        try {
          return await two.store.replay.remember(entries, Date.now(), 'Refuse', delivery);
        } catch {
          return 'unavailable';
        }
      };
      for (const server of servers) server.pause();
      assert.equal(await deliver('slow 1'), 'unavailable');
      for (const server of servers) server.resume();
      await until('it is accepted', async () => (await deliver('slow 1')) === true);
      assert.equal(await deliver('slow 2'), false);
      assert.equal(await remember(one, entries), false);
    });

    test('the same fact twice in one message is one fact, and no facts are nothing to remember', async () => {
      const entry = replayEntry('twice');
      assert.equal(await remember(one, [entry, entry]), true);
      assert.equal(await remember(two, [entry]), false);
      assert.equal(await remember(one, []), true);
    });

    test('it is forgotten when its time is over', async () => {
      const entry = replayEntry('short', 'signature', 300);
      assert.equal(await remember(one, [entry]), true);
      assert.equal(await remember(two, [entry]), false);
      await until('it may come again', () => remember(two, [entry]));
    });

    test('Redis stands still for a moment: who was refused for that may come again, here and there', async () => {
      for (const copier of [one, two]) {
        const entries = message(`moment ${copier === one ? 'here' : 'there'}`);
        for (const server of servers) server.pause();
        await assert.rejects(remember(one, entries), ReplayCacheUnavailableError);
        for (const server of servers) server.resume();
        await until('it is accepted', () => remember(copier, entries).catch(() => false));
      }
    });

    test('Redis stands still: Refuse and LocalOnly; and who was refused for that may come again', async () => {
      for (const server of servers) server.pause();
      const [refused, accepted, late] = [message('refused'), message('accepted'), message('late')];
      await assert.rejects(remember(one, refused), ReplayCacheUnavailableError);
      assert.equal(await remember(one, accepted, 'LocalOnly'), true);
      assert.equal(await remember(one, accepted, 'LocalOnly'), false);
      await assert.rejects(remember(two, late), ReplayCacheUnavailableError);
      await until('nobody waits any more', async () => {
        await remember(one, [replayEntry('probe')]).catch(() => undefined);
        await remember(two, [replayEntry('probe')]).catch(() => undefined);
        return !one.store.tokens.available && !two.store.tokens.available;
      });
      await assert.rejects(remember(one, refused), ReplayCacheUnavailableError);
      for (const server of servers) server.resume();
      await until('Redis is used again', () => one.store.tokens.available && two.store.tokens.available);
      // Redis has carried out by now what nobody waited for.
      await until('the refused message is accepted at last, by another process', async () =>
        remember(two, refused).catch(() => false),
      );
      assert.equal(await remember(one, refused), false);
      assert.equal(await remember(two, late), true, 'at once, by the process that had refused it');
      for (const entry of accepted)
        await until('what was accepted alone is there', async () => (await count(entry)) === 1);
      assert.equal(await remember(two, accepted), false);
      assert.ok((await one.metric('waxseal_replay_checks_total{store="local"}')) >= 1);
      assert.ok((await one.metric('waxseal_replay_checks_total{store="shared"}')) >= 20);
    });
  });
}
