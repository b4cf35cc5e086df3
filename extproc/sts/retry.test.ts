import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  NoCredentialError,
  TokenAnswerError,
  TokenBudgetError,
  TokenServiceBusyError,
  TokenServiceFaultError,
  TokenServiceOpenError,
  TokenServiceStatusError,
  TokenServiceUnreachableError,
} from './errors.ts';
import { retry, type RetryOptions } from './retry.ts';

/** Fails with each of `errors` in turn, then succeeds. */
function failing(errors: readonly Error[], options: Partial<RetryOptions> = {}) {
  const pauses: number[] = [];
  let calls = 0;
  const answer = retry(
    () => {
      const error = errors[calls++];
      return error === undefined ? Promise.resolve('token') : Promise.reject(error);
    },
    {
      attempts: 2,
      random: () => 1,
      sleep: (milliseconds) => {
        pauses.push(milliseconds);
        return Promise.resolve();
      },
      ...options,
    },
  );
  return { answer, pauses, calls: () => calls };
}

const unreachable = new TokenServiceUnreachableError('gone');

test('what may go better is tried again', async () => {
  const { answer, calls } = failing([unreachable, new TokenServiceStatusError(503)]);
  assert.equal(await answer, 'token');
  assert.equal(calls(), 3);
});

test('it is tried so often and no more, and the last failure is told', async () => {
  const last = new TokenServiceStatusError(502);
  const { answer, calls } = failing([unreachable, unreachable, last, unreachable]);
  await assert.rejects(answer, last);
  assert.equal(calls(), 3);
});

test('with no attempts it is tried once', async () => {
  const { answer, calls } = failing([unreachable], { attempts: 0 });
  await assert.rejects(answer, unreachable);
  assert.equal(calls(), 1);
});

for (const error of [
  new TokenServiceFaultError('FailedAuthentication'),
  new TokenServiceStatusError(404),
  new TokenAnswerError('nonsense'),
  new NoCredentialError('nothing'),
  new TokenServiceOpenError('open'),
  new TokenServiceBusyError('busy'),
  new TokenBudgetError('late'),
  new TypeError('a bug'),
]) {
  test(`${error.name} (${error.message}) is not tried again`, async () => {
    const { answer, calls } = failing([error]);
    await assert.rejects(answer, error);
    assert.equal(calls(), 1);
  });
}

test('the bound of the pauses doubles from 100 ms to 2 s', async () => {
  const { answer, pauses } = failing(Array(8).fill(unreachable) as Error[], { attempts: 7 });
  await assert.rejects(answer, unreachable);
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 2000, 2000]);
});

test('a pause is anything below its bound', async () => {
  const { pauses, answer } = failing([unreachable, unreachable], { random: () => 0.25 });
  await answer;
  assert.deepEqual(pauses, [25, 50]);
});

test('when the time is up it is not tried again', async () => {
  const control = new AbortController();
  const { answer, calls } = failing([unreachable], {
    signal: control.signal,
    sleep: (_milliseconds, signal) => {
      control.abort();
      assert.equal(signal, control.signal);
      return Promise.reject(new Error('aborted'));
    },
  });
  await assert.rejects(answer, unreachable, 'and what is told is why there is no token');
  assert.equal(calls(), 1);
  const over = failing([unreachable], { signal: control.signal });
  await assert.rejects(over.answer, unreachable);
  assert.deepEqual(over.pauses, []);
});
