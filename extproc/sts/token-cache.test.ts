import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { TokenAnswerError, TokenBudgetError, TokenServiceFaultError, TokenServiceUnreachableError } from './errors.ts';
import type { HeldToken } from './held-token.ts';
import { TokenCache, type TokenCacheOptions } from './token-cache.ts';
import { TokenMetrics } from './token-metrics.ts';
import { nameOf, SETTINGS, VirtualTokenService } from './testdata/token-service.ts';
import { VirtualTime } from './testdata/virtual-time.ts';

function setUp(options: Partial<TokenCacheOptions> = {}) {
  const time = new VirtualTime();
  const service = new VirtualTokenService(time);
  const registry = new Registry();
  const cache = new TokenCache({ clock: time, metrics: new TokenMetrics(registry), random: () => 0, ...options });
  const count = async (name: string, result?: string): Promise<number> => {
    const metric = await registry.getSingleMetric(`waxseal_token_${name}_total`)?.get();
    const values = metric?.values.filter(({ labels }) => result === undefined || labels.result === result) ?? [];
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  /** What a promise that time must go by for comes to. */
  const wait = async <T>(promise: T | Promise<T>, milliseconds = 1000): Promise<T> => {
    const settled = Promise.resolve(promise);
    settled.catch(() => undefined);
    await time.advance(milliseconds);
    return settled;
  };
  return { time, service, cache, count, wait };
}

const unreachable = () => new TokenServiceUnreachableError('no connection');
const rejected = () => new TokenServiceFaultError('FailedAuthentication');

test('any number of callers cost one fetch, and then nobody waits', async () => {
  const { service, cache, wait, count } = setUp();
  const source = service.source();
  const all = await wait(Promise.all(Array.from({ length: 200 }, async () => cache.get(source, 1000))));
  assert.equal(service.fetches, 1);
  assert.equal(new Set(all).size, 1);
  assert.equal(cache.get(source, 1000), all[0]);
  assert.deepEqual([await count('cache_lookups', 'issued'), await count('cache_lookups', 'waited')], [1, 199]);
  assert.equal(await count('cache_lookups', 'memory'), 1);
});

test('sources have nothing to do with each other', async () => {
  const { service, cache, wait } = setUp();
  const [a, b] = [service.source({ key: 'a' }), service.source({ key: 'b' })];
  assert.notEqual(nameOf(await wait(cache.get(a, 1000))), nameOf(await wait(cache.get(b, 1000))));
  assert.equal(service.fetches, 2);
});

test('the end of one caller’s budget is nobody else’s, and the token is there for the next one', async () => {
  const { time, service, cache } = setUp();
  const source = service.source();
  service.latency = 500;
  const short = Promise.resolve(cache.get(source, 100));
  const long = Promise.resolve(cache.get(source, 1000));
  const rejects = assert.rejects(short, TokenBudgetError);
  await time.advance(100);
  await rejects;
  await time.advance(400);
  assert.equal(nameOf(await long).trim(), 'token 1');

  const abandoned = assert.rejects(Promise.resolve(cache.get(service.source({ key: 'other' }), 10)), TokenBudgetError);
  await time.advance(1000);
  await abandoned;
  assert.ok(!(cache.get(service.source({ key: 'other' }), 1000) instanceof Promise));
  assert.equal(service.fetches, 2);
});

test('without a ttl every caller has its own token', async () => {
  const { service, cache, wait, count } = setUp();
  const source = service.source({ settings: { ...SETTINGS, ttl: 0 } });
  const tokens = await wait(Promise.all([1, 2].map(async () => cache.get(source, 1000))));
  await wait(cache.get(source, 1000));
  assert.equal(new Set(tokens).size, 2);
  assert.equal(service.fetches, 3);
  assert.equal(await count('cache_lookups', 'issued'), 3);
  assert.deepEqual(cache.size, { entries: 0, bytes: 0 });
});

test('without a ttl, too, wrong credentials are not tried by every message', async () => {
  const { service, cache, wait } = setUp();
  const source = service.source({ settings: { ...SETTINGS, ttl: 0 } });
  service.failure = rejected;
  await assert.rejects(wait(cache.get(source, 1000)), TokenServiceFaultError);
  await assert.rejects(wait(cache.get(source, 1000)), TokenServiceFaultError);
  assert.equal(service.fetches, 1);
  service.failure = unreachable;
  await wait(undefined, 5000);
  await assert.rejects(wait(cache.get(source, 1000)), TokenServiceUnreachableError);
  await assert.rejects(wait(cache.get(source, 1000)), TokenServiceUnreachableError);
  assert.equal(service.fetches, 3);
});

for (const [failure, memory] of [
  [unreachable, 1000],
  [rejected, 5000],
] as const) {
  test(`${failure().message}: not asked again for ${memory} ms, and then at once`, async () => {
    const { time, service, cache, wait, count } = setUp();
    const source = service.source();
    service.failure = failure;
    service.latency = 0;
    await assert.rejects(wait(cache.get(source, 1000), 0), failure().constructor);
    for (let ms = 0; ms < memory; ms += 100) {
      await assert.rejects(wait(cache.get(source, 1000), 0), failure().constructor);
      await time.advance(100);
    }
    assert.equal(service.fetches, 1);
    service.failure = undefined;
    await wait(cache.get(source, 1000), 0);
    assert.equal(service.fetches, 2);
    assert.equal(await count('cache_lookups', 'failed'), 1 + memory / 100);
  });
}

test('the ttl caps the life of a token', async () => {
  const { time, service, cache, wait } = setUp();
  service.lifetime = 3_600_000;
  const source = service.source({ settings: { ttl: 10_000, refreshBefore: 0, staleOnError: true } });
  const { expires, obtained } = await wait(cache.get(source, 1000));
  assert.equal(expires - obtained, 10_000);
  service.failure = unreachable;
  await time.advance(7_900);
  assert.ok(!(cache.get(source, 1000) instanceof Promise));
  await time.advance(200);
  await assert.rejects(wait(cache.get(source, 1000)), TokenServiceUnreachableError);
});

test('a token that has ended on its way is none', async () => {
  const { service, cache, wait } = setUp();
  service.lifetime = 500;
  service.latency = 460;
  await assert.rejects(wait(cache.get(service.source(), 1000)), TokenAnswerError);
  service.lifetime = -1;
  await assert.rejects(
    wait(cache.get(service.source({ key: 'x', settings: { ...SETTINGS, ttl: 0 } }), 1000)),
    TokenAnswerError,
  );
});

test('a token from the future, as the clock was set back meanwhile, lives no longer than others', async () => {
  const { time, service, cache, wait } = setUp();
  const first = Promise.resolve(cache.get(service.source(), 1000));
  await time.advance(10);
  time.leap(-3_600_000);
  const held = await wait(first, 10);
  assert.equal(held.expires, time.now() - 20 + 5000);
});

test('while the service fails a valid token goes on to be used, and the service is asked again and again', async () => {
  const { time, service, cache, wait, count } = setUp();
  service.lifetime = 60_000;
  const source = service.source();
  const held = await wait(cache.get(source, 1000), 20);
  service.failure = unreachable;
  for (let ms = 0; ms < 58_000; ms += 100) {
    assert.equal(cache.get(source, 1000), held);
    await time.advance(100);
  }
  assert.ok(service.fetches > 5 && service.fetches < 20, `${service.fetches} fetches`);
  assert.equal(await count('refreshes', 'failed'), service.fetches - 1);
  assert.ok((await count('cache_lookups', 'stale')) > 250);
  await time.advance(1500);
  await assert.rejects(wait(cache.get(source, 1000)), TokenServiceUnreachableError);
  service.failure = undefined;
  await time.advance(1000);
  await wait(cache.get(source, 1000));
  assert.ok(!(cache.get(source, 1000) instanceof Promise));
});

test('a service that says no while a token is valid is asked again only seldom', async () => {
  const { time, service, cache, wait } = setUp();
  service.lifetime = 600_000;
  const source = service.source({ settings: { ...SETTINGS, refreshBefore: 300_000 } });
  await wait(cache.get(source, 1000), 20);
  service.failure = rejected;
  for (let ms = 0; ms < 500_000; ms += 1000) {
    assert.ok(!(cache.get(source, 1000) instanceof Promise));
    await time.advance(1000);
  }
  // After 5, 10, 20, 40 s and then every minute, and not after each message.
  assert.ok(service.fetches - 1 <= 9, `${service.fetches} fetches`);
});

test('with staleOnError false a failed refresh is the callers’ failure', async () => {
  const { time, service, cache, wait } = setUp();
  service.lifetime = 60_000;
  const source = service.source({ settings: { ...SETTINGS, staleOnError: false } });
  const held = await wait(cache.get(source, 1000), 20);
  service.failure = unreachable;
  assert.equal(cache.get(source, 1000), held);
  await time.advance(31_000);
  await assert.rejects(wait(cache.get(source, 1000)), TokenServiceUnreachableError);
  service.failure = undefined;
  await time.advance(1000);
  const next = await wait(cache.get(source, 1000));
  assert.notEqual(next, held);
  assert.equal(service.previous.at(-1), held);
});

test('a refresh is told which token it replaces, a first fetch and one after the end are not', async () => {
  const { time, service, cache, wait } = setUp();
  const source = service.source();
  const first = await wait(cache.get(source, 1000), 20);
  assert.equal(cache.get(source, 1000), first);
  await time.advance(2600);
  await time.advance(10_000);
  await wait(cache.get(source, 1000));
  assert.deepEqual(service.previous, [undefined, first, undefined]);
});

test('an idle source is refreshed once after its last use, and never again', async () => {
  const { time, service, cache, wait } = setUp();
  await wait(cache.get(service.source(), 1000));
  await time.advance(600_000);
  assert.equal(service.fetches, 2);
  assert.equal(time.pending, 0);
});

test('a token that a backend refused is given out no more, and one that took its place stays', async () => {
  const { service, cache, wait, count } = setUp();
  const source = service.source();
  const first = await wait(cache.get(source, 1000), 20);
  await cache.invalidate(source, first);
  assert.equal(cache.current(source), undefined);
  const second = await wait(cache.get(source, 1000), 20);
  assert.notEqual(second, first);
  await cache.invalidate(source, first);
  assert.equal(cache.get(source, 1000), second);
  assert.deepEqual(service.previous, [undefined, undefined]);
  assert.equal(await count('invalidations'), 2);
});

test('memory is bounded in entries and in bytes; what was used last stays', async () => {
  const { time, service, cache } = setUp({ maxEntries: 10, maxBytes: 100_000 });
  const get = async (key: string, bytes: number) => {
    const source = service.source({ key, fetch: (previous) => service.issue(previous, bytes) });
    const held = Promise.resolve(cache.get(source, 1000));
    await time.advance(20);
    return held;
  };
  for (let i = 0; i < 50; i++) await get(`small ${i}`, 10);
  assert.equal(cache.size.entries, 10);
  assert.equal(service.fetches, 50);
  await get('small 49', 10);
  assert.equal(service.fetches, 50);
  for (let i = 0; i < 50; i++) await get(`large ${i}`, 30_000);
  assert.equal(cache.size.entries, 3);
  assert.ok(cache.size.bytes <= 100_000);
  // It is given to those who wait for it all the same.
  assert.equal((await get('huge', 200_000)).token.bytes.length, 200_000);
  assert.ok(cache.size.bytes <= 100_000);
  await cache.close();
});

test('bytes are counted again for every token of a source', async () => {
  const { time, service, cache, wait } = setUp();
  let bytes = 10;
  const source = service.source({ fetch: (previous) => service.issue(previous, bytes) });
  await wait(cache.get(source, 1000), 20);
  const before = cache.size.bytes;
  bytes = 10_010;
  assert.ok(!(cache.get(source, 1000) instanceof Promise));
  await time.advance(3000);
  assert.equal(cache.size.bytes, before + 10_000);
});

test('what was let go asks for nothing any more', async () => {
  const { time, service, cache, wait } = setUp();
  await wait(cache.get(service.source({ key: 'old', version: '1' }), 1000));
  await wait(cache.get(service.source({ key: 'new', version: '2' }), 1000));
  cache.retain(new Set(['2']));
  assert.equal(cache.size.entries, 1);
  await time.advance(60_000);
  assert.equal(service.fetches, 3);
});

test('closing ends what is under way', async () => {
  const { time, cache, service } = setUp();
  const aborted: unknown[] = [];
  const source = service.source({
    fetch: (_previous, signal) =>
      new Promise<HeldToken>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted.push(signal.reason);
          reject(new TokenBudgetError('closed'));
        });
      }),
  });
  const waiting = assert.rejects(Promise.resolve(cache.get(source, 1000)), TokenBudgetError);
  await time.advance(10);
  await cache.close();
  await waiting;
  assert.equal(aborted.length, 1);
  await assert.rejects(Promise.resolve(cache.get(service.source({ key: 'late' }), 1000)), TokenBudgetError);
  assert.equal(service.fetches, 0);
  assert.equal(time.pending, 0);
});
