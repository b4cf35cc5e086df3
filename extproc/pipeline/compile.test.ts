import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifests } from '../../policy/load.ts';
import type { Problem } from '../../policy/problem.ts';
import { resolve } from '../../policy/resolve.ts';
import { createPki, pkcs12Bytes, type Identity } from '../../test/support/pki.ts';
import { ADDRESSING_DEFAULT } from '../wss/settings.ts';
import { compileBundle, type CompiledPolicy } from './compile.ts';
import { expiringCertificates } from './load-policies.ts';

const pki = createPki();

function object(kind: 'Secret' | 'ConfigMap', name: string, data: Record<string, string | Buffer>): string {
  const entries = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const field = kind === 'Secret' ? 'data' : 'binaryData';
  return JSON.stringify({
    apiVersion: 'v1',
    kind,
    metadata: { name },
    [field]: Object.fromEntries(entries) as unknown,
  });
}

function keys(name: string, { certificatePem, privateKeyPem }: Identity): string {
  return object('Secret', name, { 'tls.crt': certificatePem, 'tls.key': privateKeyPem });
}

function compileOne(spec: unknown, ...objects: string[]): { policy: CompiledPolicy; problems: readonly Problem[] } {
  const policy = JSON.stringify({
    apiVersion: 'waxseal.dev/v1alpha1',
    kind: 'WSSecurityPolicy',
    metadata: { name: 'p' },
    spec,
  });
  const { manifests, problems: unreadable } = parseManifests([policy, ...objects].join('\n---\n'));
  const { bundle, problems: wrong } = resolve(manifests);
  const { policies, problems } = compileBundle(bundle);
  const compiled = policies.get('default/p');
  assert.ok(compiled);
  return {
    policy: compiled,
    problems: [...unreadable, ...wrong, ...problems].filter(({ severity }) => severity === 'error'),
  };
}

