import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPki } from '../../test/support/pki.ts';
import { keyCredential } from '../../test/support/token-services.ts';
import type { TrustResponder } from '../../test/support/trust-responder.ts';
import { fault } from '../../test/support/trust-responder.ts';
import { ADDRESSING_DEFAULT } from '../wss/settings.ts';
import {
  NoCallerTokenError,
  NoCredentialError,
  TokenAnswerError,
  TokenServiceFaultError,
  TokenServiceStatusError,
  TokenServiceTimeoutError,
  TokenServiceUnreachableError,
} from './errors.ts';
import type { WsTrustSettings } from './settings.ts';
import { USER, responder, clientOf, count, failure } from './testdata/token-clients.ts';

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
