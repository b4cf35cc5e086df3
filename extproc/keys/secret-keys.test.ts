import assert from 'node:assert/strict';
import { createHmac, createPublicKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createPki, pkcs12Bytes, revocationListBytes, revocationListPem } from '../../test/support/pki.ts';
import { testKey } from '../../test/support/test-keys.ts';
import { Certificate } from './certificate.ts';
import { KeyMaterialError, type KeyMaterial } from './key-material-error.ts';
import {
  readCertificates,
  readDecryptionKey,
  readKeyEncryptionKey,
  readRecipient,
  readRevocationLists,
  readSharedSecret,
  readSigningKey,
} from './secret-keys.ts';
import { readTrustBundle, sortBundle, buildTrustStore } from './trust-bundle.ts';

const pki = createPki();
const PASSWORD = 'waxseal-test';
const file = (name: string): Buffer => readFileSync(new URL(`testdata/${name}`, import.meta.url));
const secret = (data: Record<string, Buffer | string>, kind: KeyMaterial['kind'] = 'Secret'): KeyMaterial => ({
  kind,
  name: 'gateway-keys',
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)])),
});
/** The error's text must name the object and the key, and match. */
const refused = (key: string | undefined, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof KeyMaterialError, String(error));
  assert.equal(error.object, 'Secret/gateway-keys');
  assert.equal(error.key, key);
  assert.match(error.message, /^Secret gateway-keys/);
  assert.match(error.message, message);
  assert.ok(!error.message.includes(PASSWORD));
  return true;
};

test('a kubernetes.io/tls Secret gives the key, its certificate and the chain in order', () => {
  const shuffled = [pki.ca, pki.intermediate, pki.signer].map(({ certificatePem }) => certificatePem).join('');
  const own = readSigningKey(secret({ 'tls.crt': shuffled, 'tls.key': pki.signer.privateKeyPem }));
  assert.ok(own.key.equals(pki.signer.key));
  assert.equal(own.certificate, pki.signer.certificate);
  assert.deepEqual(own.chain, [pki.intermediate.certificate, pki.ca.certificate]);
  assert.equal(own.name, 'gateway-keys');

  const split = secret({
    'tls.crt': pki.ec384.certificatePem + pki.intermediate.certificatePem,
    'tls.key': pki.ec384.privateKeyPem,
    'ca.crt': pki.ca.certificatePem,
  });
  assert.deepEqual(readSigningKey(split).chain, [pki.intermediate.certificate, pki.ca.certificate]);
});

test('private keys in every PEM form', () => {
  const rsa = createPublicKey(file('pkcs8.pem'));
  for (const name of ['pkcs8.pem', 'pkcs1.pem']) {
    const own = readSigningKey(secret({ 'tls.key': file(name), 'tls.crt': file('rsa.pem') }));
    assert.ok(createPublicKey(own.key).equals(rsa), name);
  }
  for (const name of ['pkcs8-encrypted.pem', 'pkcs8-encrypted-3des.pem', 'pkcs1-encrypted.pem']) {
    const data = { 'tls.key': file(name), 'tls.crt': file('rsa.pem') };
    const own = readSigningKey(secret({ ...data, password: `${PASSWORD}\n` }));
    assert.ok(createPublicKey(own.key).equals(rsa), name);
    assert.throws(() => readSigningKey(secret(data)), refused('tls.key', /encrypted; put its password/), name);
    assert.throws(
      () => readSigningKey(secret({ ...data, password: 'wrong' })),
      refused('tls.key', /does not open it/),
      name,
    );
  }
  const sec1 = readSigningKey(secret({ 'tls.key': file('sec1.pem'), 'tls.crt': file('ec.pem') }));
  assert.equal(sec1.key.asymmetricKeyType, 'ec');
  assert.throws(
    () =>
      readSigningKey(
        secret({ 'tls.key': file('pkcs8-encrypted-scrypt.pem'), 'tls.crt': file('rsa.pem'), password: PASSWORD }),
      ),
    refused('tls.key', /not supported \(1\.3\.6\.1\.4\.1\.11591\.4\.11\)/),
  );
});

