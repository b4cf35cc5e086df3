/** Exchanges whose policy adds an issued token, or chooses between credentials. */

import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { parseManifests } from '../../policy/load.ts';
import { resolve } from '../../policy/resolve.ts';
import { manifestFile, soapMessage, SPECS } from '../../test/support/policies.ts';
import { TokenServiceTimeoutError } from '../sts/errors.ts';
import { HttpClient } from '../sts/http-client.ts';
import type { TokenDemand } from '../sts/token-provider.ts';
import { soapFault } from '../wss/faults.ts';
import type { TokenInUse } from '../wss/issued-token.ts';
import { compileBundle } from './compile.ts';
import type { MessageMeta } from './conditions.ts';
import { Exchange } from './exchange.ts';
import type { Outcome } from './outcome.ts';
import { MemoryReplayCache } from './replay-cache.ts';
import { inlineRunner } from './runner.ts';
import { TokenWaits } from './token-waits.ts';
import type { Verdict } from './verdict.ts';

const STS = {
  ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'SecurityTokenService', metadata: { name: 'sts', namespace: 'shop' } },
  spec: {
    wsTrust: { url: 'https://sts.example/trust', onBehalfOf: 'VerifiedToken' },
    credentials: [
      {
        name: 'acme',
        when: { all: [{ source: 'Header', name: 'x-partner', operator: 'Equals', values: ['acme'] }] },
        secretRef: { name: 'login' },
      },
      {
        name: 'order',
        when: { all: [{ source: 'Operation', operator: 'Equals', values: ['{urn:shop}Order'] }] },
        environments: ['prod'],
        secretRef: { name: 'login' },
      },
    ],
  },
};
const PASSING = {
  ...STS,
  metadata: { name: 'passing', namespace: 'shop' },
  spec: { ...STS.spec, wsTrust: { url: 'https://sts.example/trust' }, onNoCredential: 'PassUnchanged' },
};
const OPEN = {
  ...STS,
  metadata: { name: 'open', namespace: 'shop' },
  spec: { wsTrust: { url: 'https://sts.example/trust' } },
};
const withToken = (name: string, more: object = {}) => ({ securityToken: { serviceRef: { name }, ...more } });
const entry = (name: string, partner: string) => ({
  name,
  when: { all: [{ source: 'Header', name: 'x-partner', operator: 'Equals', values: [partner] }] },
  secretRef: { name: 'login' },
});

function policies(specs: Record<string, object>) {
  const services = [STS, PASSING, OPEN].map((service) => JSON.stringify(service));
  const { manifests } = parseManifests([manifestFile(specs), ...services].join('\n---\n'));
  const { bundle, problems } = resolve(manifests);
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  const { policies: compiled } = compileBundle(bundle);
  for (const { id, broken } of compiled.values()) assert.equal(broken, undefined, id);
  return compiled;
}