test('every reference becomes a key object and every duration milliseconds', () => {
  const { policy, problems } = compileOne(
    {
      request: {
        verify: {
          timestamp: { maxAge: '1h30m', clockSkew: '500ms' },
          decryption: {
            keyRefs: [{ name: 'gateway' }, { name: 'old' }],
            requiredParts: [{ part: 'Body' }, { part: 'Signature' }],
          },
          signature: { trustRefs: [{ kind: 'ConfigMap', name: 'ca' }], subject: { matches: 'CN=.*' } },
          usernameToken: { usersRef: { name: 'users' } },
          replay: { window: '2h' },
          identityHeaders: [{ name: 'x-subject', value: 'Subject' }],
        },
        addressing: { action: 'Default', messageId: 'Default', to: 'urn:backend', replyTo: 'Default' },
        secure: {
          timestamp: {},
          usernameToken: { credentials: { secretRef: { name: 'login' } } },
          signature: {
            keyRef: { name: 'gateway' },
            parts: [{ part: 'Body' }, { header: { namespace: 'urn:h' }, optional: true }],
          },
          encryption: {
            recipientRef: { name: 'backend' },
            parts: [{ part: 'Body' }, { part: 'Signature' }, { element: { namespace: 'urn:e', name: 'Card' } }],
          },
        },
      },
      limits: { maxBodyBytes: 20_000_000, maxDepth: 7 },
    },
    keys('gateway', pki.recipient),
    keys('old', pki.signer),
    keys('backend', pki.recipient),
    object('ConfigMap', 'ca', { 'ca.crt': pki.ca.certificatePem }),
    object('Secret', 'users', { alice: 'secret\n' }),
    object('Secret', 'login', { username: 'me\n', password: 'pass word' }),
  );
  assert.deepEqual(problems, []);
  assert.equal(policy.broken, undefined);
  const { verify, addressing, secure, identityHeaders } = policy.request;
  assert.deepEqual(verify?.timestamp, { required: true, maxAge: 5_400_000, clockSkew: 500, maxLifetime: 3_600_000 });
  assert.deepEqual(
    verify?.decryption?.keys.map(({ key, name }) => [key.type, name]),
    [
      ['private', 'gateway'],
      ['private', 'old'],
    ],
  );
  assert.deepEqual(verify?.decryption?.requiredParts, [
    { kind: 'Body', mode: 'Content', optional: false },
    { kind: 'Signature', mode: 'Element', optional: false },
  ]);
  verify?.signature?.trust?.validate([pki.signer.certificate, pki.intermediate.certificate], Date.UTC(2026, 0));
  assert.deepEqual(verify?.usernameToken?.users, new Map([['alice', 'secret']]));
  assert.deepEqual(verify?.replay, { window: 7_200_000, onCacheUnavailable: 'Refuse' });
  assert.deepEqual(identityHeaders, [{ name: 'x-subject', value: 'Subject' }]);
  assert.equal(addressing?.action, ADDRESSING_DEFAULT);
  assert.equal(addressing?.messageId, ADDRESSING_DEFAULT);
  assert.deepEqual([addressing?.to, addressing?.replyTo], ['urn:backend', 'Default']);
  assert.deepEqual(secure?.timestamp, { ttl: 300_000, precision: 'Milliseconds' });
  assert.deepEqual(secure?.usernameToken, {
    ...{ username: 'me', password: 'pass word', passwordType: 'Digest', nonce: true, created: true },
  });
  assert.equal(secure?.signature?.algorithm, 'RSA-SHA256');
  assert.deepEqual(secure?.signature?.parts, [
    { kind: 'Body', mode: 'Element', optional: false },
    { kind: 'Header', namespace: 'urn:h', mode: 'Element', optional: true },
  ]);
  assert.deepEqual(secure?.encryption?.parts, [
    { kind: 'Body', mode: 'Content', optional: false },
    { kind: 'Signature', mode: 'Element', optional: false },
    { kind: 'Element', namespace: 'urn:e', name: 'Card', mode: 'Content', optional: false },
  ]);
  assert.equal(secure?.encryption?.recipient !== 'RequestSigner' && secure?.encryption?.recipient?.name, 'backend');
  assert.equal(policy.limits.maxBodyBytes, 20_000_000);
  assert.equal(policy.limits.xml.maxTextLength, 20_000_000);
  assert.equal(policy.limits.xml.maxDepth, 7);
});

const byKey: [keyof typeof pki, string, string][] = [
  ['signer', 'RSA-SHA256', 'RSA-SHA1'],
  ['ec256', 'ECDSA-SHA256', 'ECDSA-SHA1'],
  ['ec384', 'ECDSA-SHA384', 'ECDSA-SHA1'],
  ['ec521', 'ECDSA-SHA512', 'ECDSA-SHA1'],
  ['ed25519', 'Ed25519', 'Ed25519'],
  ['ed448', 'Ed448', 'Ed448'],
];
for (const [name, modern, legacy] of byKey) {
  test(`an ${name} key signs with ${modern}, in legacy presets with ${legacy}`, () => {
    const algorithm = (preset: string): string | undefined =>
      compileOne({ request: { secure: { preset, signature: { keyRef: { name: 'k' } } } } }, keys('k', pki[name])).policy
        .request.secure?.signature?.algorithm;
    assert.equal(algorithm('Modern'), modern);
    assert.equal(algorithm('LegacyInterop'), legacy);
  });
}

test('an HMAC secret signs and verifies', () => {
  const shared = object('Secret', 'shared', { secret: 'sixteen octets and more' });
  const { policy } = compileOne(
    {
      request: { secure: { signature: { keyRef: { name: 'shared' } } } },
      response: { verify: { timestamp: {}, signature: { secretRefs: [{ name: 'shared' }] } } },
    },
    shared,
  );
  assert.equal(policy.request.secure?.signature?.algorithm, 'HMAC-SHA256');
  assert.equal(policy.request.secure?.signature?.key?.key.type, 'secret');
  assert.equal(policy.response.verify?.signature?.trust, undefined);
  assert.equal(policy.response.verify?.signature?.secrets.length, 1);
  assert.deepEqual(policy.response.verify?.signature?.accept.algorithms, ['HMAC-SHA256', 'HMAC-SHA384', 'HMAC-SHA512']);
});

