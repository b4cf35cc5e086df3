import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OverloadError } from './errors.ts';
import { TokenWaits } from './token-waits.ts';

function pending<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  return Promise.withResolvers<T>();
}

test('as many messages of one service wait as may, and others of another', async () => {
  const waits = new TokenWaits({ maxMessages: 2, maxBytes: 100 });
  const token = pending<string>();
  const first = waits.wait('a/sts', 10, token.promise);
  const second = waits.wait('a/sts', 10, token.promise);
  await assert.rejects(waits.wait('a/sts', 10, token.promise), OverloadError);
  const other = waits.wait('b/sts', 10, token.promise);
  token.resolve('token');
  assert.deepEqual(await Promise.all([first, second, other]), ['token', 'token', 'token']);
});

test('bytes count as well, and room is given back whether there was a token or not', async () => {
  const waits = new TokenWaits({ maxMessages: 10, maxBytes: 100 });
  const failing = pending<string>();
  const first = waits.wait('a/sts', 60, failing.promise);
  await assert.rejects(waits.wait('a/sts', 60, Promise.resolve('token')), OverloadError);
  failing.reject(new Error('no token'));
  await assert.rejects(first, /no token/);
  assert.equal(await waits.wait('a/sts', 60, Promise.resolve('token')), 'token');
});

test('a message that may not wait does not leave a rejection behind', async () => {
  const waits = new TokenWaits({ maxMessages: 0, maxBytes: 100 });
  await assert.rejects(waits.wait('a/sts', 1, Promise.reject(new Error('later'))), OverloadError);
  await new Promise((resolve) => setImmediate(resolve));
});