const verifying = SPECS.verify.request.verify;
const compiled = policies({
  ...SPECS,
  bearer: { request: { secure: withToken('open') } },
  verifying: { request: { verify: verifying, secure: withToken('open') } },
  hidden: {
    request: {
      secure: { ...withToken('open'), encryption: { recipientRef: { name: 'gateway' }, parts: [{ part: 'Token' }] } },
    },
  },
  ignore: { request: { secure: withToken('open', { onSecurityFault: 'Ignore' }) } },
  audit: { mode: 'Audit', request: { secure: withToken('open') } },
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

const ASSERTION =
  '<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1">token-text</saml2:Assertion>';
const token = (text = ASSERTION): TokenInUse => ({ token: { bytes: Buffer.from(text) } });
const here = () => false;

function meta(headers: Record<string, string> = {}): MessageMeta {
  const all = { 'content-type': 'text/xml', ...headers };
  return {
    ...{ method: 'POST', path: '/orders?x=1', host: 'shop.example' },
    headers: new Map(Object.entries(all).map(([name, value]) => [name, [value]])),
  };
}

interface Bench {
  readonly exchange: Exchange;
  readonly demands: TokenDemand[];
  readonly refused: TokenInUse[];
  readonly verdicts: Verdict[];
}

interface Settings {
  readonly request?: MessageMeta;
  /** Tokens in turn; an Error is what there is instead. */
  readonly tokens?: readonly (TokenInUse | Error)[];
  readonly another?: boolean;
  readonly environment?: string;
  readonly resender?: HttpClient;
}

function begin(policy: string, settings: Settings = {}, all = compiled): Bench {
  const { request = meta(), tokens = [token()], another = true, environment, resender = new HttpClient({}) } = settings;
  const found = all.get(`shop/${policy}`);
  assert.ok(found, policy);
  const demands: TokenDemand[] = [];
  const refused: TokenInUse[] = [];
  const verdicts: Verdict[] = [];
  const exchange = new Exchange(found, request, 'id-1', {
    ...{ runner: inlineRunner, replay: new MemoryReplayCache(), resender, now: Date.now },
    tokens: {
      obtain(demand) {
        demands.push(demand);
        const next = tokens[Math.min(demands.length, tokens.length) - 1];
        if (next instanceof Error) return Promise.reject(next);
        return demands.length === 1 ? next : Promise.resolve(next);
      },
      backendRefused(_demand, used) {
        refused.push(used);
        return Promise.resolve(another);
      },
    },
    waits: new TokenWaits({ maxMessages: 10, maxBytes: 1e6 }),
    ...(environment !== undefined && { environment }),
    report: (verdict) => verdicts.push(verdict),
  });
  return { exchange, demands, refused, verdicts };
}

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

const fault = soapFault('1.1', { wssCode: 'InvalidSecurityToken', text: 'no', correlationId: 'x', senderFault: true });
const faulty = { status: 500, headers: meta().headers };

test("a backend's Fault about security is told to the token's source, once", async () => {
  const { exchange, refused } = begin('bearer');
  await exchange.request(soapMessage(), here);
  assert.equal(exchange.needsBody('response', { status: 200, headers: new Map() }), false);
  assert.equal(exchange.needsBody('response', faulty), true);
  assert.equal((await exchange.response(faulty, fault, here)).kind, 'pass');
  await exchange.response(faulty, fault, here);
  assert.equal(refused.length, 1);
  assert.ok(Buffer.from(refused[0].token.bytes).equals(Buffer.from(ASSERTION)));
});

test('other answers, policies that ignore it and Audit mode say nothing of the token', async () => {
  const cases: [string, { status: number; headers: MessageMeta['headers'] }, Buffer][] = [
    ['bearer', { ...faulty, status: 200 }, soapMessage()],
    ['bearer', faulty, soapFault('1.1', { text: 'x', correlationId: 'x', senderFault: false })],
    ['ignore', faulty, fault],
    ['audit', faulty, fault],
  ];
  for (const [policy, response, body] of cases) {
    const { exchange, refused } = begin(policy);
    await exchange.request(soapMessage(), here);
    assert.equal((await exchange.response(response, body, here)).kind, 'pass', policy);
    assert.deepEqual(refused, [], policy);
  }
});

interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A backend that a message is sent to again. */
async function backend(t: TestContext, status: number, answer: Buffer): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ url: request.url ?? '', headers: request.headers, body });
      response.writeHead(status, { 'content-type': 'text/xml', 'x-backend': 'second' }).end(answer);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => new Promise((closed) => server.close(closed)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function retrying(url: string, response: object = {}) {
  return policies({
    ...SPECS,
    retry: { request: { secure: withToken('open', { onSecurityFault: 'Retry', retryUrl: url }) }, ...response },
  });
}

const SECOND = token(ASSERTION.replace('token-text', 'second-token'));

test('a message is sent again with another token, and the client gets that answer', async (t) => {
  const { url, received } = await backend(t, 200, soapMessage('<done/>'));
  const resender = new HttpClient({});
  t.after(() => resender.close());
  const ofOneHop = { connection: 'close', te: 'trailers', 'x-envoy-attempt-count': '1', 'content-length': '1' };
  const request = meta({ cookie: 'a=b', ...ofOneHop });
  const { exchange, verdicts } = begin('retry', { request, tokens: [token(), SECOND], resender }, retrying(url));
  await exchange.request(soapMessage(), here);
  const outcome = await exchange.response(faulty, fault, here);
  assert.ok(outcome.kind === 'replace', JSON.stringify(outcome));
  assert.equal(outcome.status, 200);
  assert.deepEqual(outcome.body, soapMessage('<done/>'));
  assert.ok(outcome.headers.some(({ name, value }) => name === 'x-backend' && value === 'second'));
  assert.equal(received.length, 1);
  const [{ url: path, headers, body }] = received;
  assert.deepEqual([path, headers.host, headers.cookie], ['/orders?x=1', 'shop.example', 'a=b']);
  assert.deepEqual([headers.te, headers['x-envoy-attempt-count']], [undefined, undefined]);
  assert.equal(headers['content-length'], String(Buffer.byteLength(body)));
  assert.match(body, /second-token/);
  assert.doesNotMatch(body, /token-text/);
  assert.equal(verdicts.at(-1)?.resent, true);
});

test('it is never sent a third time, and what the second attempt brought is judged by the policy', async (t) => {
  const { url, received } = await backend(t, 500, fault);
  const resender = new HttpClient({});
  t.after(() => resender.close());
  const response = { response: { ...SPECS.verifyResponse.response } };
  const { exchange, refused } = begin('retry', { tokens: [token(), SECOND], resender }, retrying(url, response));
  await exchange.request(soapMessage(), here);
  const outcome = await exchange.response(faulty, fault, here);
  assert.equal(outcome.kind, 'refuse', 'an unsigned Fault is not let through');
  assert.deepEqual([received.length, refused.length], [1, 1]);
});

test('the first answer stands when there is no other token, nobody answers, or no other token would help', async (t) => {
  const { url, received } = await backend(t, 200, soapMessage());
  const resender = new HttpClient({});
  t.after(() => resender.close());
  const all = retrying(url);
  const dead = retrying('http://127.0.0.1:1');
  const cases: [Settings, typeof all][] = [
    [{ tokens: [token()] }, all],
    [{ tokens: [token(), new TokenServiceTimeoutError('late')] }, all],
    [{ tokens: [token(), SECOND], another: false }, all],
    [{ tokens: [token(), SECOND] }, dead],
  ];
  for (const [settings, policy] of cases) {
    const { exchange } = begin('retry', { ...settings, resender }, policy);
    await exchange.request(soapMessage(), here);
    assert.equal((await exchange.response(faulty, fault, here)).kind, 'pass');
  }
  assert.equal(received.length, 0);
});
