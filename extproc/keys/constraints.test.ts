import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as der from '../../test/support/der-writer.ts';
import { createPki, issue, type CertificateOptions } from '../../test/support/pki.ts';
import { testKey } from '../../test/support/test-keys.ts';
import { CertificateConstraintError } from '../wss/errors.ts';
import { ConstraintSyntaxError, type CertificateConstraints } from './constraints.ts';
import { TrustStore } from './trust-store.ts';

const pki = createPki();
const now = Date.now();
const EKU = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2', any: '2.5.29.37.0' };

/** Whether a signer with these options passes a store with these constraints. */
function passes(constraints: CertificateConstraints, options: Partial<CertificateOptions> = {}): boolean {
  const { certificate } = issue({
    subject: 'CN=acme,OU=partners,O=Waxseal',
    key: testKey('ec256', 'leaf'),
    issuer: pki.ca,
    ...options,
  });
  try {
    new TrustStore({ anchors: [pki.ca.certificate], constraints }).validate([certificate], now);
    return true;
  } catch (error) {
    assert.ok(error instanceof CertificateConstraintError, String(error));
    return false;
  }
}

test('subject and issuer expressions must match the whole RFC 2253 text', () => {
  assert.ok(passes({ subject: 'CN=acme,.*' }));
  assert.ok(passes({ subject: 'CN=acme,OU=partners,O=Waxseal' }));
  assert.ok(passes({ subject: 'CN=(acme|other),.*', issuer: 'CN=Test CA,O=Waxseal,C=DE' }));
  assert.ok(!passes({ subject: 'CN=acme' }), 'a part is not enough');
  assert.ok(!passes({ subject: 'OU=partners.*' }));
  assert.ok(!passes({ subject: 'CN=acme,.*' }, { subject: 'CN=acme2,O=Waxseal' }));
  assert.ok(!passes({ subject: 'CN=acme,.*' }, { subject: 'OU=CN,CN=evil,O=CN' }));
  assert.ok(!passes({ subject: 'CN=acme,.*', issuer: '.*Other.*' }));
});

test('an expression cannot be made to hang', () => {
  assert.ok(!passes({ subject: '(CN=(a+)+)+X' }, { subject: `CN=${'a'.repeat(2000)}` }));
});

test('a comma in a value is no separator', () => {
  // One common name `acme,O=Waxseal`, which RFC 2253 writes `CN=acme\\,O=Waxseal`.
  const commonName = der.sequence(der.oid('2.5.4.3'), der.utf8String('acme,O=Waxseal'));
  assert.ok(!passes({ subject: 'CN=acme,O=Waxseal' }, { subject: der.sequence(der.set(commonName)) }));
});

test('one of the DNS names must be one of the policy', () => {
  const dnsNames = ['acme.example', 'b.partners.example'];
  assert.ok(passes({ dnsNames: ['ACME.example'] }, { dnsNames }));
  assert.ok(passes({ dnsNames: ['other.example', 'b.partners.example'] }, { dnsNames }));
  assert.ok(passes({ dnsNames: ['*.partners.example'] }, { dnsNames }));
  assert.ok(!passes({ dnsNames: ['*.example.partners'] }, { dnsNames }));
  assert.ok(!passes({ dnsNames: ['*.example'] }, { dnsNames: ['a.b.example'] }), 'a star is one label');
  assert.ok(!passes({ dnsNames: ['*.example'] }, { dnsNames: ['.example', '*.example'] }));
  assert.ok(!passes({ dnsNames: ['acme.example'] }));
  assert.ok(!passes({ dnsNames: ['acme.example'] }, { subject: 'CN=acme.example' }), 'the common name is no DNS name');
});

test('one of the URIs must be one of the policy, or below it', () => {
  const uris = ['spiffe://example/ns/shop/sa/orders'];
  assert.ok(passes({ uris }, { uris }));
  assert.ok(passes({ uris: ['spiffe://example/ns/shop/*'] }, { uris }));
  assert.ok(!passes({ uris: ['spiffe://example/ns/sh*'] }, { uris }), 'a star stands after a slash only');
  assert.ok(!passes({ uris: ['spiffe://example/ns/shop'] }, { uris }));
  assert.ok(!passes({ uris: ['spiffe://example/ns/shop/*'] }, { uris: ['spiffe://example/ns/shopping/sa/x'] }));
  assert.ok(!passes({ uris: ['spiffe://example/ns/shop/*'] }, { uris: ['spiffe://example/ns/shop/'] }));
  assert.ok(!passes({ uris: ['spiffe://example/ns/shop/*'] }, { uris: ['spiffe://example/ns/shop/../bank'] }));
  assert.ok(!passes({ uris }));
});

test('every extended key usage of the policy must be in the certificate', () => {
  const extendedKeyUsage = [EKU.clientAuth];
  assert.ok(passes({}, { extendedKeyUsage }));
  assert.ok(passes({ extendedKeyUsage: ['clientAuth'] }, { extendedKeyUsage }));
  assert.ok(passes({ extendedKeyUsage: [EKU.clientAuth] }, { extendedKeyUsage: [EKU.serverAuth, EKU.clientAuth] }));
  assert.ok(passes({ extendedKeyUsage: ['clientAuth'] }, { extendedKeyUsage: [EKU.any] }));
  assert.ok(!passes({ extendedKeyUsage: ['clientAuth', 'serverAuth'] }, { extendedKeyUsage }));
  assert.ok(!passes({ extendedKeyUsage: ['clientAuth'] }), 'a certificate without the extension promises nothing');
});

test('an authority that may not issue for a usage cannot give it', () => {
  const limited = issue({
    subject: 'CN=limited',
    key: testKey('ec256', 'limited'),
    issuer: pki.ca,
    ca: true,
    extendedKeyUsage: [EKU.serverAuth],
  });
  const signer = issue({
    subject: 'CN=leaf',
    key: testKey('ec256', 'leaf'),
    issuer: limited,
    extendedKeyUsage: [EKU.clientAuth],
  });
  const chain = [signer.certificate, limited.certificate];
  const trust = new TrustStore({ anchors: [pki.ca.certificate], constraints: { extendedKeyUsage: ['clientAuth'] } });
  assert.throws(() => trust.validate(chain, now), CertificateConstraintError);
  new TrustStore({ anchors: [pki.ca.certificate] }).validate(chain, now);
});

test('constraints hold for pinned certificates, too, and a failed one is not remembered as good', () => {
  const trust = new TrustStore({
    anchors: [],
    pinned: [pki.signer.certificate],
    constraints: { subject: 'CN=other.*' },
  });
  for (let time = 0; time < 2; time++) {
    assert.throws(() => trust.validate([pki.signer.certificate], now), CertificateConstraintError);
  }
});

test('constraints that cannot be understood name their field', () => {
  const build = (constraints: CertificateConstraints) => () => new TrustStore({ anchors: [], constraints });
  const isAbout = (field: string) => (error: unknown) =>
    error instanceof ConstraintSyntaxError && error.field === field;
  assert.throws(build({ subject: '(' }), isAbout('subject'));
  assert.throws(build({ issuer: '(?=a)' }), isAbout('issuer'));
  assert.throws(build({ extendedKeyUsage: ['clientauth'] }), isAbout('extendedKeyUsage'));
});
