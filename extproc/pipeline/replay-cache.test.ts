import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReplayEntry } from '../wss/exchange-state.ts';
import { ReplayCacheUnavailableError } from './errors.ts';
import { MemoryReplayCache } from './replay-cache.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const entry = (name: string, kind: ReplayEntry['kind'] = 'nonce', ttl = 10 * MINUTE): ReplayEntry => ({
  kind,
  key: createHash('sha256').update(name).digest('base64url'),
  ttl,
});

test('the second time is a replay until the time is over', () => {
  const cache = new MemoryReplayCache();
  assert.equal(cache.remember([entry('a')], START), true);
  assert.equal(cache.remember([entry('a')], START), false);
  assert.equal(cache.remember([entry('a')], START + 10 * MINUTE - 1), false);
  assert.equal(cache.remember([entry('a')], START + 10 * MINUTE), true);
  assert.equal(cache.remember([entry('a')], START + 11 * MINUTE), false);
});

test('a nonce is no signature', () => {
  const cache = new MemoryReplayCache();
  assert.equal(cache.remember([entry('a', 'nonce')], START), true);
  assert.equal(cache.remember([entry('a', 'signature')], START), true);
});

test('all of a message is remembered, or nothing', () => {
  const cache = new MemoryReplayCache();
  cache.remember([entry('b')], START);
  assert.equal(cache.remember([entry('a'), entry('b'), entry('c')], START), false);
  assert.equal(cache.size, 1);
  assert.equal(cache.remember([entry('a'), entry('c')], START), true);
});

test('the same fact twice in one message is one fact', () => {
  const cache = new MemoryReplayCache();
  assert.equal(cache.remember([entry('a'), entry('a')], START), true);
  assert.equal(cache.size, 1);
});

test('a message without facts is nothing to remember', () => {
  const cache = new MemoryReplayCache({ maxEntries: 1 });
  cache.remember([entry('a')], START);
  assert.equal(cache.remember([], START), true);
});

test('a full cache refuses and forgets nothing, until time makes room', () => {
  const cache = new MemoryReplayCache({ maxEntries: 3 });
  cache.remember([entry('a', 'nonce', MINUTE), entry('b')], START);
  assert.throws(() => cache.remember([entry('c'), entry('d')], START), ReplayCacheUnavailableError);
  assert.equal(cache.size, 2);
  cache.remember([entry('c')], START);
  assert.throws(() => cache.remember([entry('d')], START), ReplayCacheUnavailableError);
  assert.equal(cache.remember([entry('a')], START), false, 'a replay is told from a full cache');
  assert.equal(cache.remember([entry('d')], START + MINUTE), true);
  assert.equal(cache.size, 3);
});

test('what has expired is let go', () => {
  const cache = new MemoryReplayCache();
  for (let index = 0; index < 1000; index++) cache.remember([entry(`${index}`, 'nonce', MINUTE)], START + index);
  assert.equal(cache.size, 1000);
  cache.remember([], START + MINUTE + 2000);
  assert.equal(cache.size, 0);
});

test('what has expired is let go also in small steps of time', () => {
  const cache = new MemoryReplayCache();
  let now = START;
  for (let index = 0; index < 1000; index++, now += 7) cache.remember([entry(`${index}`, 'nonce', 1000 + index)], now);
  for (const end = now + 5000; now < end; now += 7) cache.remember([], now);
  assert.equal(cache.size, 0);
});

test('a clock that leaps forward or back keeps what is still valid', () => {
  const cache = new MemoryReplayCache();
  cache.remember([entry('a', 'nonce', 100 * 365 * 24 * 60 * MINUTE)], START);
  cache.remember([entry('b')], START + 50 * 365 * 24 * 60 * MINUTE);
  assert.equal(cache.remember([entry('a')], START), false);
  assert.equal(cache.remember([entry('b')], START), false);
  assert.equal(cache.remember([entry('c')], START), true);
  assert.equal(cache.remember([entry('c')], START + 1), false);
  cache.remember([], START + 11 * MINUTE);
  assert.equal(cache.size, 2, 'c is gone');
  cache.remember([], START + 101 * 365 * 24 * 60 * MINUTE);
  assert.equal(cache.size, 0);
});

test('it answers as a list of all that ever came would', () => {
  const step = fc.record({
    names: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }),
    ttl: fc.integer({ min: 1, max: 5000 }),
    wait: fc.integer({ min: 0, max: 3000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = new MemoryReplayCache();
      const model = new Map<string, number>();
      let now = START;
      for (const { names, ttl, wait } of steps) {
        now += wait;
        const isNew = names.every((name) => (model.get(name) ?? 0) <= now);
        if (isNew) for (const name of names) model.set(name, now + ttl);
        assert.equal(
          cache.remember(
            names.map((name) => entry(name, 'nonce', ttl)),
            now,
          ),
          isNew,
        );
      }
    }),
  );
});
