/** Minutes of traffic with tokens that live for seconds. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { TokenServiceUnreachableError } from './errors.ts';
import type { HeldToken } from './held-token.ts';
import { TokenCache } from './token-cache.ts';
import { TokenMetrics } from './token-metrics.ts';
import { VirtualStore } from './testdata/virtual-store.ts';
import { VirtualTokenService } from './testdata/token-service.ts';
import { VirtualTime } from './testdata/virtual-time.ts';

const MINUTE = 60_000;
const unreachable = () => new TokenServiceUnreachableError('no connection');

/** Numbers from 0 to 1, the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

class Traffic {
  readonly time = new VirtualTime();
  readonly service = new VirtualTokenService(this.time);
  readonly store: VirtualStore | undefined;
  readonly caches: readonly TokenCache[];
  messages = 0;
  waited = 0;
  failed = 0;
  /** Tokens that had ended when a message was given them. */
  ended = 0;

  constructor(replicas = 1, seed = 1) {
    this.store = replicas > 1 ? new VirtualStore(this.time) : undefined;
    this.caches = Array.from({ length: replicas }, (_, index) => {
      const metrics = new TokenMetrics(new Registry());
      return new TokenCache({ clock: this.time, metrics, random: numbers(seed + index), shared: this.store });
    });
  }

  /** A message to every replica. */
  send(budget = 1000): void {
    const source = this.service.source();
    for (const cache of this.caches) {
      this.messages++;
      const held = cache.get(source, budget);
      if (held instanceof Promise) {
        this.waited++;
        held.then(
          (arrived) => this.#check(arrived),
          () => this.failed++,
        );
      } else this.#check(held);
    }
  }

  async run(milliseconds: number, interval: number, each?: (ms: number) => void): Promise<void> {
    for (let ms = 0; ms < milliseconds; ms += interval) {
      each?.(ms);
      this.send();
      await this.time.advance(interval);
    }
  }

  #check(held: HeldToken): void {
    if (this.service.remaining(held) <= 0) this.ended++;
  }
}

test('ten minutes with tokens of five seconds: none has ended, nobody waits after the first, about four fetches in ten seconds', async () => {
  const traffic = new Traffic();
  await traffic.run(10 * MINUTE, 50);
  assert.equal(traffic.messages, 12_000);
  assert.deepEqual([traffic.ended, traffic.failed, traffic.waited], [0, 0, 1]);
  // Each is replaced after 2 to 2.5 s.
  const { fetches } = traffic.service;
  assert.ok(fetches >= 240 && fetches <= 310, `${fetches} fetches`);
});

test('messages that are seldom, but come within the life of a token, do not wait either', async () => {
  const traffic = new Traffic();
  await traffic.run(10 * MINUTE, 4000);
  assert.deepEqual([traffic.ended, traffic.failed, traffic.waited], [0, 0, 1]);
});

test('three replicas over one store fetch no more than one', async () => {
  const traffic = new Traffic(3);
  traffic.send();
  await traffic.time.advance(200);
  assert.equal(traffic.service.fetches, 1);
  await traffic.run(10 * MINUTE, 50);
  assert.deepEqual([traffic.ended, traffic.failed, traffic.waited], [0, 0, 3]);
  const { fetches } = traffic.service;
  assert.ok(fetches >= 240 && fetches <= 310, `${fetches} fetches`);
});

test('a service that fails for a second again and again is not noticed', async () => {
  const traffic = new Traffic();
  await traffic.run(5000, 50);
  await traffic.run(10 * MINUTE, 50, (ms) => {
    traffic.service.failure = ms % 4000 < 1000 ? unreachable : undefined;
  });
  assert.deepEqual([traffic.ended, traffic.failed, traffic.waited], [0, 0, 1]);
});

test('a service that needs two seconds for a token of five: nobody waits after the first ones', async () => {
  const traffic = new Traffic();
  traffic.service.latency = 2000;
  await traffic.run(2100, 50);
  const { waited } = traffic;
  await traffic.run(10 * MINUTE, 50);
  assert.equal(traffic.waited, waited);
  assert.equal(traffic.ended, 0);
});

