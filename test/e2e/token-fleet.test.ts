/** Several processes, one Redis, one token service: a token is asked for once, and Redis may fail at any time. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer } from '../../scripts/local/redis.ts';
import { until } from '../../scripts/local/until.ts';
import { Cxf } from '../interop/cxf.ts';
import { warmUp } from '../interop/token-message.ts';
import { content, envelope } from './support/fixture.ts';
import { SOAP11_HEADERS, send } from './support/http.ts';
import { Load } from './support/load.ts';
import { OBJECTS, tokenPolicy, tokenService } from './support/token-fixture.ts';
import { TokenFleet } from './support/token-fleet.ts';

const CONCURRENT = 200;
const message = envelope(content(300));

describe('a fleet with one Redis', () => {
  let cxf: Cxf;
  let folder: string;
  let redis: RedisServer;
  let fleet: TokenFleet;
  before(async () => {
    cxf = await Cxf.start();
    await warmUp(cxf);
    folder = await mkdtemp(join(tmpdir(), 'waxseal-token-redis-'));
    redis = await RedisServer.start({ folder });
    const short = { wsTrust: { lifetime: '5s' }, spec: { cache: { refreshBefore: '2s' } } };
    const options = {
      policies: ['warm', 'new-short', 'new-short-too', 'cold', 'symmetric', 'short', 'short-too'],
      ...{ backendPort: cxf.ports.orders, processes: 2, redis: `redis://127.0.0.1:${redis.port}` },
    };
    fleet = await TokenFleet.start(options, () => [
      ...OBJECTS,
      ...[tokenService('warm', { cxf, keyType: 'Symmetric' }), tokenPolicy('warm', 'Symmetric')],
      ...[tokenService('cold', { cxf }), tokenPolicy('cold')],
      ...[tokenService('symmetric', { cxf, keyType: 'Symmetric' }), tokenPolicy('symmetric', 'Symmetric')],
      // Their tokens are asked for just when Redis fails.
      ...[tokenService('new-short', { cxf }), tokenPolicy('new-short')],
      ...[tokenService('new-short-too', { cxf }), tokenPolicy('new-short-too')],
      ...[tokenService('short', { cxf, ...short }), tokenPolicy('short')],
      ...[tokenService('short-too', { cxf, ...short }), tokenPolicy('short-too')],
    ]);
  });
  after(async () => {
    await fleet.stop();
    await redis.stop();
    await cxf.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => cxf.reset());
  const joined = () =>
    until('every process has Redis', async () => (await fleet.metric('waxseal_redis_up')) === fleet.members.length);

  for (const [name, demand] of [
    ['cold', 'bearer'],
    ['symmetric', 'symmetric'],
  ] as const) {
    test(`${name}: ${CONCURRENT} requests at once over two processes make one Issue`, async () => {
      await joined();
      // Java takes seconds for what it does the first time.
      await Promise.all(fleet.members.map(() => send(fleet.url('warm', cxf.orderPath(demand)), message)));
      await cxf.reset();
      // Long enough for all of them to come while the token is not there yet.
      await cxf.delay('Issue', 1000);
      const url = fleet.url(name, cxf.orderPath(demand));
      const answers = await Promise.all(Array.from({ length: CONCURRENT }, () => send(url, message)));
      await cxf.mend();
      const odd = answers.filter(({ status }) => status !== 200).map(({ text }) => text);
      assert.deepEqual(odd, [], fleet.log());
      const { asked, Issue, accepted, tokens } = await cxf.counts();
      assert.deepEqual({ asked, Issue, accepted, tokens }, { asked: 1, Issue: 1, accepted: CONCURRENT, tokens: 1 });
      for (const labels of [{ result: 'issued' }, { result: 'shared' }]) {
        const count = await fleet.metric('waxseal_token_cache_lookups_total', { service: `e2e/${name}`, ...labels });
        assert.equal(count, 1, JSON.stringify(labels));
      }
      for (const { adminPort } of fleet.members) {
        const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
        assert.match(text, new RegExp(`waxseal_messages_total{[^}]*policy="e2e/${name}"[^}]*} [1-9]`));
      }
    });
  }

  for (const [policy, what, fail, mend] of [
    ['short', 'killed and started again, empty', () => redis.kill(), () => redis.start()],
    ['short-too', 'stopped and continued', () => redis.pause(), () => redis.resume()],
  ] as const) {
    test(`Redis is ${what}, under load: no request is lost, and no token that has expired is sent`, async () => {
      await joined();
      const load = Load.start(fleet.url(policy, cxf.orderPath('bearer')), message, SOAP11_HEADERS);
      for (let round = 0; round < 2; round++) {
        await sleep(1500);
        await fail();
        const first = await send(fleet.url(`new-${policy}`, cxf.orderPath('bearer')), message);
        assert.equal(first.status, 200, `${first.text}\n${fleet.log()}`);
        await until('it is noticed', async () => (await fleet.metric('waxseal_redis_up')) === 0);
        // Longer than a token lives.
        await sleep(6000);
        await mend();
        await joined();
      }
      const { answers, odd } = await load.stop();
      assert.deepEqual(odd, [], fleet.log());
      assert.ok(answers > 100, String(answers));
      const { expired, accepted, tokens } = await cxf.counts();
      assert.deepEqual({ expired, accepted }, { expired: 0, accepted: answers + 2 });
      assert.ok(tokens >= 4, `${tokens} tokens`);
    });
  }
});
