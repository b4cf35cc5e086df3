import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as der from '../../test/support/der-writer.ts';
import {
  createPki,
  expired,
  extension,
  issue,
  notYetValid,
  type CertificateOptions,
  type Identity,
} from '../../test/support/pki.ts';
import { testKey } from '../../test/support/test-keys.ts';
import { CertificateConstraintError, CertificateExpiredError, CertificateUntrustedError } from '../wss/errors.ts';
import type { Certificate } from './certificate.ts';
import { TrustStore, type TrustStoreOptions } from './trust-store.ts';

const pki = createPki();
const now = Date.now();
const DAY = 24 * 3600 * 1000;
const chainOf = (...identities: readonly Identity[]): Certificate[] => identities.map(({ certificate }) => certificate);
const store = (options: Partial<TrustStoreOptions> = {}): TrustStore =>
  new TrustStore({ anchors: [pki.ca.certificate], ...options });
const leaf = (issuer: Identity, options: Partial<CertificateOptions> = {}): Identity =>
  issue({ subject: 'CN=leaf,O=Waxseal,C=DE', key: testKey('ec256', 'leaf'), issuer, ...options });
const authority = (issuer: Identity | undefined, name: string, options: Partial<CertificateOptions> = {}): Identity =>
  issue({
    subject: `CN=${name},O=Waxseal,C=DE`,
    key: testKey('ec256', name),
    ...(issuer === undefined ? {} : { issuer }),
    ca: true,
    ...options,
  });

test('every kind of key is trusted by way of the intermediate that the message brings', () => {
  const trust = store();
  for (const identity of [pki.signer, pki.recipient, pki.ec256, pki.ec384, pki.ec521, pki.ed25519]) {
    trust.validate(chainOf(identity, pki.intermediate), now);
    trust.validate(chainOf(identity, pki.ca, pki.untrusted, pki.intermediate), now);
  }
});

test('the intermediate may come from the store instead', () => {
  assert.throws(() => store().validate(chainOf(pki.signer), now), CertificateUntrustedError);
  store({ intermediates: [pki.intermediate.certificate] }).validate(chainOf(pki.signer), now);
});

test('signatures of EC, Ed25519 and RSA-PSS authorities are checked too', () => {
  const roots = [
    authority(undefined, 'ec384-root', { key: testKey('ec384', 'root'), signature: 'sha384' }),
    authority(undefined, 'ed25519-root', { key: testKey('ed25519', 'root') }),
    authority(undefined, 'pss-root', { key: testKey('rsa2048', 'ca'), signature: 'pss-sha256' }),
  ];
  for (const root of roots) {
    const signature = root.key.asymmetricKeyType === 'rsa' ? 'pss-sha256' : 'sha384';
    const signer = leaf(root, { signature });
    new TrustStore({ anchors: [root.certificate] }).validate(chainOf(signer), now);
    const forged = leaf(root, {
      signature,
      signingKey: testKey(root.key.asymmetricKeyType === 'rsa' ? 'rsa2048' : 'ec256', 'other'),
    });
    assert.throws(
      () => new TrustStore({ anchors: [root.certificate] }).validate(chainOf(forged), now),
      CertificateUntrustedError,
    );
  }
});

test('a certificate of another authority with the same name is not trusted', () => {
  assert.throws(() => store().validate(chainOf(pki.untrusted), now), CertificateUntrustedError);
  const withoutKeyIds = authority(undefined, 'Test CA', { subjectKeyIdentifier: false });
  const signer = leaf(withoutKeyIds);
  assert.equal(signer.certificate.extensions.authorityKeyIdentifier, undefined);
  assert.throws(() => store().validate(chainOf(signer, withoutKeyIds), now), CertificateUntrustedError);
});

test('a self-signed certificate that looks like the authority is not the authority', () => {
  const lookalike = authority(undefined, 'Test CA', { key: testKey('rsa2048', 'lookalike') });
  assert.equal(lookalike.certificate.subject, pki.ca.certificate.subject);
  assert.throws(() => store().validate(chainOf(lookalike), now), CertificateUntrustedError);
  assert.throws(() => store().validate(chainOf(leaf(lookalike), lookalike, pki.ca), now), CertificateUntrustedError);
});

