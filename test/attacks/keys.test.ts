/**
 * Keys that the message brings along or confuses (CVE-2024-32962, GHSA-c27r-x354-4m68), weak keys, and algorithms that the
 * policy does not accept. The certificate in a KeyInfo is a hint, never a reason to trust.
 */

import assert from 'node:assert/strict';
import { createSecretKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import { EMPTY_EXCHANGE } from '../../extproc/wss/exchange-state.ts';
import { ENCRYPTED_KEY_SHA1 } from '../../extproc/wss/namespaces.ts';
import type { VerifySettings } from '../../extproc/wss/settings.ts';
import { certificateBytes, expired, issue, notYetValid } from '../support/pki.ts';
import { testKey } from '../support/test-keys.ts';
import {
  check,
  decryptionSettings,
  encryptedKey,
  envelope,
  honest,
  pki,
  reference,
  refusal,
  seal,
  security,
  settings,
  signature,
  signatureSettings,
  timestamp,
  token,
} from './forge.ts';

const accept = signatureSettings().accept;
const accepting = (...algorithms: typeof accept.algorithms): VerifySettings =>
  settings({ signature: signatureSettings({ accept: { ...accept, algorithms } }) });

test('refuses a certificate that nobody trusted issued, though it has the name of a trusted one', () => {
  assert.equal(refusal(honest(pki.untrusted)), 'ERR_WSS_CERTIFICATE_UNTRUSTED');
});

test('refuses the certificate of a trusted signer with the signature of another key', () => {
  const xml = envelope(security(token(pki.signer) + timestamp() + signature()));
  assert.equal(refusal(seal(xml, pki.untrusted.key)), 'ERR_WSS_SIGNATURE_INVALID');
});

test('asks nobody whether a certificate is revoked before its key is known to have made the signature', () => {
  const ocsp = { responders: [], nonce: false, onUnavailable: 'Refuse', timeout: 1, clockSkew: 0 } as const;
  const trust = new TrustStore({ anchors: [pki.ca.certificate], intermediates: [pki.intermediate.certificate], ocsp });
  const asking = settings({ signature: signatureSettings({ trust }) });
  const stolen = envelope(security(token(pki.signer) + timestamp() + signature()));
  assert.equal(refusal(seal(stolen, pki.untrusted.key), asking), 'ERR_WSS_SIGNATURE_INVALID');
  assert.equal(refusal(honest(), asking), 'ERR_KEYS_REVOCATION_NEEDED');
});

test('refuses expired and not yet valid certificates', () => {
  assert.equal(refusal(honest(expired(pki.intermediate))), 'ERR_WSS_CERTIFICATE_EXPIRED');
  assert.equal(refusal(honest(notYetValid(pki.intermediate))), 'ERR_WSS_CERTIFICATE_EXPIRED');
});

test('refuses an RSA key of 1024 bits, though a trusted authority certified it', () => {
  const key = testKey('rsa1024', 'weak');
  const der = certificateBytes({ subject: 'CN=weak,O=Waxseal', key, issuer: pki.intermediate });
  const xml = envelope(security(token(pki.signer) + timestamp() + signature()));
  const weak = xml.replace(pki.signer.certificate.base64, der.toString('base64'));
  assert.equal(refusal(seal(weak, key)), 'ERR_WSS_INVALID_TOKEN');
});

test('refuses a KeyValue, even the right one, of a certificate the policy does not hold', () => {
  const keyInfo = `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${jwk(pki.signer.key, 'n')}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`;
  const xml = seal(envelope(security(timestamp() + signature({ keyInfo }))), pki.signer.key);
  assert.equal(refusal(xml), 'ERR_WSS_KEY_NOT_FOUND');
  const trust = new TrustStore({
    anchors: [pki.ca.certificate],
    intermediates: [pki.intermediate.certificate, pki.signer.certificate],
  });
  assert.equal(refusal(xml, settings({ signature: signatureSettings({ trust }) })), 'accepted');
});

const jwk = (key: KeyObject, field: 'n'): string =>
  Buffer.from(key.export({ format: 'jwk' })[field] ?? '', 'base64url').toString('base64');

test('never takes a public key for an HMAC secret', () => {
  const { publicKey } = pki.signer.certificate;
  for (const octets of [
    publicKey.export({ type: 'spki', format: 'der' }),
    Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })),
    pki.signer.certificate.der,
  ]) {
    const xml = envelope(security(token(pki.signer) + timestamp() + signature({ algorithm: 'HMAC-SHA256' })));
    const sealed = seal(xml, createSecretKey(octets), 'HMAC-SHA256');
    assert.equal(refusal(sealed), 'ERR_WSS_ALGORITHM_NOT_ACCEPTED');
    assert.equal(refusal(sealed, accepting('HMAC-SHA256', 'RSA-SHA256')), 'ERR_WSS_KEY_NOT_FOUND');
  }
});