test('key stores of OpenSSL', () => {
  const kinds = {
    'openssl-rsa': 'rsa',
    'openssl-ec': 'ec',
    'openssl-ed25519': 'ed25519',
    'openssl-legacy': 'rsa',
    'openssl-rc2-128': 'rsa',
    'openssl-unprotected': 'rsa',
  };
  for (const [name, kind] of Object.entries(kinds)) {
    const own = readSigningKey(secret({ 'keystore.p12': file(`${name}.p12`), password: PASSWORD }));
    assert.equal(own.key.asymmetricKeyType, kind, name);
    assert.equal(own.certificate?.subject, `CN=Store ${kind},O=Waxseal`);
    assert.deepEqual(
      own.chain.map(({ subject }) => subject),
      ['CN=Store CA,O=Waxseal'],
    );
  }
});

test('a key store of Java: the alias chooses among several keys, as Java does whatever its case', () => {
  const data = { 'keystore.pfx': file('java.p12'), password: PASSWORD };
  assert.equal(readSigningKey(secret({ ...data, alias: 'RSA\n' })).key.asymmetricKeyType, 'rsa');
  assert.equal(readSigningKey(secret({ ...data, alias: 'ec' })).key.asymmetricKeyType, 'ec');
  assert.throws(() => readSigningKey(secret(data)), refused('keystore.pfx', /2 private keys.*alias/));
  assert.throws(
    () => readSigningKey(secret({ ...data, alias: 'authority' })),
    refused('keystore.pfx', /friendly name/),
  );
});

test('key stores that cannot be opened', () => {
  const store = file('openssl-rsa.p12');
  const refuse = (data: Record<string, Buffer | string>, message: RegExp) =>
    assert.throws(() => readSigningKey(secret(data)), refused('keystore.p12', message));
  refuse({ 'keystore.p12': store }, /put it under the key password/);
  for (const name of ['openssl-rsa', 'openssl-legacy', 'openssl-rc2-128', 'java']) {
    refuse({ 'keystore.p12': file(`${name}.p12`), password: 'wrong' }, /does not open it/);
  }
  refuse({ 'keystore.p12': file('openssl-costly.p12'), password: PASSWORD }, /iteration counts/);
  refuse({ 'keystore.p12': file('java-trust.p12'), password: PASSWORD }, /no private key/);
  refuse({ 'keystore.p12': store.subarray(0, 500), password: PASSWORD }, /damaged/);
  refuse({ 'keystore.p12': Buffer.alloc(1024 * 1024 + 1), password: PASSWORD }, /1 MiB/);
  refuse({ 'keystore.p12': 'nonsense', password: PASSWORD }, /damaged/);
  const changed = Buffer.from(store);
  changed[200] ^= 1;
  refuse({ 'keystore.p12': changed, password: PASSWORD }, /does not open it/);
});

test('where PEM and a key store are, PEM is read', () => {
  const both = secret({
    'tls.key': pki.ec256.privateKeyPem,
    'tls.crt': pki.ec256.certificatePem,
    'keystore.p12': 'x',
    'keystore.jks': 'x',
  });
  assert.equal(readSigningKey(both).certificate, pki.ec256.certificate);
});

test('Java key stores are refused with the command that converts them', () => {
  for (const [magic, type] of [
    ['feedfeed', 'JKS'],
    ['cececece', 'JCEKS'],
  ]) {
    const octets = Buffer.from(`${magic}00000002`, 'hex');
    const command = new RegExp(`keytool -importkeystore .* -srcstoretype ${type} .* -deststoretype PKCS12`);
    for (const key of ['keystore.p12', 'keystore.jks', 'tls.key']) {
      assert.throws(() => readSigningKey(secret({ [key]: octets })), refused(key, command));
    }
    assert.throws(() => readCertificates(secret({ 'ca.crt': octets }), ['ca.crt']), refused('ca.crt', command));
  }
});

test('key and certificate must belong together', () => {
  const data = { 'tls.key': pki.signer.privateKeyPem, 'tls.crt': pki.recipient.certificatePem };
  assert.throws(() => readSigningKey(secret(data)), refused('tls.crt', /not the certificate of the private key/));
  assert.throws(() => readDecryptionKey(secret(data)), refused('tls.crt', /not the certificate of the private key/));
});

