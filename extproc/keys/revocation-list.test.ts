import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as der from '../../test/support/der-writer.ts';
import {
  createPki,
  expired,
  extension,
  issue,
  revocationListBytes,
  revocationListPem,
  type RevocationListOptions,
} from '../../test/support/pki.ts';
import { testKey } from '../../test/support/test-keys.ts';
import { CertificateExpiredError, CertificateRevokedError, RevocationUnknownError } from '../wss/errors.ts';
import { RevocationList, RevocationListError } from './revocation-list.ts';
import { TrustStore, type TrustStoreOptions } from './trust-store.ts';

const pki = createPki();
const now = Date.now();
const HOUR = 3600 * 1000;
const chain = [pki.signer.certificate, pki.intermediate.certificate];
const { serialNumber } = pki.signer.certificate;

const list = (options: Partial<RevocationListOptions> = {}): RevocationList =>
  RevocationList.fromDer(revocationListBytes({ issuer: pki.intermediate, ...options }));
const caList = list({ issuer: pki.ca });
const trusting = (crls: readonly RevocationList[], options: Partial<TrustStoreOptions> = {}): TrustStore =>
  new TrustStore({ anchors: [pki.ca.certificate], crls, ...options });

test('a list says whose it is and from when until when', () => {
  const thisUpdate = Date.UTC(2026, 0, 1);
  const nextUpdate = Date.UTC(2051, 0, 1);
  const own = list({ thisUpdate, nextUpdate, revoked: ['5', (2n ** 130n).toString()] });
  assert.equal(own.issuer, pki.intermediate.certificate.subject);
  assert.equal(own.issuerKey, pki.intermediate.certificate.subjectKey);
  assert.deepEqual([own.thisUpdate, own.nextUpdate], [thisUpdate, nextUpdate]);
  assert.ok(own.isSignedBy(pki.intermediate.certificate));
  assert.ok(!own.isSignedBy(pki.ca.certificate));
  const renamed = issue({ subject: 'CN=renamed', key: pki.intermediate.key, ca: true });
  assert.ok(!own.isSignedBy(renamed.certificate), 'the same key under another name');
});

test('whoever is on no list of his issuer is good', () => {
  trusting([list({ revoked: ['5', `${serialNumber}0`] }), caList]).validate(chain, now);
  trusting([list({ signature: 'pss-sha256' }), caList]).validate(chain, now);
});

test('a revoked signer is refused', () => {
  assert.throws(
    () => trusting([caList, list({ revoked: ['5', serialNumber] })]).validate(chain, now),
    CertificateRevokedError,
  );
});

test('a revoked authority is refused', () => {
  const revoked = list({ issuer: pki.ca, revoked: [pki.intermediate.certificate.serialNumber] });
  assert.throws(() => trusting([list(), revoked]).validate(chain, now), {
    name: 'CertificateRevokedError',
    message: /Test Intermediate/,
  });
});

test('a revocation counts even if the list is stale or another fresh list is silent', () => {
  const stale = list({ revoked: [serialNumber], nextUpdate: now - HOUR });
  assert.throws(() => trusting([caList, stale]).validate(chain, now), CertificateRevokedError);
  assert.throws(() => trusting([caList, list(), stale]).validate(chain, now), CertificateRevokedError);
});

test('without a fresh list of every issuer nothing is known', () => {
  const missing: [string, readonly RevocationList[]][] = [
    ['no list at all', []],
    ["not the intermediate's", [caList]],
    ["not the root's", [list()]],
    ['stale', [caList, list({ nextUpdate: now - HOUR })]],
    ['from the future', [caList, list({ thisUpdate: now + HOUR, nextUpdate: now + 2 * HOUR })]],
    ['signed by somebody else', [caList, list({ signingKey: testKey('rsa2048', 'lookalike') })]],
    ['of somebody else with that name', [list(), list({ issuer: lookalike })]],
  ];
  for (const [what, crls] of missing) {
    assert.throws(() => trusting(crls).validate(chain, now), RevocationUnknownError, what);
  }
});

const lookalike = issue({ subject: 'CN=Test CA,O=Waxseal,C=DE', key: testKey('rsa2048', 'lookalike'), ca: true });

test('an anchor needs no list, also when it is no root', () => {
  trusting([list()], { anchors: [pki.intermediate.certificate] }).validate(chain, now);
});

test('a list does not count when its issuer may not sign lists', () => {
  const issuer = issue({
    subject: 'CN=no lists',
    key: testKey('ec256', 'no-lists'),
    issuer: pki.ca,
    ca: true,
    keyUsage: ['keyCertSign'],
  });
  const signer = issue({ subject: 'CN=leaf', key: testKey('ec256', 'leaf'), issuer });
  assert.throws(
    () => trusting([caList, list({ issuer })]).validate([signer.certificate, issuer.certificate], now),
    RevocationUnknownError,
  );
});