test('never takes a key of one family for an algorithm of another', () => {
  const sealed = honest(pki.ec256, { algorithm: 'ECDSA-SHA256' });
  assert.equal(refusal(sealed), 'accepted');
  assert.equal(refusal(sealed.replaceAll('ecdsa-sha256', 'rsa-sha256')), 'ERR_WSS_KEY_NOT_ACCEPTED');
  assert.equal(refusal(honest().replaceAll('#rsa-sha256', '#ecdsa-sha256')), 'ERR_WSS_KEY_NOT_ACCEPTED');
});

test('accepts an HMAC with a secret of the policy, and neither a truncated nor a lengthened one', () => {
  const key = createSecretKey(Buffer.alloc(32, 7));
  const using = settings({
    signature: signatureSettings({
      secrets: [{ key, name: 'shared' }],
      accept: { ...accept, algorithms: ['HMAC-SHA256'] },
    }),
  });
  const keyInfo = '<ds:KeyName>shared</ds:KeyName>';
  const xml = seal(
    envelope(security(timestamp() + signature({ algorithm: 'HMAC-SHA256', keyInfo }))),
    key,
    'HMAC-SHA256',
  );
  assert.equal(refusal(xml, using), 'accepted');
  const value = /<ds:SignatureValue>(.*?)</.exec(xml)?.[1] ?? '';
  const octets = Buffer.from(value, 'base64');
  for (const other of [octets.subarray(0, 10), octets.subarray(0, 31), Buffer.concat([octets, Buffer.alloc(1)])]) {
    assert.equal(refusal(xml.replace(value, other.toString('base64')), using), 'ERR_WSS_SIGNATURE_INVALID');
  }
});

test('refuses an HMAC whose key came with the message, unless the policy names no signer at all', () => {
  const key = Buffer.alloc(32, 5);
  const keyInfo = '<wsse:SecurityTokenReference><wsse:Reference URI="#EK-1"/></wsse:SecurityTokenReference>';
  const message = (keyBlock: string): string =>
    seal(
      envelope(security(keyBlock + timestamp() + signature({ algorithm: 'HMAC-SHA256', keyInfo }))),
      createSecretKey(key),
      'HMAC-SHA256',
    );
  const xml = message(encryptedKey(key, { references: [] }));
  const hmac = { ...accept, algorithms: ['HMAC-SHA256'] } as const;
  const decryption = decryptionSettings();
  const named = settings({ decryption, signature: signatureSettings({ accept: hmac }) });
  assert.equal(refusal(xml, named), 'ERR_WSS_KEY_NOT_FOUND');
  const secrets = [{ key: createSecretKey(Buffer.alloc(32)), name: 'other' }];
  const shared = settings({ decryption, signature: signatureSettings({ trust: undefined, secrets, accept: hmac }) });
  assert.equal(refusal(xml, shared), 'ERR_WSS_KEY_NOT_FOUND');
  const anonymous = settings({ decryption, signature: signatureSettings({ trust: undefined, accept: hmac }) });
  assert.equal(refusal(xml, anonymous), 'accepted');
  const nonsense = message(encryptedKey(key, { references: [], tamper: () => Buffer.alloc(256, 1) }));
  assert.equal(refusal(nonsense, anonymous), 'ERR_WSS_SIGNATURE_INVALID', 'no word on the key');
});

test('takes a key of the exchange for an HMAC only if it was we who made it', () => {
  const key = Buffer.alloc(32, 6);
  const keyInfo = `<wsse:SecurityTokenReference><wsse:KeyIdentifier ValueType="${ENCRYPTED_KEY_SHA1}">AAAA</wsse:KeyIdentifier></wsse:SecurityTokenReference>`;
  const xml = seal(
    envelope(security(timestamp() + signature({ algorithm: 'HMAC-SHA256', keyInfo }))),
    createSecretKey(key),
    'HMAC-SHA256',
  );
  const using = accepting('HMAC-SHA256');
  const after = (received?: true) => ({
    exchange: { ...EMPTY_EXCHANGE, encryptedKeys: [{ sha1: 'AAAA', key, ...(received && { received }) }] },
  });
  assert.equal(refusal(xml, using, after()), 'accepted');
  assert.equal(refusal(xml, using, after(true)), 'ERR_WSS_KEY_NOT_FOUND');
  assert.equal(refusal(xml, using), 'ERR_WSS_KEY_NOT_FOUND');
});

