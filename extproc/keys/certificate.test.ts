import assert from 'node:assert/strict';
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import * as der from '../../test/support/der-writer.ts';
import { certificateBytes, createPki, extension, issue, nameBytes } from '../../test/support/pki.ts';
import { testKey } from '../../test/support/test-keys.ts';
import { InvalidTokenError } from '../wss/errors.ts';
import { Certificate } from './certificate.ts';

const pki = createPki();

test('a certificate says who it is', () => {
  const { certificate, key } = issue({
    subject: 'CN=acme,OU=partners,O=Example,C=DE',
    key: testKey('ec256', 'certificate-test'),
    issuer: pki.intermediate,
    serialNumber: 0x00ff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_ffffn,
    notBefore: Date.UTC(2020, 0, 2, 3, 4, 5),
    notAfter: Date.UTC(2051, 0, 2, 3, 4, 5),
    keyUsage: ['digitalSignature', 'cRLSign'],
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
    dnsNames: ['acme.example'],
    uris: ['spiffe://example/acme'],
    ca: 3,
  });
  const own = new X509Certificate(certificate.der);
  assert.equal(certificate.subject, 'CN=acme,OU=partners,O=Example,C=DE');
  assert.equal(certificate.issuer, pki.intermediate.certificate.subject);
  assert.equal(certificate.serialNumber, BigInt(`0x${own.serialNumber}`).toString());
  assert.equal(certificate.serialNumber, (2n ** 136n - 1n).toString());
  assert.equal(certificate.notBefore, Date.UTC(2020, 0, 2, 3, 4, 5));
  assert.equal(certificate.notAfter, Date.UTC(2051, 0, 2, 3, 4, 5));
  assert.ok(certificate.publicKey.equals(createPublicKey(key)));
  assert.equal(certificate.base64, certificate.der.toString('base64'));
  assert.equal(certificate.thumbprintSha1.toString('hex'), own.fingerprint.replaceAll(':', '').toLowerCase());
  assert.equal(certificate.fingerprint, own.fingerprint256.replaceAll(':', '').toLowerCase());
  assert.equal(certificate.version, 3);
  assert.deepEqual(
    { ...certificate.extensions, keyUsage: [...(certificate.extensions.keyUsage ?? [])] },
    {
      ca: true,
      pathLength: 3,
      keyUsage: ['digitalSignature', 'cRLSign'],
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
      dnsNames: ['acme.example'],
      uris: ['spiffe://example/acme'],
      subjectKeyIdentifier: certificate.subjectKeyIdentifier,
      authorityKeyIdentifier: pki.intermediate.certificate.subjectKeyIdentifier,
      hasNameConstraints: false,
      unknownCritical: [],
    },
  );
});

test('negative serial numbers are written with their sign, as Java does', () => {
  const bytes = certificateBytes({ subject: 'CN=a', key: testKey('ec256', 'a'), serialNumber: 0x7fn });
  const at = bytes.indexOf(Buffer.from('02017f', 'hex'));
  bytes[at + 2] = 0x80;
  assert.equal(Certificate.fromDer(bytes).serialNumber, '-128');
});

test('the key identifier is the extension, or else SHA-1 of the key bits', () => {
  const key = testKey('rsa2048', 'signer');
  const publicKey = createPublicKey(key).export({ type: 'pkcs1', format: 'der' });
  const method1 = createHash('sha1').update(publicKey).digest();
  const without = issue({ subject: 'CN=a', key, subjectKeyIdentifier: false }).certificate;
  assert.deepEqual(without.subjectKeyIdentifier, method1);
  assert.equal(without.extensions.subjectKeyIdentifier, undefined);
  assert.notDeepEqual(issue({ subject: 'CN=a', key }).certificate.subjectKeyIdentifier, method1);
});

test('a certificate that comes again is the same object', () => {
  const { certificate } = pki.signer;
  assert.equal(Certificate.fromDer(Buffer.from(certificate.der)), certificate);
  assert.equal(Certificate.fromBase64(certificate.base64), certificate);
  const wrapped = certificate.base64.replace(/(.{64})/g, '$1\r\n  ');
  assert.equal(Certificate.fromBase64(wrapped), certificate);
  assert.equal(Certificate.fromBase64(`\n${wrapped}\n`), certificate);
});

test('a certificate does not change with the buffer it was read from', () => {
  const bytes = certificateBytes({ subject: 'CN=a', key: testKey('ec256', 'a') });
  const copy = Buffer.from(bytes);
  const certificate = Certificate.fromDer(bytes);
  bytes.fill(0);
  assert.deepEqual(certificate.der, copy);
});

