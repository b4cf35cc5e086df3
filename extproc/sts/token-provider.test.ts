/** Against a token service on loopback: what reaches it, what messages get, and what is said of it. */

import assert from 'node:assert/strict';
import { KeyObject } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { Registry } from 'prom-client';
import { createPki } from '../../test/support/pki.ts';
import { keyCredential, tokenService, trustSource, userCredential } from '../../test/support/token-services.ts';
import { fault, TrustResponder } from '../../test/support/trust-responder.ts';
import { createLogger } from '../observe/log.ts';
import type { TokenInUse } from '../wss/issued-token.ts';
import { NoCallerTokenError, TokenBudgetError, TokenServiceFaultError } from './errors.ts';
import type { TokenServiceSettings, WsTrustSettings } from './settings.ts';
import { TokenProvider, type TokenDemand } from './token-provider.ts';

const USER = userCredential('warehouse', 'pässword & <more>');
const TEXT = { usernameToken: { passwordType: 'Text', nonce: false, created: false } } as const;

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function setUp(source: Partial<WsTrustSettings> = {}, settings: Partial<TokenServiceSettings> = {}) {
  const sts = await TrustResponder.start();
  cleanUp.push(() => sts.close());
  const lines: string[] = [];
  const registry = new Registry();
  const time = { ahead: 0 };
  const index = { key: Buffer.alloc(32, 1) };
  const provider = new TokenProvider({
    now: () => Date.now() + time.ahead,
    registry,
    logger: createLogger('debug', { write: (line: string) => void lines.push(line) }),
    indexKey: () => index.key,
  });
  cleanUp.push(() => provider.close());
  const service = tokenService(trustSource({ url: sts.url, ...TEXT, ...source }), settings);
  const demand: TokenDemand = { service, credential: USER, policy: 'shop/orders', budget: 5000 };
  const operations = () => sts.questions.map(({ operation }) => operation);
  return { sts, lines, registry, time, index, provider, demand, operations };
}

const text = (used: TokenInUse): string => Buffer.from(used.token.bytes).toString();