const downgraded: [string, string][] = [
  ['RSA-SHA1', honest(pki.signer, { algorithm: 'RSA-SHA1' })],
  [
    'a SHA-1 digest',
    honest(pki.signer, { references: reference('TS-1', undefined, 'SHA1') + reference('Body-1', undefined, 'SHA1') }),
  ],
  ['RSA-PSS-SHA512, which we know but the policy does not list', honest(pki.signer, { algorithm: 'RSA-PSS-SHA512' })],
];
for (const [name, xml] of downgraded) {
  test(`refuses ${name}`, () => assert.equal(refusal(xml), 'ERR_WSS_ALGORITHM_NOT_ACCEPTED'));
}

test('says which legacy algorithms an accepted message used', () => {
  const lax = settings({
    signature: signatureSettings({ accept: { ...accept, algorithms: ['RSA-SHA1'], digests: ['SHA1'] } }),
  });
  const references = reference('TS-1', undefined, 'SHA1') + reference('Body-1', undefined, 'SHA1');
  assert.deepEqual(check(honest(pki.signer, { algorithm: 'RSA-SHA1', references }), lax).legacyAlgorithms, [
    'RSA-SHA1',
    'SHA1',
  ]);
});

test('refuses MD5 and DSA by not knowing them', () => {
  const unknown = (uri: string): string => honest(pki.signer, { method: `<ds:SignatureMethod Algorithm="${uri}"/>` });
  assert.equal(refusal(unknown('http://www.w3.org/2001/04/xmldsig-more#rsa-md5')), 'ERR_WSS_UNSUPPORTED_ALGORITHM');
  assert.equal(refusal(unknown('http://www.w3.org/2000/09/xmldsig#dsa-sha1')), 'ERR_WSS_UNSUPPORTED_ALGORITHM');
});

test('fetches no key: RetrievalMethod, KeyInfoReference and outside references are refused', () => {
  const named = (keyInfo: string): string => honest(pki.signer, { keyInfo });
  assert.equal(refusal(named('<ds:RetrievalMethod URI="http://127.0.0.1:1/key"/>')), 'ERR_WSS_UNSUPPORTED_TOKEN');
  assert.equal(
    refusal(named('<d:KeyInfoReference xmlns:d="http://www.w3.org/2009/xmldsig11#" URI="file:///etc/passwd"/>')),
    'ERR_WSS_UNSUPPORTED_TOKEN',
  );
  const outside = `<wsse:SecurityTokenReference><wsse:Reference URI="http://127.0.0.1:1/token"/></wsse:SecurityTokenReference>`;
  assert.equal(refusal(named(outside)), 'ERR_WSS_REFERENCE_UNRESOLVED');
});

test('refuses a SecurityTokenReference that leads to itself, to two tokens or to two elements of one id', () => {
  const named = (keyInfo: string): string => honest(pki.signer, { keyInfo });
  const itself = `<wsse:SecurityTokenReference wsu:Id="R"><wsse:Reference URI="#R"/></wsse:SecurityTokenReference>`;
  assert.equal(refusal(named(itself)), 'ERR_WSS_UNSUPPORTED_TOKEN');
  const two = `<wsse:SecurityTokenReference>${'<wsse:Reference URI="#X509-1"/>'.repeat(2)}</wsse:SecurityTokenReference>`;
  assert.equal(refusal(named(two)), 'ERR_WSS_INVALID_STRUCTURE');
  const doubled = honest().replace('<wsse:BinarySecurityToken', `${token(pki.untrusted)}<wsse:BinarySecurityToken`);
  assert.equal(refusal(doubled), 'ERR_WSS_DUPLICATE_ID');
});

test('refuses a signer that the constraints of the policy do not allow', () => {
  const other = issue({
    subject: 'CN=mallory,O=Waxseal',
    key: testKey('rsa2048', 'mallory'),
    issuer: pki.intermediate,
  });
  const trust = new TrustStore({
    anchors: [pki.ca.certificate],
    intermediates: [pki.intermediate.certificate],
    constraints: { subject: 'CN=signer,.*' },
  });
  const using = settings({ signature: signatureSettings({ trust }) });
  assert.equal(refusal(honest(), using), 'accepted');
  assert.equal(refusal(honest(other), using), 'ERR_WSS_CERTIFICATE_CONSTRAINT');
});

test('reads the identity of the signer whose signature covers the required parts, not of another trusted one', () => {
  const mine = signature({
    references: reference('TS-1'),
    keyInfo: `<wsse:SecurityTokenReference><wsse:Reference URI="#X509-2"/></wsse:SecurityTokenReference>`,
  }).replace('SIG-1', 'SIG-2');
  const header = token(pki.signer) + token(pki.recipient, 'X509-2') + timestamp();
  const half = seal(envelope(security(header + signature() + '<!--second-->')), pki.signer.key);
  const whole = seal(half.replace('<!--second-->', mine), pki.recipient.key);
  assert.equal(check(whole).identity.certificate?.fingerprint, pki.signer.certificate.fingerprint);
});
