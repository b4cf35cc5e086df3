import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
import { WorkQueue, type WorkQueueOptions } from './queue.ts';

const BACKOFF = { baseMs: 2, maxMs: 8 };

function queueOf(
  process: (key: string) => Promise<void>,
  options: Partial<WorkQueueOptions<string>> = {},
): { queue: WorkQueue<string>; failures: [string, number][]; idle: () => Promise<void> } {
  const failures: [string, number][] = [];
  const queue = new WorkQueue<string>({
    process,
    concurrency: 4,
    backoff: BACKOFF,
    onFailure: (key, _error, count) => failures.push([key, count]),
    ...options,
  });
  const idle = async (): Promise<void> => {
    while (queue.depth + queue.active > 0) await sleep(1);
  };
  return { queue, failures, idle };
}

void test('a key that is added often is worked on once', async () => {
  const done: string[] = [];
  const { queue, idle } = queueOf(async (key) => void done.push(await Promise.resolve(key)), { coalesceMs: 5 });
  for (let i = 0; i < 100; i++) for (const key of ['a', 'b']) queue.add(key);
  assert.equal(queue.depth, 2);
  await idle();
  assert.deepEqual(done, ['a', 'b']);
});

void test('a key that is added while it is worked on is worked on once more, never twice at a time', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const { queue, idle } = queueOf(async () => {
    most = Math.max(most, ++running);
    runs++;
    if (runs === 1) for (let i = 0; i < 10; i++) queue.add('a');
    await sleep(2);
    running--;
  });
  queue.add('a');
  await idle();
  assert.deepEqual({ most, runs }, { most: 1, runs: 2 });
});

void test('no more keys are worked on at a time than the concurrency', async () => {
  let running = 0;
  let most = 0;
  const { queue, idle } = queueOf(
    async () => {
      most = Math.max(most, ++running);
      await sleep(1);
      running--;
    },
    { concurrency: 3 },
  );
  for (let i = 0; i < 50; i++) queue.add(String(i));
  await idle();
  assert.equal(most, 3);
});

void test('what fails is tried again until it succeeds, and others do not wait for it', async () => {
  let attempts = 0;
  const done: string[] = [];
  const { queue, failures, idle } = queueOf(async (key) => {
    await Promise.resolve();
    if (key === 'bad' && ++attempts < 4) throw new Error('not yet');
    done.push(key);
  });
  queue.add('bad');
  queue.add('good');
  await idle();
  assert.deepEqual(done, ['good', 'bad']);
  assert.deepEqual(failures, [
    ['bad', 1],
    ['bad', 2],
    ['bad', 3],
  ]);
  assert.deepEqual({ retries: queue.retries, failing: queue.failing }, { retries: 3, failing: 0 });
});

void test('a change does not wait for the end of a back-off', async () => {
  let attempts = 0;
  const { queue, idle } = queueOf(
    async () => {
      await Promise.resolve();
      if (++attempts === 1) throw new Error('once');
    },
    { backoff: { baseMs: 1_000_000, maxMs: 1_000_000 } },
  );
  queue.add('a');
  while (queue.failing === 0) await sleep(1);
  assert.deepEqual({ depth: queue.depth, active: queue.active }, { depth: 1, active: 0 });
  queue.add('a');
  await idle();
  assert.equal(attempts, 2);
});

void test('a forgotten key is not tried again, neither while it waits nor while it is worked on', async () => {
  let attempts = 0;
  const { queue, failures, idle } = queueOf(async (key) => {
    attempts++;
    await sleep(2);
    if (key === 'running') queue.forget(key);
    throw new Error('always');
  });
  queue.add('running');
  await idle();
  assert.deepEqual({ attempts, failures }, { attempts: 1, failures: [] });
  queue.add('waiting');
  while (queue.failing === 0) await sleep(1);
  queue.forget('waiting');
  assert.deepEqual({ depth: queue.depth, failing: queue.failing }, { depth: 0, failing: 0 });
});

void test('drain waits for what is under way and begins nothing more', async () => {
  const done: string[] = [];
  const { queue } = queueOf(
    async (key) => {
      await sleep(5);
      done.push(key);
    },
    { concurrency: 1 },
  );
  for (const key of ['a', 'b', 'c']) queue.add(key);
  while (queue.active === 0) await sleep(1);
  queue.add('a');
  await queue.drain();
  queue.add('d');
  await sleep(20);
  assert.deepEqual(done, ['a']);
  assert.deepEqual({ depth: queue.depth, active: queue.active }, { depth: 0, active: 0 });
});

void test('the back-off doubles up to its maximum and is spread over its upper half', () => {
  const backoff = { baseMs: 100, maxMs: 1000 };
  const full = [1, 2, 3, 4, 5, 5000].map((failures) => backoffMs(failures, backoff, 0.999999));
  assert.deepEqual(full.map(Math.round), [100, 200, 400, 800, 1000, 1000]);
  assert.equal(backoffMs(1, backoff, 0), 50);
});
