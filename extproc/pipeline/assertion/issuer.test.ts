import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { ASSERTION_SETTINGS } from '../../../test/support/assertions.ts';
import { pki, signingKey } from '../../../test/support/securing.ts';
import type { TokenInUse } from '../../wss/issued-token.ts';
import { InvalidTokenError } from '../../wss/errors.ts';
import type { MessageMeta } from '../conditions.ts';
import { AssertionSubjectError } from '../errors.ts';
import { AssertionIssuer, type AssertionDemand } from './issuer.ts';
import type { CompiledAssertion } from './settings.ts';

const LIFETIME = 300_000;
const key = { ...signingKey(pki.ed25519), key: generateKeyPairSync('ed25519').privateKey };
const ASSERTION: CompiledAssertion = {
  settings: { ...ASSERTION_SETTINGS, lifetime: LIFETIME, signature: { key, algorithm: 'Ed25519', digest: 'SHA256' } },
  subject: { source: 'Header', header: 'x-user' },
  attributes: [{ name: 'role', from: { source: 'Header', header: 'x-role' }, required: false }],
  usernameProved: true,
  needs: { certificate: false, claims: [] },
};

function meta(headers: Record<string, string | string[]>): MessageMeta {
  const entries = Object.entries(headers).map(([name, value]) => [name, [value].flat()] as const);
  return { method: 'POST', path: '/', host: 'h', headers: new Map(entries) };
}

const from = (user: string, role = 'clerk', changes: Partial<AssertionDemand> = {}): AssertionDemand => ({
  ...{ version: 'v1', assertion: ASSERTION, meta: meta({ 'x-user': user, 'x-role': role }) },
  ...changes,
});

class Bench {
  now = 1_700_000_000_000;
  signatures = 0;
  readonly issuer: AssertionIssuer;

  constructor(limits: { maxEntries?: number; maxBytes?: number } = {}) {
    this.issuer = new AssertionIssuer({
      now: () => this.now,
      sign: async (hash, data, by) => {
        this.signatures++;
        await Promise.resolve();
        return sign(hash, data, by);
      },
      ...limits,
    });
  }

  async text(demand: AssertionDemand): Promise<string> {
    return Buffer.from((await this.issuer.obtain(demand)).token.bytes).toString();
  }
}

test('one assertion for all messages of a caller, given at once when it is there', async () => {
  const bench = new Bench();
  const all = await Promise.all(Array.from({ length: 50 }, async () => bench.issuer.obtain(from('alice'))));
  assert.equal(bench.signatures, 1);
  assert.equal(new Set(all).size, 1);
  const again = bench.issuer.obtain(from('alice'));
  assert.ok(!(again instanceof Promise));
  assert.equal(again, all[0]);
});

test('callers never share an assertion, nor do policies, nor what is said differently', async () => {
  const bench = new Bench();
  const demands = [
    from('alice'),
    from('bob'),
    from('alice', 'admin'),
    from('alice', 'clerk', { meta: meta({ 'x-user': 'alice' }) }),
    from('alice', 'clerk', { meta: meta({ 'x-user': 'alice', 'x-role': ['clerk', 'admin'] }) }),
    from('alice', 'clerkadmin'),
    from('alice', 'clerk', { version: 'v2' }),
    from('alice', 'clerk', { assertion: { ...ASSERTION, authnContext: 'urn:context' } }),
    from('alice', 'clerk', { assertion: { ...ASSERTION, subject: { ...ASSERTION.subject, format: 'urn:format' } } }),
    from('alice', 'clerk', {
      assertion: { ...ASSERTION, attributes: [{ ...ASSERTION.attributes[0], nameFormat: 'urn:format' }] },
    }),
  ];
  const tokens: TokenInUse[] = [];
  for (const demand of [...demands, ...demands]) tokens.push(await bench.issuer.obtain(demand));
  assert.equal(new Set(tokens.slice(0, demands.length)).size, demands.length);
  assert.deepEqual(tokens.slice(demands.length), tokens.slice(0, demands.length));
  assert.equal(bench.signatures, demands.length);
  assert.match(await bench.text(from('bob')), />bob</);
  assert.match(await bench.text(from('alice')), />alice</);
});

test('a caller with the name of two is neither', async () => {
  const bench = new Bench();
  const first = await bench.text(from('alice', 'x'));
  const trick = await bench.text(from('alic', 'ex'));
  assert.notEqual(first, trick);
});

test('it is made anew when half of its life is over, and when the clock went back', async () => {
  const bench = new Bench();
  const first = await bench.issuer.obtain(from('alice'));
  bench.now += LIFETIME / 2 - 1;
  assert.equal(await bench.issuer.obtain(from('alice')), first);
  bench.now += 1;
  const second = await bench.issuer.obtain(from('alice'));
  assert.notEqual(second, first);
  bench.now -= 1;
  assert.notEqual(await bench.issuer.obtain(from('alice')), second);
});

test('one to be taken once is made for each message', async () => {
  const bench = new Bench();
  const once = { ...ASSERTION, settings: { ...ASSERTION.settings, oneTimeUse: true } };
  const all = await Promise.all(
    Array.from({ length: 5 }, async () => bench.issuer.obtain(from('alice', 'clerk', { assertion: once }))),
  );
  assert.equal(new Set(all).size, 5);
  assert.equal(bench.signatures, 5);
  assert.equal(bench.issuer.size, 0);
});

test('what cannot be made is tried again by the next message', async () => {
  const bench = new Bench();
  for (let round = 0; round < 2; round++) {
    await assert.rejects(async () => bench.issuer.obtain(from('a\u0001')), InvalidTokenError);
  }
  assert.equal(bench.issuer.size, 0);
  assert.ok(await bench.issuer.obtain(from('alice')));
});

test('any number of callers take a bounded room', async () => {
  const few = new Bench({ maxEntries: 3 });
  for (let caller = 0; caller < 10; caller++) await few.issuer.obtain(from(`caller-${caller}`));
  assert.equal(few.issuer.size, 3);
  const small = new Bench({ maxBytes: 10_000 });
  for (let caller = 0; caller < 20; caller++) await small.issuer.obtain(from(`caller-${caller}`));
  assert.ok(small.issuer.size > 0 && small.issuer.size < 5, String(small.issuer.size));
});

test('a caller without a name, or with two, gets none', () => {
  const bench = new Bench();
  const nameless: Record<string, string | string[]>[] = [
    {},
    { 'x-user': '' },
    { 'x-user': '  ' },
    { 'x-user': ['alice', 'bob'] },
    { 'x-user': 'a'.repeat(4097) },
  ];
  for (const headers of nameless) {
    assert.throws(() => bench.issuer.obtain(from('', '', { meta: meta(headers) })), AssertionSubjectError);
  }
});
