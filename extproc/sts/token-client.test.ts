import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Registry } from 'prom-client';
import { FakeTime } from '../../test/support/fake-time.ts';
import { createPki } from '../../test/support/pki.ts';
import { keyCredential, tokenService, trustSource, userCredential } from '../../test/support/token-services.ts';
import { fault, TrustResponder } from '../../test/support/trust-responder.ts';
import { ADDRESSING_DEFAULT } from '../wss/settings.ts';
import {
  NoCallerTokenError,
  NoCredentialError,
  TokenAnswerError,
  TokenBudgetError,
  TokenServiceFaultError,
  TokenServiceOpenError,
  TokenServiceStatusError,
  TokenServiceTimeoutError,
  TokenServiceUnreachableError,
} from './errors.ts';
import type { TokenServiceSettings, WsTrustSettings } from './settings.ts';
import { TokenClient } from './token-client.ts';
import { TokenMetrics } from './token-metrics.ts';

const USER = userCredential('warehouse', 'pässword & <more>');
const TEXT = { usernameToken: { passwordType: 'Text', nonce: false, created: false } } as const;

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function responder(port?: number): Promise<TrustResponder> {
  const sts = await TrustResponder.start(port);
  cleanUp.push(() => sts.close());
  return sts;
}

/** A client whose pauses take no time, and whose clock shows `time`. */
function clientOf(
  url: string,
  source: Partial<WsTrustSettings> = {},
  settings: Partial<TokenServiceSettings> = {},
  time: { now: number } = { now: Date.now() },
) {
  const registry = new Registry();
  const service = tokenService(trustSource({ url, ...TEXT, ...source }), settings);
  const client = new TokenClient(service, {
    now: () => time.now,
    metrics: new TokenMetrics(registry),
    sleep: () => Promise.resolve(),
  });
  cleanUp.push(() => client.close());
  return { client, registry, time };
}

async function count(registry: Registry, line: string): Promise<string | undefined> {
  const text = await registry.metrics();
  return text
    .split('\n')
    .find((each) => each.startsWith(line))
    ?.split(' ')
    .at(-1);
}

/** @returns it, after seeing that it tells nothing of the request */
async function failure(answer: Promise<unknown>): Promise<Error> {
  const error: unknown = await answer.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error);
  const told = inspect(error).split('\n    at ', 1)[0] + error.message;
  assert.doesNotMatch(told, /127\.0\.0\.1|tenant|warehouse|pässword|more>|elsewhere|http:|:\d{4}/);
  return error;
}

for (const [soapVersion, type, action] of [
  ['1.1', 'text/xml; charset=utf-8', '"http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue"'],
  [
    '1.2',
    'application/soap+xml; charset=utf-8; action="http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue"',
    undefined,
  ],
] as const) {
  test(`SOAP ${soapVersion}: where the action stands`, async () => {
    const sts = await responder();
    const held = await clientOf(sts.url, { soapVersion }).client.issue(USER, undefined);
    assert.match(Buffer.from(held.token.bytes).toString(), /^<a:Assertion .*<\/a:Assertion>$/);
    const [{ headers, method }] = sts.questions;
    assert.deepEqual([method, headers['content-type'], headers.soapaction], ['POST', type, action]);
  });
}