const sign = (signature: object): object => ({
  request: { secure: { signature: { keyRef: { name: 'k' }, ...signature } } },
});
const login = { request: { secure: { usernameToken: { credentials: { secretRef: { name: 'k' } } } } } };
const broken: [name: string, spec: object, objects: string[], field: string, message: RegExp][] = [
  [
    'an algorithm of another kind of key',
    sign({ algorithm: 'RSA-SHA256' }),
    [keys('k', pki.ec384)],
    'spec.request.secure.signature.algorithm',
    /RSA-SHA256 needs an RSA key, and Secret k holds an EC key on the curve P-384; use ECDSA-SHA384/,
  ],
  [
    'HMAC without a secret',
    sign({ algorithm: 'HMAC-SHA256' }),
    [keys('k', pki.signer)],
    'spec.request.secure.signature.keyRef',
    /Secret k, key secret: is missing/,
  ],
  [
    'a certificate of another key',
    sign({}),
    [object('Secret', 'k', { 'tls.crt': pki.signer.certificatePem, 'tls.key': pki.recipient.privateKeyPem })],
    'spec.request.secure.signature.keyRef',
    /Secret k, key tls.crt: is not the certificate/,
  ],
  [
    'a Java key store',
    sign({}),
    [object('Secret', 'k', { 'keystore.jks': Buffer.from('feedfeed00000002', 'hex') })],
    'spec.request.secure.signature.keyRef',
    /keytool -importkeystore/,
  ],
  [
    'Digest without a password',
    login,
    [object('Secret', 'k', { username: 'me' })],
    'spec.request.secure.usernameToken.credentials.secretRef',
    /key password: is missing or empty; put the password there, which passwordType Digest needs/,
  ],
  [
    'an empty user name',
    login,
    [object('Secret', 'k', { username: '', password: 'x' })],
    'spec.request.secure.usernameToken.credentials.secretRef',
    /key username: is missing or empty/,
  ],
  [
    'a key to decrypt with that can only sign',
    { request: { verify: { decryption: { keyRefs: [{ name: 'k' }] } } } },
    [keys('k', pki.ed448)],
    'spec.request.verify.decryption.keyRefs[0]',
    /decryption needs an RSA, EC .* key, and this one is of type ed448/,
  ],
  [
    'a recipient whose key is not of the kind that the key transport needs',
    { request: { secure: { encryption: { recipientRef: { name: 'k' }, keyTransport: 'ECDH-ES' } } } },
    [keys('k', pki.x25519)],
    'spec.request.secure.encryption.recipientRef',
    /an X25519 key, and keyTransport ECDH-ES needs an EC key; use keyTransport X25519/,
  ],
  [
    'a key-encryption key of a length that AES has not',
    { request: { secure: { encryption: { recipientRef: { name: 'k' }, keyTransport: 'AES-KW' } } } },
    [object('Secret', 'k', { secret: 'seventeen octets!' })],
    'spec.request.secure.encryption.recipientRef',
    /has 17 octets; AES-KW needs 16, 24 or 32/,
  ],
  [
    'an end certificate that is trusted without being pinned',
    { request: { verify: { timestamp: {}, signature: { trustRefs: [{ name: 'k' }] } } } },
    [keys('k', pki.signer)],
    'spec.request.verify.signature.trustRefs[0]',
    /pin: true/,
  ],
  [
    'a list of users without users',
    { request: { verify: { usernameToken: { usersRef: { name: 'k' } } } } },
    [object('Secret', 'k', {})],
    'spec.request.verify.usernameToken.usersRef',
    /holds no user/,
  ],
  [
    'a revocation list that is none',
    {
      request: {
        verify: { timestamp: {}, signature: { trustRefs: [{ name: 'k' }], revocation: { crlRefs: [{ name: 'k' }] } } },
      },
    },
    [object('Secret', 'k', { 'ca.crt': pki.ca.certificatePem, 'ca.crl': 'x' })],
    'spec.request.verify.signature.revocation.crlRefs[0]',
    /Secret k, key ca.crl/,
  ],
];
for (const [name, spec, objects, field, message] of broken) {
  test(`${name} breaks the policy and says why`, () => {
    const { policy, problems } = compileOne(spec, ...objects);
    assert.deepEqual(
      problems.map((problem) => [problem.field, problem.policy]),
      [[field, 'default/p']],
    );
    assert.match(problems[0].message, message);
    assert.match(policy.broken ?? '', message);
    assert.deepEqual(policy.request, { identityHeaders: [] });
    assert.equal(policy.matches({ method: 'POST', path: '/', host: 'h', headers: new Map() }, undefined), true);
  });
}