test('the same key under another name, or with another key identifier, is not the issuer', () => {
  const key = testKey('ec256', 'renamed');
  const root = authority(undefined, 'old name', { key });
  const signer = leaf(root);
  const renamed = authority(undefined, 'new name', { key });
  assert.throws(
    () => new TrustStore({ anchors: [renamed.certificate] }).validate(chainOf(signer), now),
    CertificateUntrustedError,
  );
  const otherId = authority(undefined, 'old name', {
    key,
    subjectKeyIdentifier: false,
    extensions: [extension('2.5.29.14', der.octetString(Buffer.alloc(20, 7)))],
  });
  assert.throws(
    () => new TrustStore({ anchors: [otherId.certificate] }).validate(chainOf(signer), now),
    CertificateUntrustedError,
  );
  const withoutId = authority(undefined, 'old name', { key, subjectKeyIdentifier: false });
  new TrustStore({ anchors: [withoutId.certificate] }).validate(chainOf(signer), now);
});

test('no certificate, no trust', () => {
  assert.throws(() => store().validate([], now), CertificateUntrustedError);
  assert.throws(
    () => new TrustStore({ anchors: [] }).validate(chainOf(pki.signer, pki.intermediate, pki.ca), now),
    CertificateUntrustedError,
  );
});

test('every certificate of the path must be valid at the time', () => {
  const trust = store({ intermediates: [pki.intermediate.certificate] });
  assert.throws(() => trust.validate(chainOf(expired(pki.intermediate)), now), CertificateExpiredError);
  assert.throws(() => trust.validate(chainOf(notYetValid(pki.intermediate)), now), CertificateExpiredError);
  trust.validate(chainOf(expired(pki.intermediate)), now - 2 * DAY);

  const old = authority(pki.ca, 'old', { notAfter: now - DAY });
  assert.throws(() => store().validate(chainOf(leaf(old), old), now), {
    name: 'CertificateExpiredError',
    message: /CN=old/,
  });
  const oldRoot = authority(undefined, 'old root', { notAfter: now - DAY });
  assert.throws(
    () => new TrustStore({ anchors: [oldRoot.certificate] }).validate(chainOf(leaf(oldRoot)), now),
    CertificateExpiredError,
  );
});

test('the last millisecond of validity is valid, the next is not', () => {
  const end = Math.ceil(now / 1000) * 1000 + DAY;
  const { certificate } = leaf(pki.ca, { notAfter: end });
  const trust = store();
  trust.validate([certificate], end);
  assert.throws(() => trust.validate([certificate], end + 1), CertificateExpiredError);
});

test('only an authority may issue', () => {
  const notCa = authority(pki.ca, 'not an authority', { ca: false });
  assert.throws(() => store().validate(chainOf(leaf(notCa), notCa), now), {
    name: 'CertificateUntrustedError',
    message: /not a certification authority/,
  });
  const mayNotSign = authority(pki.ca, 'may not sign', { keyUsage: ['cRLSign', 'digitalSignature'] });
  assert.throws(() => store().validate(chainOf(leaf(mayNotSign), mayNotSign), now), {
    name: 'CertificateUntrustedError',
    message: /key usage/,
  });
  assert.throws(
    () => store().validate(chainOf(leaf(pki.signer), pki.signer, pki.intermediate), now),
    CertificateUntrustedError,
  );
});

test('an anchor without extensions issues only when it is X.509 v1', () => {
  const key = testKey('ec256', 'v1');
  const v1 = issue({ subject: 'CN=v1', key, version: 1 });
  assert.equal(v1.certificate.version, 1);
  new TrustStore({ anchors: [v1.certificate] }).validate(chainOf(leaf(v1)), now);
  const v3 = issue({ subject: 'CN=v3', key });
  assert.throws(
    () => new TrustStore({ anchors: [v3.certificate] }).validate(chainOf(leaf(v3)), now),
    CertificateUntrustedError,
  );
  const inside = issue({ subject: 'CN=v1 inside', key, version: 1, issuer: pki.ca });
  assert.throws(() => store().validate(chainOf(leaf(inside), inside), now), CertificateUntrustedError);
});