/** Until it is so; for what is done in the background. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(condition());
}

test('the token comes from the service once, and from then on at once, as the same object', async () => {
  const { sts, provider, demand } = await setUp();
  const waiting = provider.obtain(demand);
  assert.ok(waiting instanceof Promise);
  const [first, other] = await Promise.all([waiting, provider.obtain({ ...demand })]);
  assert.match(text(first), /^<a:Assertion .*ID="_1"/);
  assert.equal(first, other);
  assert.equal(provider.obtain(demand), first);
  assert.equal(first.key, undefined);
  assert.equal(sts.questions.length, 1);
});

test('policies, credentials, versions and index keys have tokens of their own', async () => {
  const { sts, provider, demand, index } = await setUp();
  const { service } = demand;
  const demands = [
    demand,
    { ...demand, policy: 'shop/returns' },
    { ...demand, credential: { ...USER, fingerprint: 'other' } },
    { ...demand, service: { ...service, version: '2' } },
    { ...demand, caller: { bytes: Buffer.from('<c/>'), identity: 'a caller of whom the service is not told' } },
  ];
  for (const one of demands) await provider.obtain(one);
  assert.equal(sts.questions.length, 4);
  index.key = Buffer.alloc(32, 1);
  assert.ok(!(provider.obtain(demand) instanceof Promise));
  index.key = Buffer.alloc(32, 2);
  await provider.obtain(demand);
  assert.equal(sts.questions.length, 5);
});

test('a token in the caller’s name is that caller’s, and without a caller there is none', async () => {
  const { sts, provider, demand } = await setUp({ delegation: 'OnBehalfOf' });
  assert.throws(() => provider.obtain(demand), NoCallerTokenError);
  const alice = { ...demand, caller: { bytes: Buffer.from('<c xmlns="urn:c">alice</c>'), identity: 'alice' } };
  const mallory = { ...demand, caller: { bytes: Buffer.from('<c xmlns="urn:c">alice</c>'), identity: 'mallory' } };
  const first = await provider.obtain(alice);
  assert.equal(provider.obtain({ ...alice }), first);
  assert.notEqual(await provider.obtain(mallory), first);
  assert.equal(sts.questions.length, 2);
  assert.match(sts.questions[0]?.body ?? '', /OnBehalfOf>.*alice/);
});

test('what is issued for our certificate is proved with its private key', async () => {
  const identity = createPki().signer;
  const credential = keyCredential(identity);
  const { provider, demand } = await setUp({ keyType: 'Public', usernameToken: undefined });
  const used = await provider.obtain({ ...demand, credential });
  assert.ok(used.key instanceof KeyObject && used.key.type === 'private');
  assert.equal(used.key, credential.key?.key);
});

test('a message waits no longer than it may', async () => {
  const { sts, provider, demand } = await setUp();
  sts.instead = () => () => undefined;
  await assert.rejects(Promise.resolve(provider.obtain({ ...demand, budget: 50 })), TokenBudgetError);
});

test('a service that fails is logged once, as is that it no longer does, and nothing that is secret', async () => {
  const { sts, provider, demand, lines, registry } = await setUp(
    {},
    { cache: { ttl: 0, refreshBefore: 0, staleOnError: true } },
  );
  sts.instead = ({ soap }) => fault(soap, 'RequestFailed');
  for (let i = 0; i < 3; i++) await assert.rejects(Promise.resolve(provider.obtain(demand)), TokenServiceFaultError);
  sts.instead = () => undefined;
  for (let i = 0; i < 3; i++) await provider.obtain(demand);
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    entries.map(({ level, service, credential, code, fault: reason }) => [level, service, credential, code, reason]),
    [
      ['warn', 'shop/sts', 'user', 'ERR_STS_FAULT', 'RequestFailed'],
      ['info', 'shop/sts', 'user', undefined, undefined],
    ],
  );
  const told = lines.join('') + (await registry.metrics());
  assert.doesNotMatch(told, /127\.0\.0\.1|tenant|warehouse|pässword|more>|elsewhere|Assertion/);
});

test('a token that a backend refuses stays while it is young, and is replaced once later on', async () => {
  const { sts, provider, demand, time, registry } = await setUp();
  const used = await provider.obtain(demand);
  time.ahead = 9000;
  assert.equal(await provider.backendRefused(demand, used), false);
  assert.equal(provider.obtain(demand), used);
  time.ahead = 10_500;
  const answers = await Promise.all([1, 2, 3].map(() => provider.backendRefused(demand, used)));
  assert.deepEqual(answers, [true, true, true]);
  const next = await provider.obtain(demand);
  assert.notEqual(text(next), text(used));
  assert.equal(await provider.backendRefused(demand, used), true);
  assert.equal(provider.obtain(demand), next);
  assert.equal(await provider.backendRefused(demand, next), false);
  assert.equal(await provider.backendRefused(demand, { token: used.token }), false);
  assert.equal(sts.questions.length, 2);
  assert.match(await registry.metrics(), /waxseal_token_invalidations_total\{service="shop\/sts"\} 1\n/);
});

test('with validate the service is asked first, once for all; with cancel the token is given back', async () => {
  const { sts, provider, demand, time, operations } = await setUp({ validate: true, cancel: true });
  const used = await provider.obtain(demand);
  time.ahead = 20_000;
  const stays = await Promise.all([1, 2, 3].map(() => provider.backendRefused(demand, used)));
  assert.deepEqual(stays, [false, false, false]);
  assert.equal(provider.obtain(demand), used);
  assert.deepEqual(operations(), ['Issue', 'Validate']);
  sts.valid = false;
  assert.equal(await provider.backendRefused(demand, used), false);
  time.ahead = 31_000;
  assert.equal(await provider.backendRefused(demand, used), true);
  await until(() => sts.questions.length === 4);
  assert.deepEqual(operations(), ['Issue', 'Validate', 'Validate', 'Cancel']);
});

test('a service that cannot say whether a token is valid leaves it as it is', async () => {
  const { sts, provider, demand, time } = await setUp({ validate: true });
  const used = await provider.obtain(demand);
  time.ahead = 20_000;
  sts.instead = ({ soap }) => fault(soap, 'RequestFailed');
  assert.equal(await provider.backendRefused(demand, used), false);
  assert.equal(provider.obtain(demand), used);
});

for (const [code, then] of [
  ['UnableToRenew', ['Issue', 'Renew', 'Issue']],
  ['RequestFailed', ['Issue', 'Renew', 'Issue']],
  ['FailedAuthentication', ['Issue', 'Renew']],
] as const) {
  test(`where a token cannot be renewed for ${code}: ${then.join(', ')}`, async () => {
    const { sts, provider, demand, time, operations } = await setUp({ renew: true });
    const used = await provider.obtain(demand);
    time.ahead = 250_000;
    sts.instead = ({ operation, soap }) => (operation === 'Renew' ? fault(soap, code) : undefined);
    assert.equal(provider.obtain(demand), used);
    await until(() => sts.questions.length === then.length);
    assert.deepEqual(operations(), then);
  });
}

test('a token is renewed before its end', async () => {
  const { sts, provider, demand, time, operations } = await setUp({ renew: true });
  const used = await provider.obtain(demand);
  time.ahead = 250_000;
  sts.ahead = 250_000;
  assert.equal(provider.obtain(demand), used);
  await until(() => provider.obtain(demand) !== used);
  assert.deepEqual(operations(), ['Issue', 'Renew']);
});

test('a version that is out of use ends when nobody waits for it any more', async () => {
  const { sts, provider, demand } = await setUp();
  let answer: (() => void) | undefined;
  sts.instead = (question) => (response) => {
    answer = () => {
      const { body } = sts.right(question);
      response.writeHead(200, { 'content-type': 'application/soap+xml; charset=utf-8' }).end(body);
    };
  };
  const waiting = Promise.resolve(provider.obtain(demand));
  await until(() => answer !== undefined);
  provider.retain(new Set(['2']));
  answer?.();
  assert.match(text(await waiting), /Assertion/);
  sts.instead = () => undefined;
  await provider.obtain({ ...demand, service: { ...demand.service, version: '2' } });
  assert.equal(sts.questions.length, 2);
});