test('PEM texts may hold several certificates, other blocks and text between them', () => {
  const text = `subject=a\n${pki.signer.certificatePem}${pki.signer.privateKeyPem}\r\n# next\n${pki.ca.certificatePem.replaceAll('\n', '\r\n')}`;
  assert.deepEqual(Certificate.fromPem(text), [pki.signer.certificate, pki.ca.certificate]);
  assert.deepEqual(Certificate.fromPem('nothing'), []);
  assert.throws(() => Certificate.fromPem('-----BEGIN CERTIFICATE-----\nMIIB'), InvalidTokenError);
});

test('base64 that is not base64 is refused', () => {
  const { base64 } = pki.signer.certificate;
  for (const text of [
    '',
    ' ',
    'a',
    base64.slice(1),
    `${base64}!`,
    base64.replace('M', '-'),
    `${base64}====`,
    `=${base64.slice(1)}`,
  ]) {
    assert.throws(() => Certificate.fromBase64(text), InvalidTokenError);
  }
});

test('keys that are weak or too costly are refused', () => {
  const selfSigned = (kind: Parameters<typeof testKey>[0]) =>
    Certificate.fromDer(certificateBytes({ subject: 'CN=a', key: testKey(kind, 'a') }));
  assert.throws(() => selfSigned('rsa1024'), { name: 'InvalidTokenError', message: /1024 bits/ });
  assert.throws(() => selfSigned('secp256k1'), { name: 'InvalidTokenError', message: /elliptic curve/ });
  for (const kind of ['rsa2048', 'rsa3072', 'ec256', 'ec384', 'ec521', 'ed25519'] as const) selfSigned(kind);

  const rsa = (modulus: bigint, exponent: bigint) => {
    const publicKey = der.sequence(der.integer(modulus), der.integer(exponent));
    const info = der.sequence(der.sequence(der.oid('1.2.840.113549.1.1.1'), der.nullValue()), der.bitString(publicKey));
    return certificateWithKey(info);
  };
  const modulus = (bits: number) => (1n << BigInt(bits - 1)) | 1n;
  assert.throws(() => Certificate.fromDer(rsa(modulus(16384), 65537n)), {
    name: 'InvalidTokenError',
    message: /16384 bits/,
  });
  assert.throws(() => Certificate.fromDer(rsa(modulus(2048), (1n << 64n) | 1n)), {
    name: 'InvalidTokenError',
    message: /exponent/,
  });
  Certificate.fromDer(rsa(modulus(8192), (1n << 63n) | 1n));
});

/** A certificate with any public key; its signature is not meant to hold. */
function certificateWithKey(publicKeyInfo: Buffer): Buffer {
  const algorithm = der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nullValue());
  const name = nameBytes('CN=a');
  const validity = der.sequence(der.time(0), der.time(Date.UTC(2040, 0, 1)));
  const body = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(1),
    algorithm,
    name,
    validity,
    name,
    publicKeyInfo,
  );
  return der.sequence(body, algorithm, der.bitString(Buffer.alloc(256, 1)));
}

test('structures that could be read in two ways are refused', () => {
  const key = testKey('ec256', 'a');
  const usage = extension('2.5.29.15', der.bitString(Buffer.from([0x80]), 7));
  const wrong = {
    'an extension twice': certificateBytes({ subject: 'CN=a', key, extensions: [usage, usage] }),
    'a NUL in a DNS name': certificateBytes({ subject: 'CN=a', key, dnsNames: ['good.example\0.evil.example'] }),
    'a space in a URI': certificateBytes({ subject: 'CN=a', key, uris: ['spiffe://a b'] }),
    'data after the certificate': Buffer.concat([pki.signer.certificate.der, Buffer.from([0])]),
    'no certificate': Buffer.from('3000', 'hex'),
    nothing: Buffer.alloc(0),
    'more than 16 KiB': certificateBytes({
      subject: 'CN=a',
      key,
      extensions: [extension('1.2.3', Buffer.alloc(16384))],
    }),
  };
  for (const [what, bytes] of Object.entries(wrong)) {
    assert.throws(() => Certificate.fromDer(bytes), InvalidTokenError, what);
  }
});

test('damaged certificates give a certificate or an InvalidTokenError', () => {
  const good = pki.ec256.certificate.der;
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
        Certificate.fromDer(damaged);
      } catch (error) {
        assert.ok(error instanceof InvalidTokenError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