test('path length constraints hold', () => {
  const below = authority(pki.intermediate, 'below');
  assert.throws(() => store().validate(chainOf(leaf(below), below, pki.intermediate), now), {
    name: 'CertificateUntrustedError',
    message: /longer than it allows/,
  });

  const one = authority(pki.ca, 'one', { ca: 1 });
  const two = authority(one, 'two');
  store().validate(chainOf(leaf(two), two, one), now);
  const rolledOver = authority(two, 'two', { key: testKey('ec256', 'two-new') });
  store().validate(chainOf(leaf(rolledOver), rolledOver, two, one), now);
  const three = authority(two, 'three');
  assert.throws(() => store().validate(chainOf(leaf(three), three, two, one), now), CertificateUntrustedError);
});

test('a path of more than eight certificates is refused', () => {
  const chain: Identity[] = [];
  let issuer = pki.ca;
  for (let depth = 1; depth <= 7; depth++) {
    issuer = authority(issuer, `depth-${depth}`);
    chain.unshift(issuer);
  }
  store().validate(chainOf(leaf(chain[1]), ...chain.slice(1)), now);
  assert.throws(() => store().validate(chainOf(leaf(issuer), ...chain), now), CertificateUntrustedError);
});

test('the signer must be allowed to sign', () => {
  const trust = store();
  assert.throws(
    () => trust.validate(chainOf(leaf(pki.ca, { keyUsage: ['keyEncipherment'] })), now),
    CertificateConstraintError,
  );
  trust.validate(chainOf(leaf(pki.ca, { keyUsage: ['nonRepudiation'] })), now);
  trust.validate(chainOf(leaf(pki.ca, { keyUsage: ['digitalSignature'] })), now);
});

test('critical extensions that are not understood are refused anywhere on the path, others are not', () => {
  const critical = [extension('1.2.3.4', der.nullValue(), true)];
  const harmless = [extension('1.2.3.4', der.nullValue())];
  store().validate(chainOf(leaf(pki.ca, { extensions: harmless })), now);
  assert.throws(() => store().validate(chainOf(leaf(pki.ca, { extensions: critical })), now), {
    name: 'CertificateUntrustedError',
    message: /1\.2\.3\.4/,
  });
  const strange = authority(pki.ca, 'strange', { extensions: critical });
  assert.throws(() => store().validate(chainOf(leaf(strange), strange), now), CertificateUntrustedError);
});

test('an authority with name constraints is refused, critical or not', () => {
  const permitted = der.sequence(der.explicit(0, der.sequence(der.implicit(2, Buffer.from('example')))));
  for (const isCritical of [true, false]) {
    const limited = authority(pki.ca, 'limited', { extensions: [extension('2.5.29.30', permitted, isCritical)] });
    assert.throws(() => store().validate(chainOf(leaf(limited), limited), now), CertificateUntrustedError);
  }
});

test('links signed with SHA-1 or MD5 do not count, and the message says what to do', () => {
  for (const signature of ['sha1', 'md5'] as const) {
    assert.throws(() => store().validate(chainOf(leaf(pki.ca, { signature })), now), {
      name: 'CertificateUntrustedError',
      message: /pinned/,
    });
  }
  const old = leaf(pki.ca, { signature: 'sha1' });
  store({ pinned: [old.certificate] }).validate(chainOf(old), now);
});

test('cross-signed loops end after a bounded number of signature checks', (context) => {
  const checks = context.mock.method(X509Certificate.prototype, 'verify');
  const keys = ['x', 'y', 'z'];
  const roots = keys.map((name) => authority(undefined, name));
  // Everybody has certified everybody, several times over: the ways through are without number.
  const loops = roots.flatMap((issuer) =>
    roots.flatMap((subject, index) => [1, 2].map(() => authority(issuer, keys[index], { key: subject.key }))),
  );
  const signer = leaf(roots[0]);
  assert.throws(() => store().validate(chainOf(signer, ...loops.slice(0, 9)), now), CertificateUntrustedError);
  assert.throws(
    () => store({ intermediates: chainOf(...loops) }).validate(chainOf(signer), now),
    CertificateUntrustedError,
  );
  assert.throws(() => store().validate(chainOf(signer, ...loops), now), { message: /too many certificates/ });
  assert.ok(checks.mock.callCount() > 16 && checks.mock.callCount() <= 2 * 16 + 1, `${checks.mock.callCount()}`);
  // The way out is found all the same.
  const wayOut = authority(pki.ca, 'x', { key: roots[0].key });
  store({ intermediates: chainOf(wayOut, ...loops.slice(0, 4)) }).validate(chainOf(signer), now);
});

