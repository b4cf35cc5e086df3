/** Processes that ask a token service on loopback over one real Redis: once for all of them, and never not for its sake. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { createLogger } from '../../extproc/observe/log.ts';
import { TokenProvider, type TokenDemand } from '../../extproc/sts/token-provider.ts';
import { RedisServer } from '../../scripts/local/redis.ts';
import { until } from '../../scripts/local/until.ts';
import { tokenService, trustSource, userCredential } from '../support/token-services.ts';
import { TrustResponder } from '../support/trust-responder.ts';
import { Fleet, type FleetProcess } from './support/redis-store.ts';

describe('token providers over one Redis', () => {
  let fleet: Fleet;
  let redis: RedisServer;
  let sts: TrustResponder;
  let processes: FleetProcess[];
  let providers: TokenProvider[];
  let demand: TokenDemand;

  beforeEach(async () => {
    fleet = await Fleet.create();
    redis = fleet.keep(await RedisServer.start({ folder: fleet.folder }));
    sts = await TrustResponder.start();
    const url = `redis://127.0.0.1:${redis.port}`;
    processes = await Promise.all([fleet.join(url), fleet.join(url)]);
    providers = processes.map(
      ({ store }) =>
        new TokenProvider({
          ...{ shared: store.tokens, now: Date.now, registry: new Registry(), logger: createLogger('silent') },
          indexKey: () => store.indexKey(),
        }),
    );
    const usernameToken = { passwordType: 'Text', nonce: false, created: false } as const;
    demand = {
      service: tokenService(trustSource({ url: sts.url, usernameToken })),
      credential: userCredential('warehouse', 'secret'),
      ...{ policy: 'shop/orders', budget: 5000 },
    };
  });
  afterEach(async () => {
    await Promise.all(providers.map((provider) => provider.close()));
    await sts.close();
    await fleet.end();
  });

  const obtain = async (index: number): Promise<string> => {
    const used = await providers[index % providers.length]?.obtain(demand);
    return Buffer.from(used?.token.bytes ?? []).toString();
  };

  test('two hundred messages at once, and nothing in Redis yet: one Issue', async () => {
    sts.instead = (question) => (response) => {
      const { body } = sts.right(question);
      setTimeout(() => response.writeHead(200, { 'content-type': 'application/soap+xml' }).end(body), 300);
    };
    const tokens = await Promise.all(Array.from({ length: 200 }, (_, index) => obtain(index)));
    assert.deepEqual(
      sts.questions.map(({ operation }) => operation),
      ['Issue'],
    );
    assert.equal(new Set(tokens).size, 1);
  });

  test('tokens of two seconds, Redis killed and started again: each message has one that is valid', async () => {
    sts.lifetime = 2000;
    let failed = 0;
    let messages = 0;
    const traffic = async (milliseconds: number) => {
      const end = Date.now() + milliseconds;
      while (Date.now() < end) {
        for (const index of providers.keys()) {
          messages++;
          obtain(index).catch(() => failed++);
        }
        await sleep(10);
      }
    };
    await traffic(2500);
    await redis.kill();
    await traffic(2500);
    await redis.start();
    await until('both are connected again', () => processes.every(({ store }) => store.tokens.available));
    const before = sts.questions.length;
    await traffic(3000);
    assert.equal(failed, 0, `of ${messages}`);
    // Together again: about one a second, not two.
    const issued = sts.questions.length - before;
    assert.ok(issued >= 2 && issued <= 5, `${issued} tokens in three seconds`);
  });

  test('a token that a backend refuses goes for all', async () => {
    const [one, two] = providers;
    assert.ok(one && two);
    sts.lifetime = 1000;
    const used = await one.obtain(demand);
    const theirs = await two.obtain(demand);
    assert.deepEqual(Buffer.from(used.token.bytes), Buffer.from(theirs.token.bytes));
    await sleep(500);
    assert.equal(await one.backendRefused(demand, used), true);
    assert.notEqual(await obtain(0), Buffer.from(used.token.bytes).toString());
    assert.equal(await two.backendRefused(demand, theirs), true);
    assert.equal(await obtain(1), await obtain(0));
    assert.equal(sts.questions.length, 2);
  });
});
