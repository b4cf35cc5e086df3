/** Exchanges whose policy adds an issued token, or chooses between credentials. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soapMessage, SPECS } from '../../test/support/policies.ts';
import {
  ASSERTION,
  begin as beginExchange,
  entry,
  here,
  meta,
  token,
  tokenPolicies,
  withToken,
  type Bench,
  type Settings,
} from '../../test/support/token-exchange.ts';
import { NO_TOKENS } from '../../test/support/no-tokens.ts';
import { TokenServiceTimeoutError } from '../sts/errors.ts';
import { HttpClient } from '../sts/http-client.ts';
import { Exchange } from './exchange.ts';
import type { Outcome } from './outcome.ts';
import { MemoryReplayCache } from './replay-cache.ts';
import { inlineRunner } from './runner.ts';
import { TokenWaits } from './token-waits.ts';

const verifying = SPECS.verify.request.verify;
const compiled = tokenPolicies({
  ...SPECS,
  bearer: { request: { secure: withToken('open') } },
  verifying: { request: { verify: verifying, secure: withToken('open') } },
  hidden: {
    request: {
      secure: { ...withToken('open'), encryption: { recipientRef: { name: 'gateway' }, parts: [{ part: 'Token' }] } },
    },
  },
  delegating: { request: { verify: verifying, secure: { timestamp: {}, ...withToken('sts') } } },
  passing: { request: { secure: { timestamp: {}, ...withToken('passing') } } },
  answering: { response: { secure: withToken('open') } },
  pool: {
    request: {
      secure: {
        usernameToken: {
          credentials: {
            pool: [entry('acme', 'acme'), { name: 'x', environments: ['prod'], secretRef: { name: 'login' } }],
          },
          passwordType: 'Digest',
        },
      },
    },
  },
  poolPass: {
    request: {
      secure: {
        timestamp: {},
        usernameToken: { credentials: { pool: [entry('acme', 'acme')], onNoCredential: 'PassUnchanged' } },
      },
    },
  },
});

const begin = (policy: string, settings?: Settings): Bench => beginExchange(compiled, policy, settings);

function text(outcome: Outcome): string {
  assert.equal(outcome.kind, 'forward', JSON.stringify(outcome));
  return Buffer.from((outcome as { bytes: Uint8Array }).bytes).toString();
}

const signed = async () => Buffer.from(text(await begin('sign').exchange.request(soapMessage(), here)));

test('a message gets the token, byte for byte', async () => {
  const { exchange, demands } = begin('bearer');
  assert.ok(text(await exchange.request(soapMessage(), here)).includes(ASSERTION));
  assert.deepEqual(
    demands.map(({ policy, service, credential }) => [policy, service.id, credential]),
    [['shop/bearer', 'shop/open', undefined]],
  );
});

test('it may be encrypted for the receiver', async () => {
  const sent = text(await begin('hidden').exchange.request(soapMessage(), here));
  assert.doesNotMatch(sent, /token-text|saml2:Assertion/);
  assert.match(sent, /<xenc:EncryptedData[^>]*Type="http:\/\/www.w3.org\/2001\/04\/xmlenc#Element"/);
});

test('a response may get one as well', async () => {
  const { exchange } = begin('answering');
  assert.equal((await exchange.request(soapMessage(), here)).kind, 'pass');
  const outcome = await exchange.response({ status: 200, headers: meta().headers }, soapMessage(), here);
  assert.ok(text(outcome).includes(ASSERTION));
});

test('nobody is asked for a token by a message that does not prove what it must', async () => {
  for (const policy of ['delegating', 'verifying']) {
    const { exchange, demands } = begin(policy, { request: meta({ 'x-partner': 'acme' }) });
    const outcome = await exchange.request(soapMessage(), here);
    assert.equal(outcome.kind, 'refuse');
    assert.deepEqual(demands, []);
  }
});

test('the service hears of the caller that was verified, and of the credential that is for the message', async () => {
  const { exchange, demands, verdicts } = begin('delegating', { request: meta({ 'x-partner': 'acme' }) });
  const sent = text(await exchange.request(await signed(), here));
  assert.ok(sent.includes(ASSERTION));
  assert.equal(demands[0].credential?.name, 'acme');
  assert.match(Buffer.from(demands[0].caller?.bytes ?? []).toString(), /BinarySecurityToken/);
  assert.deepEqual(Object.keys(verdicts[0].durations).sort(), ['scan', 'secure', 'token', 'verify']);
  const identity = verdicts[0].outcome;
  assert.equal(identity, 'forwarded');
});

test('what was verified before the wait reaches the backend', async () => {
  const { exchange } = begin('delegating', { request: meta({ 'x-partner': 'acme' }) });
  const outcome = await exchange.request(await signed(), here);
  assert.ok(outcome.kind === 'forward');
  assert.deepEqual(outcome.set.map(({ name }) => name).sort(), ['content-length', 'x-wss-subject']);
});

test('a credential may be chosen by the operation and the environment', async () => {
  const inProduction = begin('delegating', { environment: 'prod' });
  await inProduction.exchange.request(await signed(), here);
  assert.equal(inProduction.demands[0].credential?.name, 'order');
  const elsewhere = begin('delegating');
  const outcome = await elsewhere.exchange.request(await signed(), here);
  assert.ok(outcome.kind === 'refuse');
  assert.deepEqual([outcome.status, outcome.code], [403, 'ERR_NO_CREDENTIAL']);
  assert.deepEqual(elsewhere.demands, []);
});

test('without a credential a message passes unchanged where the service says so', async () => {
  const { exchange, demands } = begin('passing');
  const message = soapMessage('<o:Other xmlns:o="urn:shop"/>');
  const outcome = await exchange.request(message, here);
  if (outcome.kind === 'forward') assert.deepEqual(Buffer.from(outcome.bytes ?? message), message);
  else assert.equal(outcome.kind, 'pass');
  assert.deepEqual(demands, []);
});

test('a replay is refused although its token is at hand', async () => {
  const message = await signed();
  const replay = new MemoryReplayCache();
  const found = compiled.get('shop/delegating') ?? assert.fail();
  const outcomes = [];
  for (let round = 0; round < 2; round++) {
    const exchange = new Exchange(found, meta({ 'x-partner': 'acme' }), 'id', {
      ...{ runner: inlineRunner, replay, resender: new HttpClient({}), now: Date.now, report: () => undefined },
      tokens: { obtain: () => token(), backendRefused: () => Promise.resolve(true) },
      assertions: NO_TOKENS.assertions,
      waits: new TokenWaits({ maxMessages: 10, maxBytes: 1e6 }),
    });
    outcomes.push((await exchange.request(message, here)).kind);
  }
  assert.deepEqual(outcomes, ['forward', 'refuse']);
});

test('without a token a message is refused with 503 and nothing about the service', async () => {
  const error = new TokenServiceTimeoutError('the token service did not answer in time');
  const { exchange, verdicts } = begin('bearer', { tokens: [error] });
  const outcome = await exchange.request(soapMessage(), here);
  assert.ok(outcome.kind === 'refuse');
  assert.equal(outcome.status, 503);
  assert.doesNotMatch(outcome.body.toString(), /token service|sts/i);
  assert.deepEqual([verdicts[0].failure?.code, verdicts[0].outcome], ['ERR_STS_TIMEOUT', 'refused']);
});

test('a UsernameToken is chosen for each message', async () => {
  const acme = begin('pool', { request: meta({ 'x-partner': 'acme' }) });
  assert.match(text(await acme.exchange.request(soapMessage(), here)), /<wsse:Username>/);
  const production = begin('pool', { environment: 'prod' });
  assert.match(text(await production.exchange.request(soapMessage(), here)), /<wsse:Username>/);
  const nobody = await begin('pool').exchange.request(soapMessage(), here);
  assert.ok(nobody.kind === 'refuse');
  assert.equal(nobody.code, 'ERR_NO_CREDENTIAL');
  assert.notEqual((await begin('poolPass').exchange.request(soapMessage(), here)).kind, 'refuse');
});