test('what is missing is named', () => {
  assert.throws(() => readSigningKey(secret({})), refused(undefined, /tls\.key.*keystore\.p12/));
  assert.throws(() => readSigningKey(secret({ 'tls.key': pki.signer.privateKeyPem })), refused('tls.crt', /missing/));
  assert.throws(
    () => readSigningKey(secret({ 'tls.key': pki.signer.certificatePem, 'tls.crt': '' })),
    refused('tls.key', /no PEM private key/),
  );
  assert.throws(
    () => readSigningKey(secret({ 'tls.key': '-----BEGIN PRIVATE KEY-----\nMIIB', 'tls.crt': '' })),
    refused('tls.key', /damaged/),
  );
  assert.throws(
    () => readSigningKey(secret({ 'tls.key': pki.signer.privateKeyPem, 'tls.crt': 'x' })),
    refused('tls.crt', /not|no/),
  );
  assert.throws(() => readCertificates(secret({}), ['ca.crt', 'tls.crt']), refused('ca.crt or tls.crt', /missing/));
  assert.throws(
    () => readCertificates(secret({ 'ca.crt': pki.signer.privateKeyPem }), ['ca.crt']),
    refused('ca.crt', /no certificate/),
  );
  assert.throws(
    () => readRevocationLists(secret({ 'ca.crl': pki.ca.certificatePem }), ['ca.crl']),
    refused('ca.crl', /no revocation list/),
  );
});

