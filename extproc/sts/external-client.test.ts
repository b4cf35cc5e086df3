import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { Registry } from 'prom-client';
import { createPki, issue } from '../../test/support/pki.ts';
import { testKey } from '../../test/support/test-keys.ts';
import { keyCredential, tokenService, userCredential } from '../../test/support/token-services.ts';
import { TrustResponder, type TrustReply } from '../../test/support/trust-responder.ts';
import { NoCredentialError, TokenAnswerError, TokenServiceStatusError } from './errors.ts';
import type { HeldToken } from './held-token.ts';
import type { ExternalSettings, TokenCredential } from './settings.ts';
import { TokenClient } from './token-client.ts';
import { TokenMetrics } from './token-metrics.ts';

const pki = createPki();
const NOW = Date.parse('2026-03-01T12:00:00Z');
const TTL = 120_000;

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

function clientOf(settings: Omit<ExternalSettings, 'kind'>, ca?: string): TokenClient {
  const cache = { ttl: TTL, refreshBefore: 0, staleOnError: false };
  const service = tokenService({ kind: 'external', ...settings }, { cache, tls: { ...(ca !== undefined && { ca }) } });
  const client = new TokenClient(service, { now: () => NOW, metrics: new TokenMetrics(new Registry()) });
  cleanUp.push(() => client.close());
  return client;
}

async function ask(
  reply: TrustReply,
  credential?: TokenCredential,
  settings: Partial<ExternalSettings> = {},
): Promise<{ held: HeldToken; sts: TrustResponder }> {
  const sts = await TrustResponder.start();
  cleanUp.push(() => sts.close());
  sts.instead = () => ({ ...reply, headers: { 'content-type': 'application/xml', ...reply.headers } });
  const client = clientOf({ url: sts.url, method: 'POST', headers: {}, ...settings });
  return { sts, held: await client.issue(credential, undefined) };
}

const assertion = (end: string): string =>
  `<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1"><a:Conditions NotOnOrAfter="${end}"/></a:Assertion>`;

test('the token is the body, byte for byte', async () => {
  const body = '<t:Token xmlns:t="urn:own"  a=\'ä\'>1</t:Token>';
  const { held, sts } = await ask({ body }, undefined, { headers: { 'X-Tenant': 'acme' } });
  assert.equal(Buffer.from(held.token.bytes).toString(), body);
  assert.equal(held.token.reference, undefined);
  const [{ method, headers }] = sts.questions;
  assert.deepEqual([method, headers['x-tenant'], headers.authorization], ['POST', 'acme', undefined]);
});

test('GET', async () => {
  const { sts } = await ask({ body: '<token/>' }, undefined, { method: 'GET' });
  assert.equal(sts.questions[0].method, 'GET');
});

test('who asks: a user name and password, or a value of our own for the header', async () => {
  const user = userCredential('warehouse', 'pässword:1');
  const settings = { headers: { Authorization: 'of the settings' } };
  const basic = await ask({ body: '<token/>' }, user, settings);
  const expected = `Basic ${Buffer.from('warehouse:pässword:1').toString('base64')}`;
  assert.equal(basic.sts.questions[0].headers.authorization, expected);
  const own = await ask({ body: '<token/>' }, { ...user, authorization: 'Bearer abc' }, settings);
  assert.equal(own.sts.questions[0].headers.authorization, 'Bearer abc');
  const nobody = await ask({ body: '<token/>' }, undefined, settings);
  assert.equal(nobody.sts.questions[0].headers.authorization, 'of the settings');
  await assert.rejects(ask({ body: '<token/>' }, userCredential('ware:house', 'x')), NoCredentialError);
});

test('who asks: a client certificate', async () => {
  const identity = issue({
    ...{ subject: 'CN=localhost', key: testKey('ec256', 'external'), issuer: pki.ca },
    dnsNames: ['localhost'],
  });
  const tls = { cert: identity.certificatePem, key: identity.privateKeyPem, ca: pki.ca.certificatePem };
  const server = createServer({ ...tls, requestCert: true }, (request, response) => {
    response.end(`<for>${String((request.socket as TLSSocket).getPeerCertificate().subject.CN)}</for>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  const client = clientOf({ url, method: 'GET', headers: {} }, pki.ca.certificatePem);
  for (const [name, who] of [
    ['signer', pki.signer],
    ['recipient', pki.recipient],
  ] as const) {
    const held = await client.issue(keyCredential(who, pki.intermediate.certificatePem), undefined);
    assert.equal(Buffer.from(held.token.bytes).toString(), `<for>${name}</for>`, 'each on a connection of its own');
  }
});

const ENDS: readonly [string, TrustReply, number][] = [
  [
    'of a SAML assertion',
    { body: assertion('2026-03-01T12:03:00Z'), headers: { 'cache-control': 'max-age=7' } },
    180_000,
  ],
  ['by Cache-Control', { body: '<t/>', headers: { 'cache-control': 'private, Max-Age=60' } }, 60_000],
  ['by Cache-Control, quoted', { body: '<t/>', headers: { 'cache-control': 'max-age="60"' } }, 60_000],
  ['by the lowest of two', { body: '<t/>', headers: { 'cache-control': 'max-age=90, max-age=60' } }, 60_000],
  [
    'by Cache-Control, of an answer that is old',
    { body: '<t/>', headers: { 'cache-control': 'max-age=60', age: '20' } },
    40_000,
  ],
  ['at once', { body: '<t/>', headers: { 'cache-control': 'max-age=0' } }, 1000],
  [
    'at once, as it is older than it may be',
    { body: '<t/>', headers: { 'cache-control': 'max-age=5', age: '20' } },
    1000,
  ],
  [
    'at once, since it is not to be stored',
    { body: '<t/>', headers: { 'cache-control': 'max-age=60, no-store' } },
    1000,
  ],
  ['by the settings', { body: '<t/>' }, TTL],
  [
    'by the settings, where Cache-Control makes no sense',
    { body: '<t/>', headers: { 'cache-control': 'max-age=-1,,x' } },
    TTL,
  ],
];
for (const [name, reply, lifetime] of ENDS) {
  test(`the end ${name}`, async () => {
    const { held } = await ask(reply);
    assert.deepEqual([held.obtained, held.expires - NOW], [NOW, lifetime]);
  });
}

test('what is no token', async () => {
  await assert.rejects(ask({ body: assertion('2026-03-01T12:00:00Z') }), TokenAnswerError, 'it has ended');
  await assert.rejects(ask({ body: '{"token":"abc"}' }), TokenAnswerError);
  await assert.rejects(ask({ body: '' }), TokenAnswerError);
  await assert.rejects(ask({ body: '<a/><b/>' }), TokenAnswerError);
  await assert.rejects(ask({ status: 401, body: '<token/>' }), TokenServiceStatusError);
  await assert.rejects(ask({ status: 304, body: '' }), TokenServiceStatusError);
});

test('an external service cannot renew, validate or cancel', async () => {
  const { held, sts } = await ask({ body: '<token/>' });
  const client = clientOf({ url: sts.url, method: 'GET', headers: {} });
  assert.throws(() => client.renew(held, undefined, undefined), TypeError);
  assert.throws(() => client.validate(held, undefined), TypeError);
  assert.throws(() => client.cancel(held, undefined), TypeError);
});
