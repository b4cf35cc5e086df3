/** OCSP against OpenSSL's responder: what it says is believed only from whom it must come, for now, and for the question. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { certificateId } from '../../extproc/keys/ocsp/identity.ts';
import { OcspResponseError, readAnswer, writeRequest } from '../../extproc/keys/ocsp/message.ts';
import type { OcspQuestion, OcspSettings } from '../../extproc/keys/ocsp/status.ts';
import { OcspProvider } from '../../extproc/revocation/provider.ts';
import * as der from '../support/der-writer.ts';
import { OcspResponder } from '../support/ocsp-responder.ts';
import { createPki, extension, issue, type Identity } from '../support/pki.ts';
import { testKey } from '../support/test-keys.ts';

const pki = createPki();
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const delegate = (name: string, options: Partial<Parameters<typeof issue>[0]> = {}): Identity =>
  issue({
    ...{ subject: `CN=${name},O=Waxseal,C=DE`, key: testKey('ec256', name), issuer: pki.intermediate },
    ...{ keyUsage: ['digitalSignature'], extendedKeyUsage: [OCSP_SIGNING] },
    ...options,
  });
const leaf = delegate('ocsp-leaf', { extendedKeyUsage: undefined });

let responder: OcspResponder;
before(async () => {
  responder = await OcspResponder.start({ issuer: pki.intermediate });
});
after(() => responder.close());
beforeEach(() => {
  responder.options = { issuer: pki.intermediate };
  responder.requests.length = 0;
  responder.known.clear();
  responder.revoked.clear();
  responder.instead = undefined;
  responder.knows(leaf.certificate);
});

function question(settings: Partial<OcspSettings> = {}, certificate = leaf.certificate): OcspQuestion {
  return {
    ...{ key: certificate.fingerprint, certificate: certificate.der, issuer: pki.intermediate.certificate.der },
    settings: {
      ...{ responderUrl: responder.url, responders: [], nonce: false, onUnavailable: 'Refuse' },
      ...{ timeout: 5000, clockSkew: 60_000 },
      ...settings,
    },
  };
}
const ask = (settings?: Partial<OcspSettings>, certificate = leaf.certificate) =>
  new OcspProvider().statusOf(question(settings, certificate));

test('good, revoked and unknown', async () => {
  assert.equal((await ask()).status, 'good');
  responder.revokes(leaf.certificate);
  assert.equal((await ask()).status, 'revoked');
  assert.equal((await ask({}, pki.signer.certificate)).status, 'unknown');
});

test('a delegate of the issuer may answer, and nobody else whom it has certified', async () => {
  responder.options = { issuer: pki.intermediate, signer: delegate('ocsp-delegate') };
  assert.equal((await ask()).status, 'good');
  const others = [
    delegate('ocsp-no-usage', { extendedKeyUsage: undefined }),
    delegate('ocsp-any-usage', { extendedKeyUsage: ['2.5.29.37.0'] }),
    delegate('ocsp-expired', { notAfter: Date.now() - 3600_000 }),
    delegate('ocsp-no-signing', { keyUsage: ['keyEncipherment'] }),
    delegate('ocsp-of-another', { issuer: pki.ca }),
    delegate('ocsp-lookalike', { signingKey: pki.untrusted.key }),
  ];
  for (const signer of others) {
    responder.options = { issuer: pki.intermediate, signer };
    const { status, reason } = await ask();
    assert.equal(status, 'unavailable', signer.certificate.subject);
    assert.match(reason ?? '', /nobody who may answer/);
  }
});

test('a responder that the policy trusts may answer, whoever issued its certificate', async () => {
  const own = issue({ subject: 'CN=responder', key: testKey('ec256', 'own-responder') });
  responder.options = { issuer: pki.intermediate, signer: own };
  assert.equal((await ask()).status, 'unavailable');
  assert.equal((await ask({ responders: [own.certificate.der] })).status, 'good');
});

test('a nonce must come back; one that comes unasked is passed over', async () => {
  assert.equal((await ask({ nonce: true })).status, 'good');
  const old = responder.answer(responder.requests[0]);
  responder.instead = () => old;
  assert.match((await ask({ nonce: true })).reason ?? '', /repeats another nonce/);
  assert.equal((await ask()).status, 'good');
  responder.instead = undefined;
  await ask();
  const without = responder.answer(responder.requests.at(-1) ?? Buffer.alloc(0));
  responder.instead = () => without;
  assert.match((await ask({ nonce: true })).reason ?? '', /does not repeat the nonce/);
});

test('an answer counts in its time, and with the clocks apart a little beyond', () => {
  const request = writeRequest(certificateId(leaf.certificate, pki.intermediate.certificate));
  const read = (response: Buffer, later: number, clockSkew = 60_000) =>
    readAnswer(response, {
      ...{ id: certificateId(leaf.certificate, pki.intermediate.certificate), issuer: pki.intermediate.certificate },
      ...{ responders: [], now: Date.now() + later, clockSkew },
    });
  const day = responder.answer(request);
  assert.equal(read(day, 0).status, 'good');
  assert.throws(() => read(day, 25 * 3600_000), /stale/);
  assert.throws(() => read(day, -3600_000), /not valid yet/);
  assert.equal(read(day, -3600_000, 2 * 3600_000).status, 'good');
  responder.options = { issuer: pki.intermediate, days: 0 };
  const unsaid = responder.answer(request);
  assert.equal(read(unsaid, 60_000).status, 'good', 'it does not say until when: five minutes');
  assert.throws(() => read(unsaid, 10 * 60_000), /stale/);
  responder.revokes(leaf.certificate);
  const revoked = responder.answer(request);
  assert.equal(read(revoked, 10 * 60_000).status, 'revoked', 'a revocation stays one');
});

test('an answer to another question is none', async () => {
  const other = writeRequest(certificateId(pki.signer.certificate, pki.intermediate.certificate));
  responder.instead = () => responder.answer(other);
  assert.match((await ask()).reason ?? '', /about other certificates/);
});

test('a responder that is dead, slow, or answers with something else', async () => {
  responder.instead = () => 500;
  assert.match((await ask()).reason ?? '', /HTTP status 500/);
  responder.instead = () => Buffer.from('<html>');
  assert.match((await ask()).reason ?? '', /cannot be read/);
  responder.instead = () => Buffer.alloc(70_000, 0x30);
  assert.match((await ask()).reason ?? '', /cannot be asked/);
  responder.instead = () => der.sequence(Buffer.of(0x0a, 1, 3));
  assert.match((await ask()).reason ?? '', /tryLater/);
  assert.match((await ask({ responderUrl: 'http://127.0.0.1:1/' })).reason ?? '', /cannot be asked/);
});

test('without a responderUrl the certificate says whom to ask, and only over HTTP', async () => {
  const access = (...urls: readonly string[]): Buffer =>
    extension(
      '1.3.6.1.5.5.7.1.1',
      der.sequence(
        ...urls.map((url) => der.sequence(der.oid('1.3.6.1.5.5.7.48.1'), der.implicit(6, Buffer.from(url)))),
      ),
    );
  const of = (...urls: readonly string[]): Identity => delegate('ocsp-access', { extensions: [access(...urls)] });
  const own = of('ldap://directory.example/', 'http://user:password@127.0.0.1/', responder.url);
  responder.knows(own.certificate);
  assert.equal((await ask({ responderUrl: undefined }, own.certificate)).status, 'good');
  for (const url of ['file:///etc/passwd', 'ldap://a/', 'gopher://127.0.0.1:6379/_x', '//x', '']) {
    const { reason } = await ask({ responderUrl: undefined }, of(url).certificate);
    assert.match(reason ?? '', /names no OCSP responder/, url);
  }
});

test('whatever octets come for an answer, and whatever bit of a good one is turned, it is good as it was or refused', () => {
  const id = certificateId(leaf.certificate, pki.intermediate.certificate);
  const good = responder.answer(writeRequest(id));
  const expected = { id, issuer: pki.intermediate.certificate, responders: [], now: Date.now(), clockSkew: 0 };
  const attempt = (octets: Buffer): string => {
    try {
      return readAnswer(octets, { ...expected, now: Date.now() + 1000 }).status;
    } catch (error) {
      assert.ok(error instanceof OcspResponseError, String(error));
      return 'refused';
    }
  };
  assert.equal(attempt(good), 'good');
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => attempt(Buffer.from(octets)) === 'refused'));
  responder.revokes(leaf.certificate);
  const revoked = responder.answer(writeRequest(id));
  fc.assert(
    fc.property(fc.nat(revoked.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const octets = Buffer.from(revoked);
      octets[at] ^= change;
      return attempt(octets) !== 'good';
    }),
  );
});

test('one question at a time, kept until it is due, renewed while it still counts', async () => {
  let now = Date.now();
  const provider = new OcspProvider(undefined, undefined, () => now);
  const [a, b] = await Promise.all([provider.statusOf(question()), provider.statusOf(question())]);
  assert.deepEqual([a.status, b.status, responder.requests.length], ['good', 'good', 1]);
  await provider.statusOf(question());
  assert.equal(responder.requests.length, 1);
  assert.ok(a.until > now + 17 * 3600_000 && a.until < now + 19 * 3600_000, 'three quarters of a day');
  now += 20 * 3600_000;
  responder.instead = () => 503;
  // Asked behind its back: in vain, so that it is asked again in ten seconds, and the old answer still counts.
  for (let status = await provider.statusOf(question()); ; status = await provider.statusOf(question())) {
    assert.equal(status.status, 'good');
    if (status.until === now + 10_000) break;
    assert.equal(status.until, now + 30_000);
    await new Promise(setImmediate);
  }
  assert.equal(responder.requests.length, 2);
  now += 5 * 3600_000;
  assert.equal((await provider.statusOf(question())).status, 'unavailable');
  assert.equal((await provider.statusOf(question())).status, 'unavailable', 'not asked again at once');
  assert.equal(responder.requests.length, 3);
});

test('an answer counts only for policies that ask the same way', async () => {
  const own = issue({ subject: 'CN=responder', key: testKey('ec256', 'own-responder') });
  responder.options = { issuer: pki.intermediate, signer: own };
  const provider = new OcspProvider();
  assert.equal((await provider.statusOf(question({ responders: [own.certificate.der] }))).status, 'good');
  assert.equal((await provider.statusOf(question())).status, 'unavailable');
});
