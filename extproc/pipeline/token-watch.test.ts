/** Exchanges whose backend refuses the token of a message. */

import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { soapMessage, SPECS } from '../../test/support/policies.ts';
import {
  ASSERTION,
  begin as beginExchange,
  here,
  meta,
  token,
  tokenPolicies,
  withToken,
  type Bench,
  type Settings,
} from '../../test/support/token-exchange.ts';
import { TokenServiceTimeoutError } from '../sts/errors.ts';
import { HttpClient } from '../sts/http-client.ts';
import { soapFault } from '../wss/faults.ts';
import type { MessageMeta } from './conditions.ts';

const compiled = tokenPolicies({
  bearer: { request: { secure: withToken('open') } },
  ignore: { request: { secure: withToken('open', { onSecurityFault: 'Ignore' }) } },
  audit: { mode: 'Audit', request: { secure: withToken('open') } },
});
const begin = (policy: string, settings?: Settings, all = compiled): Bench => beginExchange(all, policy, settings);

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
  return tokenPolicies({
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