test('another way is taken when the first one has a fault', () => {
  const key = testKey('ec256', 'renewed');
  const old = authority(pki.ca, 'renewed', { key, notAfter: now - DAY });
  const renewed = authority(pki.ca, 'renewed', { key });
  const signer = leaf(renewed);
  store().validate(chainOf(signer, old, renewed), now);
  store().validate(chainOf(signer, renewed, old), now);
  assert.throws(() => store().validate(chainOf(signer, old), now), CertificateExpiredError);
});

test('a pinned certificate is trusted whoever issued it, and whom it certifies is not', () => {
  const trust = new TrustStore({ anchors: [], pinned: [pki.signer.certificate, pki.ca.certificate] });
  trust.validate(chainOf(pki.signer), now);
  assert.throws(() => trust.validate(chainOf(pki.ec256, pki.intermediate, pki.ca), now), CertificateUntrustedError);
  const sameKey = issue({ subject: 'CN=signer,O=Waxseal,C=DE', key: pki.signer.key });
  assert.throws(() => trust.validate(chainOf(sameKey), now), CertificateUntrustedError);
  const old = expired(pki.intermediate).certificate;
  assert.throws(() => new TrustStore({ anchors: [], pinned: [old] }).validate([old], now), CertificateExpiredError);
});

test('a self-signed signer among the anchors is trusted as itself', () => {
  const own = issue({ subject: 'CN=own', key: testKey('ec256', 'own') });
  new TrustStore({ anchors: [own.certificate] }).validate(chainOf(own), now);
});

test('success is remembered until it can change, failure is not', (context) => {
  const start = Math.floor(now / 1000) * 1000;
  const signer = leaf(pki.ca, { notBefore: start - DAY, notAfter: start + DAY }).certificate;
  const checks = context.mock.method(signer.x509, 'verify');
  const trust = store();
  trust.validate([signer], now);
  assert.equal(checks.mock.callCount(), 1);
  trust.validate([signer], now + 1000);
  assert.equal(checks.mock.callCount(), 1);
  assert.throws(() => trust.validate([signer], start + DAY + 1), CertificateExpiredError);
  assert.throws(() => trust.validate([signer], start - DAY - 1), CertificateExpiredError);
  trust.validate([signer], now);
  assert.equal(checks.mock.callCount(), 3);
  // What was found with a chain says nothing about the same signer without it.
  const fresh = store();
  fresh.validate(chainOf(pki.signer, pki.intermediate), now);
  assert.throws(() => fresh.validate(chainOf(pki.signer), now), CertificateUntrustedError);
});

test('certificates are found by whatever a message names them with', () => {
  const trust = new TrustStore({ anchors: [pki.ca.certificate], intermediates: chainOf(pki.intermediate, pki.signer) });
  const { certificate } = pki.signer;
  assert.equal(trust.findByIssuerSerial('C=DE,O=Waxseal,CN=Test Intermediate', certificate.serialNumber), undefined);
  assert.equal(
    trust.findByIssuerSerial('cn=Test Intermediate, o=Waxseal, c=DE', certificate.serialNumber),
    certificate,
  );
  assert.equal(trust.findByIssuerSerial(certificate.issuer, `${certificate.serialNumber}0`), undefined);
  assert.equal(trust.findByIssuerSerial('no name', certificate.serialNumber), undefined);
  assert.equal(trust.findBySki(certificate.subjectKeyIdentifier), certificate);
  assert.equal(trust.findBySki(Buffer.alloc(20)), undefined);
  assert.equal(trust.findByThumbprint(certificate.thumbprintSha1), certificate);
  assert.equal(trust.findByPublicKey(certificate.publicKey), certificate);
  assert.equal(trust.findByPublicKey(pki.untrusted.certificate.publicKey), undefined);
  assert.equal(trust.findBySubject('CN=signer,O=Waxseal,C=DE'), certificate);
  assert.equal(trust.findBySubject('CN=nobody'), undefined);
});
