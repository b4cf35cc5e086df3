import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cacheKey, keyOfFields, type TokenIdentity } from './cache-key.ts';
import type { TokenServiceSettings, WsTrustSettings } from './settings.ts';

const INDEX_KEY = Buffer.alloc(32, 7);

const trust: WsTrustSettings = {
  ...{ kind: 'wsTrust', url: 'https://sts.example/13', version: '1.3', soapVersion: '1.2', tokenType: 'SAML2' },
  ...{ keyType: 'Bearer', keySize: 256, entropy: 'Both', claims: [], mutualTls: false },
  ...{ renew: false, validate: false, cancel: false, decryptionKeys: [] },
};
const service: TokenServiceSettings = {
  id: 'shop/sts',
  version: '1',
  source: trust,
  cache: { ttl: 1000, refreshBefore: 100, staleOnError: true },
  connectionTimeout: 1000,
  throttle: { minInterval: 0, maxConcurrent: 8 },
  retryAttempts: 0,
  circuitBreaker: { failures: 5, openFor: 1000 },
  tls: {},
};
const identity: TokenIdentity = {
  service,
  credential: { name: 'acme', fingerprint: 'c0ffee', username: 'alice', password: 'Pa55word' },
  caller: undefined,
  policy: 'shop/orders',
};
const withSource = (change: Partial<WsTrustSettings>): TokenIdentity => ({
  ...identity,
  service: { ...service, source: { ...trust, ...change } },
});

test('different lists of fields have different keys, whatever stands in them', () => {
  const field = fc.option(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', 'a', 'b', 'ab', '\u0000', '\ud800', '\udc00', '\ufffd', '\u0000\u0001'),
    ),
    { nil: undefined },
  );
  const list = fc.array(field, { maxLength: 6 });
  fc.assert(
    fc.property(list, list, (a, b) => {
      const same = a.length === b.length && a.every((value, index) => value === b[index]);
      assert.equal(keyOfFields(INDEX_KEY, a) === keyOfFields(INDEX_KEY, b), same);
    }),
    { numRuns: 2000 },
  );
});

test('neighbours cannot lend each other their ends', () => {
  const keys = [
    ...[['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', undefined], ['abc', ''], [undefined, 'abc'], [], ['']],
    ...[['\ud800'], ['\ufffd'], ['\udc00']],
  ].map((fields) => keyOfFields(INDEX_KEY, fields));
  assert.equal(new Set(keys).size, keys.length);
});

test('everything that decides which token comes back changes the key', () => {
  const base = identity.credential;
  assert.ok(base);
  const others: TokenIdentity[] = [
    { ...identity, service: { ...service, id: 'shop/other' } },
    { ...identity, service: { ...service, version: '2' } },
    { ...identity, credential: undefined },
    { ...identity, credential: { ...base, fingerprint: 'decaf' } },
    { ...identity, caller: { bytes: Buffer.from('<a/>'), identity: 'alice' } },
    { ...identity, caller: { bytes: Buffer.from('<a/>'), identity: 'mallory' } },
    { ...identity, policy: 'shop/returns' },
    withSource({ url: 'https://sts.example/14' }),
    withSource({ appliesTo: 'urn:a' }),
    withSource({ tokenType: 'SAML1' }),
    withSource({ keyType: 'Symmetric' }),
    withSource({ claims: [{ type: 'urn:role', optional: false }] }),
    withSource({ claims: [{ type: 'urn:role', optional: true }] }),
    withSource({ claims: [{ type: 'urn:role', optional: false, value: '' }] }),
    { ...identity, service: { ...service, source: { kind: 'external', url: trust.url, method: 'GET', headers: {} } } },
    { ...identity, service: { ...service, source: { kind: 'external', url: trust.url, method: 'POST', headers: {} } } },
  ];
  const keys = [identity, ...others].map((one) => cacheKey(INDEX_KEY, one));
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(cacheKey(INDEX_KEY, { ...identity }), keys[0]);
  assert.notEqual(cacheKey(Buffer.alloc(32, 8), identity), keys[0]);
});

test('a key is 32 bytes in base64url, in which nothing can be read', () => {
  assert.match(cacheKey(INDEX_KEY, identity), /^[\w-]{43}$/);
});