test('no error tells anything of the content', () => {
  const marker = 'c2VjcmV0LW1hcmtlcg==';
  const broken = [
    `-----BEGIN PRIVATE KEY-----\n${marker}\n-----END PRIVATE KEY-----\n`,
    `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${marker}\n-----END ENCRYPTED PRIVATE KEY-----\n`,
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n${marker}\n-----END RSA PRIVATE KEY-----\n`,
  ];
  for (const text of broken) {
    try {
      readSigningKey(secret({ 'tls.key': text, 'tls.crt': pki.signer.certificatePem, password: 'swordfish' }));
      assert.fail('must be refused');
    } catch (error) {
      assert.ok(error instanceof KeyMaterialError, String(error));
      assert.doesNotMatch(
        JSON.stringify({ ...error, message: error.message, stack: error.stack }),
        /secret-marker|c2VjcmV0|swordfish/,
      );
      assert.equal(error.cause, undefined);
    }
  }
});

test('a decryption key is one that can decrypt, with or without a certificate', () => {
  const alone = readDecryptionKey(secret({ 'tls.key': pki.recipient.privateKeyPem }));
  assert.ok(alone.key.equals(pki.recipient.key));
  assert.equal(alone.certificate, undefined);
  const full = readDecryptionKey(
    secret({ 'keystore.p12': pkcs12Bytes(pki.recipient, { password: PASSWORD }), password: PASSWORD }),
  );
  assert.equal(full.certificate, pki.recipient.certificate);
  for (const { privateKeyPem, certificatePem, key } of [pki.ec256, pki.ec521, pki.x25519, pki.x448]) {
    const read = readDecryptionKey(secret({ 'tls.key': privateKeyPem, 'tls.crt': certificatePem, secret: 'beside' }));
    assert.ok(read.key.equals(key));
  }
  for (const key of [pki.ed25519.key, pki.ed448.key, testKey('secp256k1', 'own')]) {
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
    assert.throws(
      () => readDecryptionKey(secret({ 'tls.key': pem })),
      refused(undefined, /decryption needs an RSA, EC/),
    );
  }
});

test('a key-encryption key is 16, 24 or 32 octets', () => {
  for (const bytes of [16, 24, 32]) {
    const octets = randomBytes(bytes);
    assert.deepEqual(readDecryptionKey(secret({ secret: octets })).key.export(), octets);
    assert.deepEqual(readKeyEncryptionKey(secret({ kek: octets }), 'kek').key.export(), octets);
  }
  assert.throws(() => readDecryptionKey(secret({ secret: randomBytes(33) })), refused('secret', /33 octets/));
  assert.throws(() => readKeyEncryptionKey(secret({})), refused('secret', /missing/));
});

test('a shared secret is the octets as they are', () => {
  const octets = randomBytes(32);
  const { key, certificate, chain } = readSharedSecret(secret({ secret: octets }));
  assert.equal(key.type, 'secret');
  assert.deepEqual(createHmac('sha256', key).update('x').digest(), createHmac('sha256', octets).update('x').digest());
  assert.equal(certificate, undefined);
  assert.deepEqual(chain, []);
  assert.throws(() => readSharedSecret(secret({})), refused('secret', /missing/));
  assert.throws(() => readSharedSecret(secret({ secret: 'short' })), refused('secret', /5 octets/));
});

test('certificates in PEM, DER and PKCS #12, under the first key that is there', () => {
  const der = pki.ca.certificate.der;
  assert.deepEqual(readCertificates(secret({ 'tls.crt': der }, 'ConfigMap'), ['ca.crt', 'tls.crt']), [
    pki.ca.certificate,
  ]);
  const two = pki.signer.certificatePem + pki.ca.certificatePem;
  assert.deepEqual(readCertificates(secret({ 'ca.crt': two, 'tls.crt': der }), ['ca.crt', 'tls.crt']), [
    pki.signer.certificate,
    pki.ca.certificate,
  ]);
  const trust = readCertificates(secret({ 'truststore.p12': file('java-trust.p12'), password: PASSWORD }), [
    'truststore.p12',
  ]);
  assert.deepEqual(trust, Certificate.fromPem(file('ca.pem').toString()));
});

test('a recipient is one certificate with a key that encryption can use', () => {
  const material = secret({ 'tls.crt': pki.recipient.certificatePem + pki.intermediate.certificatePem });
  assert.deepEqual(readRecipient(material, ['tls.crt']), {
    certificate: pki.recipient.certificate,
    name: 'gateway-keys',
  });
  assert.throws(
    () => readRecipient(secret({ 'tls.crt': pki.ed25519.certificatePem }), ['tls.crt']),
    refused(undefined, /no key that encryption needs/),
  );
});

test('revocation lists in PEM and DER', () => {
  const options = { issuer: pki.ca, revoked: ['1'] };
  for (const octets of [revocationListBytes(options), revocationListPem(options)]) {
    const [list] = readRevocationLists(secret({ 'ca.crl': octets }), ['ca.crl']);
    assert.equal(list.issuer, pki.ca.certificate.subject);
  }
  assert.throws(
    () => readRevocationLists(secret({ 'ca.crl': 'x' }), ['ca.crl']),
    refused('ca.crl', /no certificate revocation list in DER/),
  );
});

test('a bundle: self-signed certificates and authorities without their issuer are anchors', () => {
  const { ca, intermediate, signer } = pki;
  const sorted = (...identities: readonly (typeof ca)[]) => {
    const { anchors, helpers } = sortBundle(identities.map(({ certificate }) => certificate));
    return [anchors.map(({ subject }) => subject), helpers.map(({ subject }) => subject)];
  };
  const names = {
    ca: ca.certificate.subject,
    intermediate: intermediate.certificate.subject,
    signer: signer.certificate.subject,
  };
  assert.deepEqual(sorted(signer, intermediate, ca), [[names.ca], [names.signer, names.intermediate]]);
  assert.deepEqual(sorted(signer, intermediate), [[names.intermediate], [names.signer]]);
  assert.deepEqual(sorted(signer), [[], [names.signer]]);
});

test('a bundle from which no trust can come is refused, unless it is pinned', () => {
  const material = secret({ 'ca.crt': pki.signer.certificatePem });
  assert.throws(() => readTrustBundle(material, ['ca.crt'], false), refused('ca.crt', /pin: true/));
  const trust = buildTrustStore([readTrustBundle(material, ['ca.crt'], true)]);
  trust.validate([pki.signer.certificate], Date.now());
});

test('bundles add up', () => {
  const bundles = [
    { certificates: [pki.ca.certificate, pki.intermediate.certificate], pin: false },
    { certificates: [pki.untrusted.certificate], pin: true },
  ];
  const trust = buildTrustStore(bundles, { constraints: { subject: 'CN=signer,.*' } });
  trust.validate([pki.signer.certificate], Date.now());
  trust.validate([pki.untrusted.certificate], Date.now());
  assert.throws(() => trust.validate([pki.ec256.certificate], Date.now()), { name: 'CertificateConstraintError' });
});