test('WS-Addressing: what is left to us, and what is given', async () => {
  const sts = await responder();
  const left = { action: ADDRESSING_DEFAULT, to: ADDRESSING_DEFAULT, messageId: ADDRESSING_DEFAULT } as const;
  const head = { version: '1.0', mustUnderstand: false } as const;
  await clientOf(sts.url, { addressing: { ...head, ...left } }).client.issue(USER, undefined);
  const given = { action: 'urn:own"action', to: 'urn:to', messageId: 'urn:id' };
  await clientOf(sts.url, { soapVersion: '1.1', addressing: { ...head, ...given } }).client.issue(USER, undefined);
  const [{ body: first }, { body: second, headers }] = sts.questions;
  assert.match(first, /:Action [^>]*>http:[^<]*\/RST\/Issue</);
  assert.match(first, /:To [^>]*>http:\/\/127\.0\.0\.1:\d+\/sts\/tenant</);
  assert.match(first, /:MessageID [^>]*>urn:uuid:[0-9a-f-]{36}</);
  assert.match(second, /:Action [^>]*>urn:own"action<.*:MessageID [^>]*>urn:id<.*:To [^>]*>urn:to</);
  assert.equal(headers.soapaction, '"urn:own\\"action"', 'the same action in both places');
});

test('an answer to another request is refused', async () => {
  const sts = await responder();
  sts.instead = (question) => {
    const relates =
      '<s:Header><w:RelatesTo xmlns:w="http://www.w3.org/2005/08/addressing">urn:uuid:other</w:RelatesTo></s:Header>';
    return { body: sts.right(question).body.replace('<s:Body>', `${relates}<s:Body>`) };
  };
  const addressing = { version: '1.0', mustUnderstand: false, messageId: ADDRESSING_DEFAULT } as const;
  assert.ok(
    (await failure(clientOf(sts.url, { addressing }).client.issue(USER, undefined))) instanceof TokenAnswerError,
  );
  await clientOf(sts.url).client.issue(USER, undefined);
});

test('a signature covers Body, Timestamp, UsernameToken and addressing, by the algorithm that fits the key', async () => {
  const sts = await responder();
  const { signer, ec256, ec384, ec521, ed25519 } = createPki();
  const keys = [signer, ec256, ec384, ec521, ed25519];
  const algorithms = ['rsa-sha256', 'ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512', 'eddsa-ed25519'];
  const digests = ['sha256', 'sha256', 'sha384', 'sha512', 'sha256'];
  for (const [i, identity] of keys.entries()) {
    const source: Partial<WsTrustSettings> = {
      timestamp: { ttl: 60_000, precision: 'Seconds' },
      signature: { keyIdentifier: 'BinarySecurityToken' },
      addressing: { version: '1.0', mustUnderstand: true, to: ADDRESSING_DEFAULT, messageId: ADDRESSING_DEFAULT },
    };
    const credential = { ...keyCredential(identity), username: 'warehouse', password: 'x' };
    await clientOf(sts.url, source).client.issue(credential, undefined);
    const { body } = sts.questions[i];
    assert.equal(body.match(/<ds:Reference /g)?.length, 5);
    assert.match(body, new RegExp(`SignatureMethod Algorithm="[^"]*#${algorithms[i]}"`));
    assert.match(body, new RegExp(`DigestMethod Algorithm="[^"]*#${digests[i]}"`));
    assert.match(body, /<wsu:Created>[0-9T:-]+Z</);
  }
});

test('what there is not to ask with is told before anything is sent', async () => {
  const sts = await responder();
  const { client } = clientOf(sts.url);
  assert.ok((await failure(client.issue(undefined, undefined))) instanceof NoCredentialError);
  const { password, ...nameOnly } = USER;
  assert.ok((await failure(client.issue(nameOnly, undefined))) instanceof NoCredentialError);
  assert.ok(
    (await failure(client.issue({ ...nameOnly, username: undefined, password }, undefined))) instanceof
      NoCredentialError,
  );
  const signing = clientOf(sts.url, { usernameToken: undefined, signature: { keyIdentifier: 'IssuerSerial' } });
  assert.ok((await failure(signing.client.issue(USER, undefined))) instanceof NoCredentialError);
  const delegating = clientOf(sts.url, { delegation: 'OnBehalfOf' });
  assert.ok((await failure(delegating.client.issue(USER, undefined))) instanceof NoCallerTokenError);
  assert.equal(sts.questions.length, 0);
});

test('the end of a token is on our clock, and never too late', async () => {
  const sts = await responder();
  const now = Date.now();
  for (const [ahead, least, most] of [
    [0, 299_000, 300_000],
    [3600_000, 299_000, 300_000],
    [-60_000, 230_000, 240_100],
  ]) {
    sts.ahead = ahead;
    const { client } = clientOf(sts.url, {}, {}, { now });
    const held = await client.issue(USER, undefined);
    assert.equal(held.obtained, now);
    assert.ok(held.expires - now >= least && held.expires - now <= most + 1000, `${ahead}: ${held.expires - now}`);
  }
});

test('a token that has ended already is none', async () => {
  const sts = await responder();
  sts.ahead = -600_000;
  assert.ok((await failure(clientOf(sts.url).client.issue(USER, undefined))) instanceof TokenAnswerError);
  sts.ahead = 0;
  sts.lifetime = 0;
  assert.ok((await failure(clientOf(sts.url).client.issue(USER, undefined))) instanceof TokenAnswerError);
});

test('a token that does not say when it ends is kept as long as tokens are', async () => {
  const sts = await responder();
  sts.lifetime = undefined;
  const cache = { ttl: 120_000, refreshBefore: 0, staleOnError: false };
  const held = await clientOf(sts.url, {}, { cache }).client.issue(USER, undefined);
  assert.equal(held.expires - held.obtained, 120_000);
  const uncached = await clientOf(sts.url, {}, { cache: { ...cache, ttl: 0 } }).client.issue(USER, undefined);
  assert.equal(uncached.expires - uncached.obtained, 1000, 'and without a cache for those who wait for it');
});

test('Renew, Validate and Cancel name the token', async () => {
  const sts = await responder();
  const { client } = clientOf(sts.url);
  const held = await client.issue(USER, undefined);
  const renewed = await client.renew(
    { ...held, token: { ...held.token, secret: Buffer.from('key') } },
    USER,
    undefined,
  );
  assert.notDeepEqual(renewed.token.bytes, held.token.bytes);
  assert.deepEqual(renewed.token.secret, Buffer.from('key'), 'the key stays what it was');
  assert.equal(await client.validate(held, USER), true);
  sts.valid = false;
  assert.equal(await client.validate(held, USER), false);
  await client.cancel(held, USER);
  const targets = sts.questions.map(({ body }) => /<wst:(\w+Target)><a:Assertion [^>]*ID="_1"/.exec(body)?.[1]);
  assert.deepEqual(targets, [undefined, 'RenewTarget', 'ValidateTarget', 'ValidateTarget', 'CancelTarget']);
});

for (const soapVersion of ['1.1', '1.2'] as const) {
  test(`SOAP ${soapVersion}: a Fault is told by its name alone`, async () => {
    const sts = await responder();
    const { client, registry } = clientOf(sts.url, { soapVersion });
    for (const status of [500, 400, 200]) {
      sts.instead = ({ soap }) => ({ ...fault(soap, 'FailedAuthentication'), status });
      const error = await failure(client.issue(USER, undefined));
      assert.ok(error instanceof TokenServiceFaultError);
      assert.equal(error.fault, 'FailedAuthentication');
    }
    const line = 'waxseal_token_requests_total{service="shop/sts",operation="Issue",result="fault"}';
    assert.equal(await count(registry, line), '3');
  });
}

test('what is no answer', async () => {
  const sts = await responder();
  const { client } = clientOf(sts.url);
  const cases: [TrustResponder['instead'], new (...args: never[]) => Error][] = [
    [() => ({ body: '<html>elsewhere</html>', headers: { 'content-type': 'text/html' } }), TokenAnswerError],
    [(question) => ({ ...sts.right(question), headers: { 'content-type': 'text/html' } }), TokenAnswerError],
    [(question) => ({ ...sts.right(question), headers: { 'content-type': 'text/xml' } }), TokenAnswerError],
    [() => ({ body: '' }), TokenAnswerError],
    [() => ({ body: '<!DOCTYPE x><x/>' }), TokenAnswerError],
    [(question) => ({ body: sts.right(question).body.slice(0, -20) }), TokenAnswerError],
    [(question) => ({ ...sts.right(question), status: 500 }), TokenServiceStatusError],
    [() => ({ status: 502, body: '<html>elsewhere</html>' }), TokenServiceStatusError],
    [() => ({ status: 302, headers: { location: '/elsewhere' }, body: '' }), TokenServiceStatusError],
    [() => ({ status: 404, body: '' }), TokenServiceStatusError],
    [() => ({ body: 'x', headers: { 'content-encoding': 'gzip' } }), TokenAnswerError],
    [() => ({ body: 'x'.repeat(1_100_000) }), TokenAnswerError],
    [() => (response) => void response.socket?.destroy(), TokenServiceUnreachableError],
    [() => () => undefined, TokenServiceTimeoutError],
  ];
  const impatient = clientOf(sts.url, {}, { connectionTimeout: 150 }).client;
  for (const [i, [instead, type]] of cases.entries()) {
    sts.instead = instead;
    const error = await failure((type === TokenServiceTimeoutError ? impatient : client).issue(USER, undefined));
    assert.ok(error instanceof type, `${i}: ${error.name}: ${error.message}`);
  }
  assert.equal(sts.questions.length, cases.length, 'nothing was asked twice');
});

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
