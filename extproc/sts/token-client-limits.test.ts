/** What a token service may cost that is slow, dead or wrong. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { FakeTime } from '../../test/support/fake-time.ts';
import { tokenService, trustSource } from '../../test/support/token-services.ts';
import { fault } from '../../test/support/trust-responder.ts';
import {
  TokenAnswerError,
  TokenBudgetError,
  TokenServiceFaultError,
  TokenServiceOpenError,
  TokenServiceStatusError,
  TokenServiceUnreachableError,
} from './errors.ts';
import { TokenClient } from './token-client.ts';
import { TokenMetrics } from './token-metrics.ts';
import { USER, TEXT, cleanUp, responder, clientOf, count, failure } from './testdata/token-clients.ts';

test('a service that fails now and then is asked again', async () => {
  const sts = await responder();
  sts.instead = () => (sts.questions.length % 3 === 0 ? undefined : { status: 503, body: '' });
  const { client, registry } = clientOf(sts.url, {}, { retryAttempts: 2 });
  for (let i = 0; i < 4; i++) await client.issue(USER, undefined);
  assert.equal(sts.questions.length, 12);
  const line = 'waxseal_token_requests_total{service="shop/sts",operation="Issue",result=';
  assert.equal(await count(registry, `${line}"status"}`), '8');
  assert.equal(await count(registry, `${line}"ok"}`), '4');
  assert.equal(await count(registry, 'waxseal_token_request_duration_seconds_count{service="shop/sts"}'), '12');
});

test('Cancel is tried only once', async () => {
  const sts = await responder();
  const { client } = clientOf(sts.url, {}, { retryAttempts: 5 });
  const held = await client.issue(USER, undefined);
  sts.instead = () => ({ status: 503, body: '' });
  assert.ok((await failure(client.cancel(held, USER))) instanceof TokenServiceStatusError);
  assert.equal(sts.questions.length, 2);
});

test('a dead service is left alone, and asked once in a while; when it is back it is used again', async () => {
  const first = await responder();
  const { client, time, registry } = clientOf(first.url, {}, { circuitBreaker: { failures: 3, openFor: 10_000 } });
  await client.issue(USER, undefined);
  await first.close();
  for (let i = 0; i < 3; i++) {
    assert.ok((await failure(client.issue(USER, undefined))) instanceof TokenServiceUnreachableError);
  }
  assert.ok((await failure(client.issue(USER, undefined))) instanceof TokenServiceOpenError);
  assert.equal(await count(registry, 'waxseal_token_circuit_open{service="shop/sts"}'), '1');
  time.now += 10_000;
  assert.ok((await failure(client.issue(USER, undefined))) instanceof TokenServiceUnreachableError);
  const second = await responder(first.port);
  assert.ok((await failure(client.issue(USER, undefined))) instanceof TokenServiceOpenError);
  assert.equal(second.questions.length, 0);
  time.now += 10_000;
  await client.issue(USER, undefined);
  assert.equal(await count(registry, 'waxseal_token_circuit_open{service="shop/sts"}'), '0');
  assert.equal(second.questions.length, 1);
});

test('those who wait for their turn are told at once when the circuit opens', async () => {
  const sts = await responder();
  sts.instead = () => () => undefined;
  const settings = {
    ...{ connectionTimeout: 100, throttle: { minInterval: 0, maxConcurrent: 1 } },
    circuitBreaker: { failures: 1, openFor: 10_000 },
  };
  const { client } = clientOf(sts.url, {}, settings);
  const errors = await Promise.all(Array.from({ length: 5 }, () => failure(client.issue(USER, undefined))));
  const names = errors.map(({ name }) => name);
  assert.deepEqual(names, ['TokenServiceTimeoutError', ...Array<string>(4).fill('TokenServiceOpenError')]);
  assert.equal(sts.questions.length, 1);
});

test('Faults and answers that make no sense do not open the circuit breaker', async () => {
  const sts = await responder();
  const { client } = clientOf(sts.url, {}, { circuitBreaker: { failures: 2, openFor: 10_000 } });
  for (const code of ['FailedAuthentication', 'RequestFailed', 'Whatever']) {
    sts.instead = ({ soap }) => fault(soap, code);
    for (let i = 0; i < 3; i++) {
      assert.ok((await failure(client.issue(USER, undefined))) instanceof TokenServiceFaultError);
    }
  }
  sts.instead = () => ({ body: 'nonsense' });
  for (let i = 0; i < 3; i++) {
    assert.ok((await failure(client.issue(USER, undefined))) instanceof TokenAnswerError);
  }
  sts.instead = () => undefined;
  await client.issue(USER, undefined);
});

test('statuses that speak of trouble open the circuit, others do not, and any answer begins the count anew', async () => {
  const sts = await responder();
  const circuitBreaker = { failures: 2, openFor: 10_000 };
  const isOpenAfter = async (...statuses: readonly (number | 'nonsense')[]): Promise<boolean> => {
    const { client } = clientOf(sts.url, {}, { circuitBreaker });
    for (const status of statuses) {
      sts.instead = () => (status === 'nonsense' ? { body: status } : { status, body: '' });
      await failure(client.issue(USER, undefined));
    }
    sts.instead = () => undefined;
    return client.issue(USER, undefined).then(
      () => false,
      (error: unknown) => error instanceof TokenServiceOpenError,
    );
  };
  assert.ok(await isOpenAfter(503, 500));
  assert.ok(await isOpenAfter(429, 502));
  assert.ok(!(await isOpenAfter(404, 404, 401)));
  assert.ok(!(await isOpenAfter(503, 404, 503)));
  assert.ok(!(await isOpenAfter(503, 'nonsense', 503)));
});

test('who gives up in the half-open circuit does not keep it open', async () => {
  const sts = await responder();
  const settings = {
    circuitBreaker: { failures: 1, openFor: 10_000 },
    throttle: { minInterval: 0, maxConcurrent: 1 },
  };
  const { client, time } = clientOf(sts.url, {}, settings);
  sts.instead = () => ({ status: 503, body: '' });
  await failure(client.issue(USER, undefined));
  time.now += 10_000;
  sts.instead = () => () => undefined;
  const control = new AbortController();
  const trial = failure(client.issue(USER, undefined, control.signal));
  while (sts.questions.length < 2) await setTimeout(1);
  const meanwhile = await failure(client.issue(USER, undefined));
  assert.ok(meanwhile instanceof TokenServiceOpenError, 'told at once, without waiting for its turn');
  control.abort();
  assert.ok((await trial) instanceof TokenBudgetError);
  sts.instead = () => undefined;
  await client.issue(USER, undefined);
});

test('a slow service costs only its own callers, and only so many at a time ask it', async () => {
  const slow = await responder();
  let most = 0;
  let open = 0;
  slow.instead = (question) => (response) => {
    most = Math.max(most, ++open);
    void setTimeout(40).then(() => {
      open--;
      response.writeHead(200, { 'content-type': 'application/soap+xml' }).end(slow.right(question).body);
    });
  };
  const quick = await responder();
  const throttle = { minInterval: 0, maxConcurrent: 2 };
  const waiting = clientOf(slow.url, {}, { throttle }).client;
  const all = Promise.all(Array.from({ length: 8 }, () => waiting.issue(USER, undefined)));
  let done = false;
  void all.then(() => (done = true));
  await clientOf(quick.url).client.issue(USER, undefined);
  assert.ok(!done);
  await all;
  assert.equal(most, 2);
});

test('who waits for the turn may give up', async () => {
  const sts = await responder();
  const time = new FakeTime();
  const throttle = { minInterval: 60_000, maxConcurrent: 1 };
  const service = tokenService(trustSource({ url: sts.url, ...TEXT }), { throttle });
  const registry = new Registry();
  const now = Date.now();
  const client = new TokenClient(service, {
    now: () => now + time.now,
    sleep: time.clock.sleep,
    metrics: new TokenMetrics(registry),
  });
  cleanUp.push(() => client.close());
  await client.issue(USER, undefined);
  const control = new AbortController();
  const waiting = failure(client.issue(USER, undefined, control.signal));
  control.abort();
  assert.ok((await waiting) instanceof TokenBudgetError);
  assert.equal(sts.questions.length, 1);
  const line = 'waxseal_token_requests_total{service="shop/sts",operation="Issue",result="budget"}';
  assert.equal(await count(registry, line), '1');
  assert.equal(await count(registry, 'waxseal_token_request_duration_seconds_count{service="shop/sts"}'), '1');
});

test('when it is closed, what is under way and what waits fails, and nothing of it is left in the metrics', async () => {
  const sts = await responder();
  sts.instead = () => () => undefined;
  const settings = { retryAttempts: 3, throttle: { minInterval: 0, maxConcurrent: 1 } };
  const { client, registry } = clientOf(sts.url, {}, settings);
  const both = [failure(client.issue(USER, undefined)), failure(client.issue(USER, undefined))];
  while (sts.questions.length < 1) await setTimeout(1);
  await client.close();
  for (const error of await Promise.all(both)) assert.ok(error instanceof TokenBudgetError, error.name);
  assert.equal(sts.questions.length, 1);
  assert.equal(await count(registry, 'waxseal_token_circuit_open'), undefined);
});