test('a success is not remembered beyond the next update', () => {
  const nextUpdate = Math.ceil(now / 1000) * 1000 + HOUR;
  const trust = trusting([caList, list({ nextUpdate })]);
  trust.validate(chain, now);
  trust.validate(chain, nextUpdate - 1);
  assert.throws(() => trust.validate(chain, nextUpdate), RevocationUnknownError);
});

test('validity is looked at before revocation', () => {
  const { certificate } = expired(pki.intermediate);
  assert.throws(() => trusting([]).validate([certificate, pki.intermediate.certificate], now), CertificateExpiredError);
});

test('pinned certificates need a list of their issuer, unless they are self-signed', () => {
  const pin = { anchors: [], pinned: [pki.signer.certificate] };
  assert.throws(
    () => trusting([list()], pin).validate(chain, now),
    RevocationUnknownError,
    'nobody to check the list with',
  );
  const withIssuer = { ...pin, intermediates: [pki.intermediate.certificate] };
  trusting([list()], withIssuer).validate([pki.signer.certificate], now);
  assert.throws(
    () => trusting([list({ revoked: [serialNumber] })], withIssuer).validate(chain, now),
    CertificateRevokedError,
  );
  const own = issue({ subject: 'CN=own', key: testKey('ec256', 'own') });
  trusting([], { anchors: [], pinned: [own.certificate] }).validate([own.certificate], now);
});

const distributionPoint = (...fields: readonly Buffer[]) => [extension('2.5.29.28', der.sequence(...fields), true)];
const yes = Buffer.from([0xff]);

test('lists for signers or for authorities only', () => {
  const forUsers = list({ extensions: distributionPoint(der.implicit(1, yes)) });
  trusting([caList, forUsers]).validate(chain, now);
  const forAuthorities = list({ extensions: distributionPoint(der.implicit(2, yes)) });
  assert.throws(() => trusting([caList, forAuthorities]).validate(chain, now), RevocationUnknownError);
  trusting([list({ issuer: pki.ca, extensions: distributionPoint(der.implicit(2, yes)) }), list()]).validate(
    chain,
    now,
  );
});

test('lists that do not tell the whole story are refused by name', () => {
  const partial: [string, Partial<RevocationListOptions>][] = [
    ['delta', { extensions: [extension('2.5.29.27', der.integer(1), true)] }],
    ['indirect', { extensions: distributionPoint(der.implicit(4, yes)) }],
    ['attribute certificates', { extensions: distributionPoint(der.implicit(5, yes)) }],
    ['some reasons', { extensions: distributionPoint(der.implicit(3, Buffer.from([1, 2]))) }],
    [
      'one part',
      { extensions: distributionPoint(der.explicit(0, der.explicit(0, der.implicit(6, Buffer.from('http://a'))))) },
    ],
    ['unknown critical', { extensions: [extension('1.2.3', der.nullValue(), true)] }],
    ['entries of other issuers', { revoked: ['1'], entryExtensions: [extension('2.5.29.29', der.sequence(), true)] }],
    ['no next update', { nextUpdate: null }],
    ['SHA-1', { signature: 'sha1' }],
  ];
  for (const [what, options] of partial) assert.throws(() => list(options), RevocationListError, what);
  list({ revoked: ['1'], entryExtensions: [extension('2.5.29.21', der.tlv(0x0a, Buffer.from([1])))] });
  list({ extensions: [extension('2.5.29.20', der.integer(7)), extension('1.2.3', der.nullValue())] });
});

test('PEM texts may hold several lists', () => {
  const text = `# one\n${revocationListPem({ issuer: pki.ca })}${revocationListPem({ issuer: pki.intermediate })}`;
  assert.deepEqual(
    RevocationList.fromPem(text).map(({ issuer }) => issuer),
    [pki.ca.certificate.subject, pki.intermediate.certificate.subject],
  );
  assert.throws(() => RevocationList.fromPem('-----BEGIN X509 CRL-----\nMIIB'), RevocationListError);
});

test('damaged lists give a list or a RevocationListError', () => {
  const good = revocationListBytes({
    issuer: pki.intermediate,
    revoked: ['1', '2'],
    extensions: distributionPoint(der.implicit(1, yes)),
  });
  const change = fc.record({
    at: fc.nat(good.length - 1),
    octet: fc.nat(255),
    cut: fc.oneof(fc.constant(good.length), fc.nat(good.length)),
  });
  fc.assert(
    fc.property(change, ({ at, octet, cut }) => {
      const damaged = Buffer.from(good.subarray(0, cut));
      if (at < cut) damaged[at] = octet;
      try {
        RevocationList.fromDer(damaged).isSignedBy(pki.intermediate.certificate);
      } catch (error) {
        assert.ok(error instanceof RevocationListError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
