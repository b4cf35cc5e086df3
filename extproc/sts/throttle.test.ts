import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBudgetError, TokenServiceBusyError } from './errors.ts';
import { FakeTime } from '../../test/support/fake-time.ts';
import { Throttle } from './throttle.ts';

test('requests begin at once while there are few', async () => {
  const time = new FakeTime();
  const throttle = new Throttle({ minInterval: 0, maxConcurrent: 2, ...time.clock });
  await throttle.enter();
  await throttle.enter();
  assert.equal(time.now, 0);
});

test('no more are under way than may be, and they begin in the order in which they came', async () => {
  const time = new FakeTime();
  const throttle = new Throttle({ minInterval: 0, maxConcurrent: 2, ...time.clock });
  const begun: number[] = [];
  const leave: (() => void)[] = [];
  for (let i = 0; i < 5; i++) {
    void throttle.enter().then((left) => {
      begun.push(i);
      leave.push(left);
    });
  }
  await time.settle();
  assert.deepEqual(begun, [0, 1]);
  leave[0]();
  await time.settle();
  assert.deepEqual(begun, [0, 1, 2]);
  leave[1]();
  leave[2]();
  await time.settle();
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
});

test('so much time lies between two beginnings', async () => {
  const time = new FakeTime();
  const throttle = new Throttle({ minInterval: 200, maxConcurrent: 8, ...time.clock });
  const begun: number[] = [];
  for (let i = 0; i < 4; i++) void throttle.enter().then(() => begun.push(time.now));
  await time.advance(1000);
  assert.deepEqual(begun, [0, 200, 400, 600]);
  await throttle.enter();
  assert.equal(time.now, 1000, 'whoever comes later than that need not wait');
});

test('a clock that is set back stretches no pause', async () => {
  const time = new FakeTime();
  time.now = 1_000_000;
  const throttle = new Throttle({ minInterval: 200, maxConcurrent: 8, ...time.clock });
  await throttle.enter();
  time.now = 0;
  let begun = false;
  void throttle.enter().then(() => (begun = true));
  await time.advance(200);
  assert.ok(begun);
});

test('who gives up does not hold up the others', async () => {
  const time = new FakeTime();
  const throttle = new Throttle({ minInterval: 0, maxConcurrent: 1, ...time.clock });
  const leave = await throttle.enter();
  const impatient = new AbortController();
  const gone = throttle.enter(impatient.signal);
  const patient = throttle.enter();
  impatient.abort();
  await assert.rejects(gone, TokenBudgetError);
  await assert.rejects(throttle.enter(impatient.signal), TokenBudgetError, 'nor who has given up before');
  leave();
  await patient;
});

test('an abort after the beginning changes nothing', async () => {
  const time = new FakeTime();
  const throttle = new Throttle({ minInterval: 0, maxConcurrent: 1, ...time.clock });
  const control = new AbortController();
  const leave = await throttle.enter(control.signal);
  assert.equal(getEventListeners(control.signal, 'abort').length, 0);
  control.abort();
  let second = false;
  const next = throttle.enter().then(() => (second = true));
  await time.settle();
  assert.ok(!second, 'the place is taken until it is left');
  leave();
  await next;
});

test('no timer is left when the last one gives up', async () => {
  const time = new FakeTime();
  const throttle = new Throttle({ minInterval: 60_000, maxConcurrent: 1, ...time.clock });
  (await throttle.enter())();
  const impatient = new AbortController();
  const gone = throttle.enter(impatient.signal);
  assert.equal(time.sleepers, 1);
  impatient.abort();
  await assert.rejects(gone, TokenBudgetError);
  await time.settle();
  assert.equal(time.sleepers, 0);
});

test('only so many may wait', async () => {
  const time = new FakeTime();
  const throttle = new Throttle({ minInterval: 0, maxConcurrent: 1, maxWaiting: 2, ...time.clock });
  const leave = await throttle.enter();
  const waiting = [throttle.enter(), throttle.enter()];
  await assert.rejects(throttle.enter(), TokenServiceBusyError);
  leave();
  (await waiting[0])();
  (await waiting[1])();
});

test('whatever comes, goes and gives up, the bounds hold and everybody is served', async () => {
  const request = fc.record({ at: fc.nat(500), takes: fc.nat(300), patience: fc.option(fc.nat(400)) });
  const options = { minInterval: fc.nat(50), maxConcurrent: fc.integer({ min: 1, max: 3 }) };
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 20 }), fc.record(options), async (requests, limits) => {
      const time = new FakeTime();
      const throttle = new Throttle({ ...limits, ...time.clock });
      const begun: number[] = [];
      let underWay = 0;
      let ended = 0;
      for (const { at, takes, patience } of requests) {
        const control = new AbortController();
        void time.clock.sleep(at).then(async () => {
          if (patience !== null) void time.clock.sleep(patience).then(() => control.abort());
          try {
            const leave = await throttle.enter(control.signal);
            begun.push(time.now);
            assert.ok(++underWay <= limits.maxConcurrent);
            await time.clock.sleep(takes);
            underWay--;
            leave();
          } catch (error) {
            assert.ok(error instanceof TokenBudgetError);
          }
          ended++;
        });
      }
      await time.advance(20_000);
      assert.equal(ended, requests.length);
      begun.slice(1).forEach((beginning, i) => assert.ok(beginning - begun[i] >= limits.minInterval));
    }),
    { numRuns: 50 },
  );
});
