import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { hasRole, secureContextOptions } from '../../proto/roles.ts';
import { certificateSecrets, ensureCertificates, tlsMaterial, type SecretData } from './certificates.ts';
import { renewalDue } from './issue.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2030, 0, 1);
const names = certificateSecrets('waxseal');

function memory(secrets = new Map<string, SecretData>()) {
  return {
    secrets,
    getSecret: (name: string) => Promise.resolve(secrets.get(name)),
    putSecret: (name: string, data: SecretData) => {
      secrets.set(name, data);
      return Promise.resolve();
    },
    material: (name: string) => tlsMaterial(secrets.get(name) ?? {}) ?? assert.fail(name),
  };
}

/** Certificates in a bundle of PEM. */
const certificates = (pem: string) =>
  pem.split(/(?<=-----END CERTIFICATE-----\r?\n)/).map((text) => new X509Certificate(text));
const vouchesFor = (ca: string, certificate: string) =>
  certificates(ca).some((authority) => new X509Certificate(certificate).verify(authority.publicKey));

const made = memory();
await ensureCertificates(made, 'waxseal', NOW);
const copy = () => memory(new Map(made.secrets));

test('an authority and one certificate for each end, with its role and nothing else', () => {
  const [operator, extproc] = [made.material(names.operator), made.material(names.extproc)];
  for (const material of [operator, extproc]) {
    secureContextOptions(material);
    assert.ok(vouchesFor(material.ca, material.certificate));
    assert.equal(new X509Certificate(material.certificate).ca, false);
  }
  const der = (pem: string) => new X509Certificate(pem).raw;
  assert.ok(
    hasRole(der(operator.certificate), 'waxseal-operator') && hasRole(der(extproc.certificate), 'waxseal-extproc'),
  );
  assert.ok(
    !hasRole(der(operator.certificate), 'waxseal-extproc') && !hasRole(der(extproc.certificate), 'waxseal-operator'),
  );
  assert.ok(
    !Object.values(made.secrets.get(names.extproc) ?? {}).some(
      (value) => made.secrets.get(names.authority)?.['tls.key'] === value,
    ),
  );
  assert.deepEqual(Object.keys(made.secrets.get(names.extproc) ?? {}), ['tls.crt', 'tls.key', 'ca.crt']);
});

test('certificates that are fine are left alone, those that have lived two thirds are renewed', async () => {
  const store = copy();
  for (const [days, written] of [
    [0, []],
    [59, []],
    [61, [names.operator, names.extproc]],
    [62, []],
  ] as const) {
    const result = await ensureCertificates(store, 'waxseal', NOW + days * DAY);
    assert.deepEqual(result.written, written, `after ${days} days`);
    assert.deepEqual(result.operator, store.material(names.operator));
  }
  assert.equal(store.material(names.operator).ca, made.material(names.operator).ca, 'of the same authority');
});

test('a new authority is trusted by both ends before it issues, and the old one until its end', async () => {
  const store = copy();
  const old = made.material(names.operator).ca;
  const day = (days: number) => ensureCertificates(store, 'waxseal', NOW + days * DAY);
  await day(2400);
  assert.equal(store.material(names.operator).ca, old);
  await day(2440);
  const both = store.material(names.operator).ca;
  assert.equal(certificates(both).length, 2);
  assert.equal(store.material(names.extproc).ca, both);
  assert.ok(vouchesFor(old, store.material(names.operator).certificate), 'still of the old one');
  await day(2440 + 61);
  const renewed = store.material(names.operator).certificate;
  assert.ok(!vouchesFor(old, renewed) && vouchesFor(both, renewed));
  await day(3651);
  const after = store.material(names.extproc);
  assert.equal(certificates(after.ca).length, 1);
  assert.ok(vouchesFor(after.ca, after.certificate));
});

test('what is missing or broken is made again', async () => {
  const breaks: ((secrets: Map<string, SecretData>) => void)[] = [
    (secrets) => secrets.delete(names.extproc),
    (secrets) => secrets.set(names.extproc, {}),
    (secrets) => secrets.set(names.extproc, { ...secrets.get(names.extproc), 'tls.crt': 'eA==' }),
    (secrets) =>
      secrets.set(names.extproc, {
        ...secrets.get(names.extproc),
        'tls.key': secrets.get(names.operator)?.['tls.key'] ?? '',
      }),
    (secrets) => secrets.set(names.extproc, { ...secrets.get(names.extproc), 'ca.crt': 'eA==' }),
    (secrets) => secrets.set(names.authority, { 'tls.crt': 'eA==' }),
    (secrets) => secrets.delete(names.authority),
  ];
  for (const [index, spoil] of breaks.entries()) {
    const store = copy();
    spoil(store.secrets);
    const { written } = await ensureCertificates(store, 'waxseal', NOW);
    assert.ok(written.length > 0, String(index));
    const { ca, certificate } = store.material(names.extproc);
    secureContextOptions(store.material(names.extproc));
    assert.ok(vouchesFor(ca, certificate) && vouchesFor(store.material(names.operator).ca, certificate), String(index));
    assert.deepEqual((await ensureCertificates(store, 'waxseal', NOW)).written, []);
  }
});

test('what is no certificate is due', () => {
  for (const text of [undefined, '', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])
    assert.equal(renewalDue(text, NOW), true);
  assert.equal(renewalDue(made.material(names.operator).certificate, NOW - DAY), true, 'not valid yet');
});
