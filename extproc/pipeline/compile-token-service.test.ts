import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecurityTokenServiceSpec } from '../../crds/token-service-types.ts';
import type { Material } from '../../policy/bundle.ts';
import { parseManifests } from '../../policy/load.ts';
import { tokenServiceSchema } from '../../policy/schema.ts';
import { validate } from '../../policy/validate.ts';
import { createPki, type Identity } from '../../test/support/pki.ts';
import { ADDRESSING_DEFAULT } from '../wss/settings.ts';
import { compileTokenService } from './compile-token-service.ts';

const pki = createPki();

/** With the schema's defaults. */
function specOf(spec: object): SecurityTokenServiceSpec {
  const text = JSON.stringify({
    ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'SecurityTokenService', metadata: { name: 'sts' }, spec },
  });
  const [manifest] = parseManifests(text).manifests;
  const { spec: valid, problems } = validate<SecurityTokenServiceSpec>(manifest, tokenServiceSchema);
  assert.ok(valid, JSON.stringify(problems));
  return valid;
}

function secret(name: string, data: Record<string, string>): Record<string, Material> {
  const entries = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { [`Secret/${name}`]: { kind: 'Secret', name, data: Object.fromEntries(entries) as Record<string, string> } };
}

const keys = (name: string, { certificatePem, privateKeyPem }: Identity) =>
  secret(name, { 'tls.crt': certificatePem, 'tls.key': privateKeyPem });

function compile(spec: object, material: Record<string, Material>) {
  return compileTokenService({ namespace: 'shop', name: 'sts', spec: specOf(spec), material });
}

const login = (name: string) => secret(name, { username: 'alice', password: 'secret\n' });
const URL = 'https://sts.example/trust';
const meta = (partner?: string) => ({
  ...{ method: 'POST', path: '/', host: 'x' },
  headers: new Map(partner === undefined ? [] : [['x-partner', [partner]]]),
});

test('every field of a service that is asked by WS-Trust has its place', () => {
  const { service, problems } = compile(
    {
      wsTrust: {
        ...{ url: URL, version: '1.4', soapVersion: '1.1', appliesTo: 'urn:orders', tokenType: 'SAML1' },
        ...{ keyType: 'Symmetric', keySize: 128, entropy: 'Requester', lifetime: '30m', actAs: 'VerifiedToken' },
        claims: [{ type: 'urn:role', value: 'buyer' }],
        authentication: { usernameToken: {}, timestamp: { ttl: '1m', createdFormat: 'Seconds' } },
        addressing: { action: 'Default', to: 'urn:sts', messageId: 'Default' },
        ...{ renew: true, validate: true, cancel: true },
      },
      credentials: [{ name: 'one', secretRef: { name: 'login' } }],
      cache: { ttl: '10m', refreshBefore: '30s', staleOnError: false },
      ...{ connectionTimeout: '2s', throttle: { minInterval: '200ms', maxConcurrent: 3 }, retry: { attempts: 4 } },
      circuitBreaker: { failures: 7, openFor: '10s' },
    },
    login('login'),
  );
  assert.deepEqual(problems, []);
  const { version, ...settings } = service?.settings ?? assert.fail();
  assert.match(version, /^[0-9a-f]{64}$/);
  assert.deepEqual(settings, {
    id: 'shop/sts',
    source: {
      ...{ kind: 'wsTrust', url: URL, version: '1.4', soapVersion: '1.1', appliesTo: 'urn:orders', tokenType: 'SAML1' },
      ...{ keyType: 'Symmetric', keySize: 128, entropy: 'Requester', lifetime: 1_800_000, delegation: 'ActAs' },
      claims: [{ type: 'urn:role', optional: false, value: 'buyer' }],
      usernameToken: { passwordType: 'Digest', nonce: true, created: true },
      timestamp: { ttl: 60_000, precision: 'Seconds' },
      addressing: {
        ...{ version: '1.0', action: ADDRESSING_DEFAULT, to: 'urn:sts', messageId: ADDRESSING_DEFAULT },
        mustUnderstand: false,
      },
      ...{ mutualTls: false, decryptionKeys: [], renew: true, validate: true, cancel: true },
    },
    cache: { ttl: 600_000, refreshBefore: 30_000, staleOnError: false },
    ...{ connectionTimeout: 2000, throttle: { minInterval: 200, maxConcurrent: 3 }, retryAttempts: 4, tls: {} },
    circuitBreaker: { failures: 7, openFor: 10_000 },
  });
  const credential = service?.pool?.choose(meta(), undefined, undefined);
  assert.equal(credential?.username, 'alice');
  assert.equal(credential?.password, 'secret', 'one line end does not belong to it');
});