test('a service that is dead for a minute: clear failures once the token has ended, and recovery by itself', async () => {
  const traffic = new Traffic();
  await traffic.run(5000, 50);
  const { fetches } = traffic.service;
  traffic.service.failure = unreachable;
  await traffic.run(MINUTE, 50);
  const { failed, waited } = traffic;
  assert.ok(failed > 1000 && failed < 1180, `${failed} of 1200 failed`);
  assert.ok(traffic.service.fetches - fetches < 75, 'asked about once a second');
  traffic.service.failure = undefined;
  await traffic.run(1100, 50);
  const recovered = { failed: traffic.failed, waited: traffic.waited };
  await traffic.run(MINUTE, 50);
  assert.deepEqual({ failed: traffic.failed, waited: traffic.waited }, recovered);
  assert.ok(recovered.waited - waited <= 22);
  assert.equal(traffic.ended, 0);
});

test('a clock that leaps does not prolong a token, and costs a wait at most', async () => {
  for (const leap of [-3_600_000, -3000, -500, 500, 3000, 3_600_000]) {
    const traffic = new Traffic();
    let leaps = 0;
    await traffic.run(2 * MINUTE, 50, (ms) => {
      if (ms % 7000 !== 6950) return;
      leaps++;
      traffic.time.leap(leap);
    });
    assert.equal(traffic.ended, 0, `leap by ${leap}`);
    assert.equal(traffic.failed, 0, `leap by ${leap}`);
    assert.ok(traffic.waited <= 1 + 2 * leaps, `leap by ${leap}: ${traffic.waited} waited`);
  }
});

test('a leap of the clock in the middle of a fetch neither prolongs a token nor does lasting harm', async () => {
  for (const leap of [-3_600_000, -10_000, 10_000]) {
    const traffic = new Traffic();
    traffic.send();
    await traffic.time.advance(10);
    traffic.time.leap(leap);
    await traffic.run(6000, 50);
    const { failed } = traffic;
    await traffic.run(20_000, 50);
    assert.deepEqual([traffic.ended, traffic.failed], [0, failed], `leap by ${leap}`);
    assert.ok(leap > 0 || failed === 0, 'a token that seems to have ended already is none');
  }
});

/** The time of day leaps back while a token is on its way that has almost ended when it arrives. */
const LEAP_WHILE_SLOW = [
  { after: 1, kind: 'slow', leap: 0, lifetime: 200 },
  { after: 1, kind: 'leap', leap: -1321, lifetime: 200 },
  { after: 1201, kind: 'fail', leap: 0, lifetime: 200 },
] as const;

test('whatever happens, no message is given a token that has ended', async () => {
  const event = fc.record({
    after: fc.integer({ min: 1, max: 4000 }),
    kind: fc.constantFrom('fail', 'recover', 'slow', 'fast', 'leap', 'storeDown', 'storeUp', 'storeSlow', 'storeFast'),
    leap: fc.integer({ min: -20_000, max: 20_000 }),
    lifetime: fc.integer({ min: 200, max: 20_000 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(1000),
      async (events, replicas, seed) => {
        const traffic = new Traffic(replicas, seed);
        const { service, store, time } = traffic;
        for (const { after, kind, leap, lifetime } of events) {
          service.lifetime = lifetime;
          if (kind === 'fail') service.failure = unreachable;
          if (kind === 'recover') service.failure = undefined;
          if (kind === 'slow') service.latency = 1500;
          if (kind === 'fast') service.latency = 5;
          if (kind === 'leap' && replicas === 1) time.leap(leap);
          if (store !== undefined) {
            if (kind === 'storeDown') store.available = false;
            if (kind === 'storeUp') store.available = true;
            if (kind === 'storeSlow') store.latency = 400;
            if (kind === 'storeFast') store.latency = 1;
          }
          await traffic.run(after, 100);
        }
        assert.equal(traffic.ended, 0);
        // However long it was in trouble: once that is over, it is over.
        Object.assign(service, { failure: undefined, latency: 5, lifetime: 5000 });
        if (store !== undefined) Object.assign(store, { available: true, latency: 1 });
        await traffic.run(8000, 100);
        const { failed } = traffic;
        await traffic.run(3000, 100);
        assert.equal(traffic.failed, failed);
      },
    ),
    { numRuns: 60, examples: [[[...LEAP_WHILE_SLOW], 1, 0]] },
  );
});