test('a missing Secret breaks the policy, but only for the messages that it concerns', () => {
  const { policy } = compileOne({
    ...sign({}),
    mode: 'Audit',
    when: { all: [{ source: 'Path', operator: 'Equals', values: ['/a'] }] },
  });
  assert.match(policy.broken ?? '', /there is no Secret default\/k/);
  assert.equal(policy.mode, 'Audit');
  const meta = { method: 'POST', host: 'h', headers: new Map() };
  assert.equal(policy.matches({ ...meta, path: '/a' }, undefined), true);
  assert.equal(policy.matches({ ...meta, path: '/b' }, undefined), false);
});

test('a policy that is no policy concerns every message and is broken', () => {
  const { policy } = compileOne({ requests: {} });
  assert.match(policy.broken ?? '', /there is no field "requests" here; did you mean request\?/);
  assert.equal(policy.enabled, true);
  assert.equal(policy.mode, 'Enforce');
});

test('a key store in PKCS#12 signs', () => {
  const store = pkcs12Bytes(pki.signer, { password: 'changeit' });
  const { policy, problems } = compileOne(
    sign({}),
    object('Secret', 'k', { 'keystore.p12': store, password: 'changeit' }),
  );
  assert.deepEqual(problems, []);
  assert.equal(policy.request.secure?.signature?.key?.certificate?.base64, pki.signer.certificate.base64);
});

test('the certificates that a policy lives by are listed, and reported before they expire', () => {
  const { policy } = compileOne(
    {
      request: {
        secure: { signature: { keyRef: { name: 'gateway' } }, encryption: { recipientRef: { name: 'backend' } } },
      },
      response: { verify: { timestamp: {}, signature: { trustRefs: [{ name: 'backend', pin: true }] } } },
    },
    keys('gateway', pki.signer),
    keys('backend', pki.recipient),
  );
  const names = policy.certificates.map(({ name }) => name);
  assert.deepEqual(names, [
    `Secret/gateway ${pki.signer.certificate.subject}`,
    `Secret/backend ${pki.recipient.certificate.subject}`,
  ]);
  const { notAfter } = pki.signer.certificate;
  assert.equal(policy.certificates[0].notAfter, notAfter);
  const day = 24 * 3_600_000;
  assert.deepEqual(expiringCertificates({ policy: policy.id }, policy.certificates, notAfter - 31 * day), []);
  assert.match(
    expiringCertificates({ policy: policy.id }, policy.certificates, notAfter - 29 * day)[0].message,
    /expires on/,
  );
  assert.match(
    expiringCertificates({ policy: policy.id }, policy.certificates, notAfter + day)[0].message,
    /has expired on/,
  );
});