test('what a Secret must hold follows from how the service is asked', () => {
  const demand = (authentication: object, material: Record<string, Material>, rest: object = {}) =>
    compile(
      { wsTrust: { url: URL, authentication, ...rest }, credentials: [{ name: 'one', secretRef: { name: 's' } }] },
      material,
    ).problems.map(({ tokenService, field, message }) => `${tokenService} ${field}: ${message}`);
  const at = 'shop/sts spec.credentials[0].secretRef: Secret s, key';
  assert.deepEqual(demand({ usernameToken: {} }, secret('s', { username: 'a' })), [
    `${at} password: is missing or empty; put the password there`,
  ]);
  assert.deepEqual(demand({ usernameToken: { passwordType: 'None' } }, secret('s', { username: 'a' })), []);
  for (const [authentication, rest] of [
    [{ x509: {} }, {}],
    [{ mtls: {} }, {}],
    [{}, { keyType: 'Public' }],
  ]) {
    const problems = demand(authentication, secret('s', { username: 'a' }), rest);
    assert.equal(problems.length, 1);
    assert.match(problems[0], /tls\.key/);
    assert.deepEqual(demand(authentication, keys('s', pki.signer), rest), []);
  }
});

test('a problem never holds what the Secret holds', () => {
  const { problems } = compile(
    { wsTrust: { url: URL, authentication: { x509: {} } }, credentials: [{ name: 'a', secretRef: { name: 's' } }] },
    secret('s', { 'tls.key': 'hunter2', 'tls.crt': 'hunter2' }),
  );
  assert.equal(problems.length, 1);
  assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
});

test('the first credential that fits is chosen, or else the default, or else none', () => {
  const when = (partner: string) => ({
    all: [{ source: 'Header', name: 'x-partner', operator: 'Equals', values: [partner] }],
  });
  const credentials = [
    { name: 'acme-prod', when: when('acme'), environments: ['prod'], secretRef: { name: 'login' } },
    { name: 'acme', when: when('acme'), secretRef: { name: 'login' } },
    { name: 'never', when: when('acme'), secretRef: { name: 'login' } },
  ];
  const wsTrust = { url: URL, authentication: { usernameToken: {} } };
  const pool = compile({ wsTrust, credentials }, login('login')).service?.pool;
  const chosen = (partner?: string, environment?: string) => pool?.choose(meta(partner), undefined, environment)?.name;
  assert.equal(chosen('acme', 'prod'), 'acme-prod');
  assert.equal(chosen('acme', 'test'), 'acme');
  assert.equal(chosen('acme'), 'acme');
  assert.equal(chosen('other', 'prod'), undefined);
  const fallback = [...credentials, { name: 'rest', default: true, secretRef: { name: 'login' } }];
  const withDefault = compile({ wsTrust, credentials: fallback }, login('login')).service?.pool;
  assert.equal(withDefault?.choose(meta('other'), undefined, 'prod')?.name, 'rest');
});

test('a change of any Secret makes another version, and another fingerprint of its credential', () => {
  const spec = {
    wsTrust: { url: URL, authentication: { usernameToken: {} } },
    credentials: [{ name: 'one', secretRef: { name: 's' } }],
  };
  const one = compile(spec, secret('s', { username: 'a', password: 'b' })).service;
  const two = compile(spec, secret('s', { username: 'a', password: 'c' })).service;
  assert.notEqual(one?.settings.version, two?.settings.version);
  const fingerprint = (service: typeof one) => service?.pool?.choose(meta(), undefined, undefined)?.fingerprint;
  assert.notEqual(fingerprint(one), fingerprint(two));
});

test('the address and version of SOAP come out of a WSDL, and only a safe address is taken', () => {
  const wsdl = (location: string) =>
    `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="urn:t" targetNamespace="urn:t">
      <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/></binding>
      <service name="STS"><port name="UsernamePort" binding="t:B"><soap:address location="${location}"/></port></service>
    </definitions>`;
  const spec = { wsTrust: { wsdlRef: { name: 'w' }, serviceName: 'STS', portName: 'UsernamePort' } };
  const material = (location: string): Record<string, Material> => ({
    'ConfigMap/w': {
      kind: 'ConfigMap',
      name: 'w',
      data: { 'service.wsdl': Buffer.from(wsdl(location)).toString('base64') },
    },
  });
  const { service, problems } = compile(spec, material(URL));
  assert.deepEqual(problems, []);
  const source = service?.settings.source;
  assert.ok(source?.kind === 'wsTrust');
  assert.deepEqual([source.url, source.soapVersion], [URL, '1.1']);
  assert.match(compile(spec, material('http://sts.example/')).problems[0].message, /must begin with https:\/\//);
  const unknown = { wsTrust: { ...spec.wsTrust, portName: 'Other' } };
  assert.match(compile(unknown, material(URL)).problems[0].message, /UsernamePort/);
});

test('certificates of the connection and of answers are read, and their ends known', () => {
  const { service, problems, certificates } = compile(
    {
      wsTrust: {
        url: URL,
        authentication: { mtls: {} },
        verify: { trustRefs: [{ name: 'k' }], keyRefs: [{ name: 'k' }] },
      },
      tls: { caRef: { name: 'k', key: 'tls.crt' }, clientCertRef: { name: 'k' } },
    },
    keys('k', pki.signer),
  );
  // A leaf is no authority: trusting it needs `pin`.
  assert.deepEqual(
    problems.map(({ field }) => field),
    ['spec.wsTrust.verify.trustRefs[0]'],
  );
  assert.equal(service, undefined);
  assert.ok(certificates.length > 0);
});
