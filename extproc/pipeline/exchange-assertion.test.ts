/** Exchanges whose messages get an assertion that is made here. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_TOKENS } from '../../test/support/no-tokens.ts';
import { compilePolicies } from '../../test/support/policies.ts';
import { WSSE } from '../wss/namespaces.ts';
import { AssertionIssuer } from './assertion/issuer.ts';
import type { MessageMeta } from './conditions.ts';
import { Exchange } from './exchange.ts';
import { MemoryReplayCache } from './replay-cache.ts';
import { inlineRunner, signOnPool } from './runner.ts';
import type { Verdict } from './verdict.ts';

const saml = (subject: object, more: object = {}) => ({
  ...{ issuer: 'gateway', subject, signingKeyRef: { name: 'gateway' } },
  ...more,
});
const signature = { keyRef: { name: 'gateway' } };
const VERIFY = { usernameToken: { usersRef: { name: 'users' }, passwordTypes: ['Text'] } };
const vouched = (subject: object, verify?: object) => ({
  request: { ...(verify && { verify }), secure: { timestamp: {}, saml: saml(subject), signature } },
});
const { policies } = compilePolicies({
  verified: vouched({ source: 'VerifiedIdentity' }, VERIFY),
  header: vouched({ source: 'Header', name: 'X-User' }),
  certificate: vouched({ source: 'Certificate' }),
  static: vouched({ source: 'Static', value: 'clerk' }),
  other: {
    request: { secure: { actor: 'urn:other', ...vouched({ source: 'Static', value: 'clerk' }).request.secure } },
  },
  bearer: { request: { secure: { saml: saml({ source: 'Static', value: 'clerk' }, { confirmation: 'Bearer' }) } } },
  holder: {
    request: {
      secure: {
        saml: saml({ source: 'Static', value: 'clerk' }, { confirmation: 'HolderOfKey' }),
        signature: { keyIdentifier: 'SAMLAssertion' },
      },
    },
  },
});

const issuer = new AssertionIssuer({ sign: signOnPool, now: Date.now });

function meta(headers: Record<string, string> = {}): MessageMeta {
  const all = { 'content-type': 'text/xml', ...headers };
  return {
    ...{ method: 'POST', path: '/', host: 'shop.example' },
    headers: new Map(Object.entries(all).map(([name, value]) => [name, [value]])),
  };
}

const TEXT = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText';
const login = (password: string) =>
  `<w:UsernameToken><w:Username>acme</w:Username><w:Password Type="${TEXT}">${password}</w:Password></w:UsernameToken>`;
const FORGED =
  '<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_forged" Version="2.0">' +
  '<saml2:Subject><saml2:NameID>mallory</saml2:NameID></saml2:Subject></saml2:Assertion>';

function message(security = '', actor = ''): Buffer {
  const header = security && `<s:Header><w:Security xmlns:w="${WSSE}"${actor}>${security}</w:Security></s:Header>`;
  return Buffer.from(
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">${header}<s:Body><o:Order xmlns:o="urn:shop"/></s:Body></s:Envelope>`,
  );
}

async function run(policy: string, request: Buffer, about = meta()): Promise<{ text?: string; code?: string }> {
  const verdicts: Verdict[] = [];
  const exchange = new Exchange(policies.get(`shop/${policy}`) ?? assert.fail(policy), about, 'id', {
    ...NO_TOKENS,
    ...{ assertions: issuer, runner: inlineRunner, replay: new MemoryReplayCache(), now: Date.now },
    report: (verdict) => verdicts.push(verdict),
  });
  const outcome = await exchange.request(request, () => false);
  if (outcome.kind === 'refuse') return { code: outcome.code };
  assert.ok(outcome.kind === 'forward' && outcome.bytes);
  return { text: Buffer.from(outcome.bytes).toString() };
}

const assertions = (text = ''): number => text.split('<saml2:Assertion ').length - 1;

test('the caller who proved who he is is vouched for, and the proof is gone', async () => {
  const { text } = await run('verified', message(login('sesame')));
  assert.match(text ?? '', />acme<\/saml2:NameID>/);
  assert.match(text ?? '', /ac:classes:Password</);
  assert.doesNotMatch(text ?? '', /UsernameToken|sesame/);
  // Timestamp, Body and, through a reference, the assertion.
  assert.equal(text?.match(/#STR-Transform/g)?.length, 1);
  assert.equal(text?.match(/<ds:Reference /g)?.length, 4);
});

test('whoever does not prove it gets no assertion', async () => {
  assert.equal((await run('verified', message(login('wrong')))).code, 'ERR_WSS_BAD_CREDENTIALS');
  assert.equal((await run('verified', message())).code, 'ERR_WSS_SECURITY_HEADER_MISSING');
  assert.equal((await run('header', message())).code, 'ERR_SAML_SUBJECT');
  assert.equal((await run('certificate', message())).code, 'ERR_SAML_SUBJECT');
});

test('only what the policy names is believed', async () => {
  const forged = meta({ 'x-user': 'mallory', 'x-forwarded-client-cert': 'Subject="CN=mallory"' });
  assert.equal((await run('certificate', message(), forged)).code, 'ERR_SAML_SUBJECT');
  const { text } = await run('verified', message(login('sesame')), forged);
  assert.doesNotMatch(text ?? '', /mallory/);
  const shown = { ...forged, connection: { certificate: { subject: 'CN=alice', sha256: 'ab' } } };
  assert.match((await run('certificate', message(), shown)).text ?? '', />CN=alice<\/saml2:NameID>/);
});

test("what the caller wrote into the Security header does not stand beside the gateway's assertion", async () => {
  const claimed = [FORGED, login('sesame') + FORGED, `<w:BinarySecurityToken>x</w:BinarySecurityToken>${FORGED}`];
  for (const security of claimed) {
    const { text } = await run('static', message(security));
    assert.equal(assertions(text), 1);
    assert.doesNotMatch(text ?? '', /mallory|UsernameToken|>x</);
    assert.match(text ?? '', />clerk<\/saml2:NameID>/);
  }
  const { text } = await run('verified', message(login('sesame') + FORGED));
  assert.equal(assertions(text), 1);
  assert.doesNotMatch(text ?? '', /mallory/);
});

test('headers of other actors stay as they are', async () => {
  const { text } = await run('other', message(FORGED));
  assert.ok(text?.includes(`<w:Security xmlns:w="${WSSE}">${FORGED}</w:Security>`));
  const taken = await run('other', message(FORGED, ' s:actor="urn:other"'));
  assert.equal(assertions(taken.text), 1);
  assert.doesNotMatch(taken.text ?? '', /mallory/);
});

test('a caller never gets the assertion of another, however many there are at a time', async () => {
  const users = Array.from({ length: 200 }, (_, at) => `user-${at % 20}`);
  const results = await Promise.all(users.map((user) => run('header', message(), meta({ 'x-user': user }))));
  results.forEach(({ text }, at) => {
    assert.equal(assertions(text), 1);
    assert.ok(text?.includes(`>${users[at]}</saml2:NameID>`), users[at]);
  });
});

test('a bearer is only given it, and a holder signs with its key', async () => {
  const bearer = await run('bearer', message());
  assert.equal(bearer.text?.match(/<ds:Signature[ >]/g)?.length, 1);
  const holder = await run('holder', message());
  assert.equal(holder.text?.match(/<ds:Signature[ >]/g)?.length, 2);
  assert.match(holder.text ?? '', /<wsse:KeyIdentifier ValueType="[^"]+#SAMLID">/);
});
