/** Several processes over one store: one fetch for all, and never a failure because of the store. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import {
  TokenBudgetError,
  TokenServiceFaultError,
  TokenServiceOpenError,
  TokenServiceUnreachableError,
} from './errors.ts';
import { TokenFailedElsewhereError } from './failure-memory.ts';
import type { HeldToken } from './held-token.ts';
import { TokenCache } from './token-cache.ts';
import { TokenMetrics } from './token-metrics.ts';
import { nameOf, VirtualTokenService } from './testdata/token-service.ts';
import { VirtualStore, type Operation } from './testdata/virtual-store.ts';
import { VirtualTime } from './testdata/virtual-time.ts';

function setUp(replicas = 2) {
  const time = new VirtualTime();
  const service = new VirtualTokenService(time);
  service.lifetime = 60_000;
  const store = new VirtualStore(time);
  const caches = Array.from({ length: replicas }, () => {
    const metrics = new TokenMetrics(new Registry());
    return new TokenCache({ clock: time, metrics, shared: store, random: () => 1 });
  });
  const [a, b] = caches as [TokenCache, TokenCache];
  const wait = async <T>(promise: T | Promise<T>, milliseconds = 1000): Promise<T> => {
    const settled = Promise.resolve(promise);
    settled.catch(() => undefined);
    await time.advance(milliseconds);
    return settled;
  };
  return { time, service, store, caches, a, b, wait };
}

const unreachable = () => new TokenServiceUnreachableError('no connection');

test('two hundred callers of two processes and an empty store cost one fetch', async () => {
  const { service, caches, wait } = setUp();
  const source = service.source();
  service.latency = 300;
  const demands = Array.from({ length: 200 }, async (_, index) => caches[index % 2]?.get(source, 2000));
  const tokens = await wait(Promise.all(demands));
  assert.equal(service.fetches, 1);
  assert.deepEqual(new Set(tokens.map((held) => held && nameOf(held))), new Set(['token 1']));
});

test('a process that starts later takes what is there', async () => {
  const { service, a, b, wait, store } = setUp();
  await wait(a.get(service.source(), 1000));
  store.calls.length = 0;
  await wait(b.get(service.source(), 1000));
  assert.equal(service.fetches, 1);
  assert.deepEqual(store.calls, ['read']);
});

test('what the others wait for fails: they fail too, at once, and the service is not asked by each', async () => {
  const { time, service, a, b, wait } = setUp();
  const source = service.source();
  service.latency = 200;
  service.failure = unreachable;
  const first = assert.rejects(Promise.resolve(a.get(source, 2000)), TokenServiceUnreachableError);
  await time.advance(10);
  const second = assert.rejects(Promise.resolve(b.get(source, 2000)), TokenFailedElsewhereError);
  await time.advance(500);
  await Promise.all([first, second]);
  assert.equal(service.fetches, 1);
  service.failure = undefined;
  await time.advance(1000);
  await wait(b.get(source, 2000));
  assert.equal(service.fetches, 2);
});

test('a wrong password is tried once in five seconds by all of the fleet, also while there is a token', async () => {
  const { time, service, caches } = setUp(5);
  const source = service.source();
  const send = async (milliseconds: number) => {
    for (let ms = 0; ms < milliseconds; ms += 100) {
      for (const cache of caches) Promise.resolve(cache.get(source, 1000)).catch(() => undefined);
      await time.advance(100);
    }
  };
  await send(5000);
  assert.equal(service.fetches, 1);
  service.failure = () => new TokenServiceFaultError('FailedAuthentication');
  await send(50_000);
  assert.ok(service.fetches - 1 <= 7, `${service.fetches - 1} tries while the token was valid`);
  await send(10_000);
  const before = service.fetches;
  await send(60_000);
  assert.ok(service.fetches - before <= 12, `${service.fetches - before} tries in a minute without a token`);
});

test('a process that leaves the service alone does not keep others from asking', async () => {
  const { service, a, b, wait } = setUp();
  const source = service.source();
  service.failure = () => new TokenServiceOpenError('open');
  await assert.rejects(wait(a.get(source, 1000), 100), TokenServiceOpenError);
  service.failure = undefined;
  await wait(b.get(source, 1000), 100);
  assert.equal(service.fetches, 2);
});

test('whoever has the lock is killed: another one asks when its time is over', async () => {
  const { time, service, store, b } = setUp();
  const source = service.source();
  assert.ok(store.lock(source.key, 5000));
  await time.advance(1);
  const held = Promise.resolve(b.get(source, 20_000));
  await time.advance(4900);
  assert.equal(service.fetches, 0);
  await time.advance(500);
  assert.equal(nameOf(await held), 'token 1');
  const written = Promise.resolve(store.read(source.key));
  await time.advance(10);
  assert.ok(typeof (await written) === 'object', 'and it is there for all');
});

test('whoever cannot wait that long asks when half of its time is over', async () => {
  const { time, service, store, b } = setUp();
  const source = service.source();
  assert.ok(store.lock(source.key, 5000));
  await time.advance(1);
  const held = Promise.resolve(b.get(source, 1000));
  await time.advance(450);
  assert.equal(service.fetches, 0);
  await time.advance(500);
  assert.equal(nameOf(await held), 'token 1');
});

test('whoever slept longer than it had the lock does not replace the newer token', async () => {
  const { time, service, store, a, b, wait } = setUp();
  const source = service.source();
  service.latency = 7000;
  const slow = Promise.resolve(a.get(source, 30_000));
  await time.advance(100);
  service.latency = 50;
  const fast = await wait(b.get(source, 30_000), 5500);
  assert.equal(nameOf(fast), 'token 2');
  await time.advance(2000);
  assert.equal(nameOf(await slow), 'token 1');
  await time.advance(100);
  const shared = await wait(store.read(source.key));
  assert.ok(typeof shared === 'object');
  assert.equal(nameOf(shared), 'token 2');
});

test('nobody gets the lock and nothing comes: in the end one asks without it', async () => {
  const { time, service, store, a } = setUp();
  const source = service.source();
  store.lock = () => Promise.resolve(undefined);
  const held = Promise.resolve(a.get(source, 60_000));
  await time.advance(11_000);
  assert.equal(nameOf(await held), 'token 1');
});

test('a store that is down, or too slow, costs a token no more than its patience', async () => {
  for (const trouble of [{ available: false }, { latency: 300 }, { latency: 10_000 }]) {
    const { service, store, a, b, wait } = setUp();
    Object.assign(store, trouble);
    const source = service.source();
    await wait(Promise.all([a, b].map(async (cache) => cache.get(source, 1000))));
    assert.equal(service.fetches, 2);
    assert.ok(!(a.get(source, 1000) instanceof Promise));
  }
});

test('the store fails at any call: everyone has a token nevertheless', async () => {
  const run = async (breaks: VirtualStore['breaks']): Promise<readonly Operation[]> => {
    const { time, service, store, caches, a, wait } = setUp();
    const source = service.source();
    store.breaks = breaks;
    const [first] = await wait(Promise.all(caches.map(async (cache) => cache.get(source, 2000))), 2000);
    assert.ok(first);
    assert.ok(service.fetches <= 2);
    await wait(a.invalidate(source, first));
    await wait(Promise.all(caches.map(async (cache) => cache.get(source, 2000))), 2000);
    await time.advance(30_000);
    for (const cache of caches) assert.ok(!(cache.get(source, 1000) instanceof Promise));
    await time.advance(20_000);
    for (const cache of caches) assert.ok(!(cache.get(source, 1000) instanceof Promise));
    return [...store.calls];
  };
  const calls = await run(() => false);
  assert.ok(calls.length >= 20, calls.join());
  for (const broken of calls.keys()) await run((call) => call === broken);
  for (const from of calls.keys()) await run((call) => call >= from);
  for (const kind of new Set(calls)) await run((_call, operation) => operation === kind);
});

test('a refresh takes what another process has got, and tells it from what is to be replaced', async () => {
  const { time, service, a, b, wait } = setUp();
  const source = service.source();
  await wait(a.get(source, 1000));
  await wait(b.get(source, 1000));
  await time.advance(30_000);
  assert.ok(!(a.get(source, 1000) instanceof Promise));
  await time.advance(1000);
  assert.ok(!(b.get(source, 1000) instanceof Promise));
  await time.advance(1000);
  const [fromA, fromB] = [a.get(source, 1000), b.get(source, 1000)];
  assert.ok(!(fromA instanceof Promise) && !(fromB instanceof Promise));
  assert.deepEqual([nameOf(fromA), nameOf(fromB)], ['token 2', 'token 2']);
  assert.equal(service.fetches, 2);
});

test('a token that a backend refused is not taken from the store again, even if it could not be removed there', async () => {
  const { service, store, a, wait } = setUp();
  const source = service.source();
  const first = await wait(a.get(source, 1000));
  store.breaks = (_call, operation) => operation === 'remove';
  await a.invalidate(source, first);
  const second = await wait(a.get(source, 1000));
  assert.equal(nameOf(second), 'token 2');
});

test('the other processes of a fleet find the new token in place of the refused one', async () => {
  const { time, service, a, b, wait } = setUp();
  const source = service.source();
  const first = await wait(a.get(source, 1000));
  await wait(b.get(source, 1000));
  const removing = a.invalidate(source, first);
  await time.advance(10);
  await removing;
  await wait(a.get(source, 1000));
  const theirs = b.current(source);
  assert.ok(theirs);
  const removingAgain = b.invalidate(source, theirs);
  await time.advance(10);
  await removingAgain;
  assert.equal(nameOf(await wait(b.get(source, 1000))), 'token 2');
  assert.equal(service.fetches, 2);
});

test('what others wrote is looked at before it is used', async () => {
  const { time } = setUp();
  const now = time.now();
  const token = { bytes: Buffer.from('planted') };
  const bad: HeldToken[] = [
    { token, obtained: now - 5000, expires: now },
    { token, obtained: now - 5000, expires: now + 100 },
    { token, obtained: now, expires: now },
    { token, obtained: now + 1000, expires: now - 1000 },
    { token, obtained: now + 61_000, expires: now + 120_000 },
    { token, obtained: NaN, expires: now + 5000 },
    { token, obtained: now, expires: Infinity },
    { token, obtained: -Infinity, expires: now + 5000 },
    { token: { bytes: Buffer.alloc(0) }, obtained: now, expires: now + 5000 },
  ];
  for (const held of bad) {
    const { service, store, a, wait } = setUp();
    const source = service.source();
    store.read = (key) => Promise.resolve(key === source.key ? held : undefined);
    assert.equal(nameOf(await wait(a.get(source, 1000), 100)), 'token 1');
  }
  const { service, store, a, wait } = setUp();
  const source = service.source();
  store.plant(source.key, { token, obtained: now + 2000, expires: now + 20_000 });
  const held = await wait(a.get(source, 1000), 1);
  assert.deepEqual([nameOf(held), held.obtained <= now + 1, held.expires <= now + 18_001], ['planted', true, true]);
  const capped = setUp();
  capped.store.plant(source.key, { token, obtained: now, expires: now + 10 ** 12 });
  const { obtained, expires } = await capped.wait(capped.a.get(source, 1000), 1);
  assert.equal(expires - obtained, source.settings.ttl);
});

test('shutting down gives the lock back and tells nobody of a failure', async () => {
  const { time, service, store, a, b, wait } = setUp();
  const hanging = service.source({
    fetch: (_previous, signal) =>
      new Promise<HeldToken>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new TokenServiceUnreachableError('aborted')));
      }),
  });
  const waiting = assert.rejects(Promise.resolve(a.get(hanging, 10_000)), TokenServiceUnreachableError);
  await time.advance(100);
  const closing = a.close();
  await time.advance(10);
  await Promise.all([waiting, closing]);
  assert.ok(!store.calls.includes('writeFailure'));
  await wait(b.get(service.source(), 1000), 100);
  assert.equal(service.fetches, 1);
});

const steps = (longest: { readonly latency: number; readonly budget: number }) =>
  fc.array(
    fc.record({
      cache: fc.nat(3),
      wait: fc.integer({ min: 0, max: 400 }),
      budget: fc.integer({ min: longest.budget, max: 3 * longest.budget }),
      latency: fc.integer({ min: 0, max: longest.latency }),
      store: fc.integer({ min: 0, max: 60 }),
    }),
    { minLength: 1, maxLength: 25 },
  );

for (const [longest, fetches] of [
  [{ latency: 400, budget: 2000 }, 1],
  [{ latency: 3000, budget: 50 }, 4],
] as const) {
  const given = `answers within ${longest.latency} ms and budgets from ${longest.budget} ms`;
  test(`however processes come and go, with ${given} there are ${fetches} fetches at most`, async () => {
    await fc.assert(
      fc.asyncProperty(steps(longest), async (all) => {
        const { time, service, store, caches } = setUp(4);
        const source = service.source();
        const outcomes: string[] = [];
        for (const { cache, wait, budget, latency, store: storeLatency } of all) {
          service.latency = latency;
          store.latency = storeLatency;
          Promise.resolve(caches[cache]?.get(source, budget)).then(
            () => outcomes.push('token'),
            (error: unknown) => outcomes.push(error instanceof TokenBudgetError ? 'budget' : 'failure'),
          );
          await time.advance(wait);
        }
        await time.advance(10_000);
        assert.equal(outcomes.length, all.length);
        assert.ok(!outcomes.includes('failure'));
        assert.ok(fetches > 1 || !outcomes.includes('budget'));
        assert.ok(service.fetches <= fetches);
      }),
      { numRuns: 100 },
    );
  });
}
