/**
 * Assertions about callers whom the gateway knows by a UsernameToken, a TLS certificate that a real Envoy has checked, a JWT that its
 * jwt_authn filter has verified, a header or a text: a service that demands a token, Apache CXF's, takes them.
 */

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { bootstrap, routePolicy } from '../../cli/envoy-bootstrap.ts';
import { SOAP11, WSSE } from '../../examples/demo/names.ts';
import type { Child } from '../../scripts/local/child.ts';
import { startEnvoy } from '../../scripts/local/envoy.ts';
import { freePort } from '../../scripts/local/ports.ts';
import { startExtproc } from '../../scripts/local/waxseal.ts';
import { AUDIENCE, Cxf, IDENTITIES, USER } from '../interop/cxf.ts';
import { authority, ca, client, content, envelope, policy, secret, stranger } from './support/fixture.ts';
import { SOAP11_HEADERS } from './support/http.ts';

const { certificatePem, privateKeyPem } = IDENTITIES.sts;
/** CXF's service trusts what this key has signed. */
const SIGNER = secret('gateway-signer', { 'tls.crt': certificatePem, 'tls.key': privateKeyPem });
const USERS = secret('users', { [USER.name]: USER.password });
const VERIFY_USER = { usernameToken: { usersRef: { name: 'users' }, passwordTypes: ['Text'] } };

function bearer(name: string, subject: object, verify?: object, saml: object = {}): object {
  const assertion = { issuer: 'urn:example:gateway', confirmation: 'Bearer', audience: [AUDIENCE], ...saml };
  const secure = { saml: { ...assertion, subject, signingKeyRef: { name: 'gateway-signer' } } };
  return policy(name, { request: { ...(verify && { verify }), secure } });
}

const POLICIES = [
  bearer('user', { source: 'VerifiedIdentity' }, VERIFY_USER),
  bearer('user-saml1', { source: 'VerifiedIdentity' }, VERIFY_USER, { version: '1.1' }),
  bearer('certificate', { source: 'Certificate' }),
  bearer('claim', { source: 'Claim', name: 'sub' }),
  bearer('nested-claim', { source: 'Claim', name: 'account.login' }),
  bearer('header', { source: 'Header', name: 'x-user' }),
  bearer('static', { source: 'Static', value: 'clerk' }),
  policy('holder', {
    request: {
      secure: {
        timestamp: {},
        saml: {
          ...{ issuer: 'urn:example:gateway', confirmation: 'HolderOfKey', audience: [AUDIENCE] },
          ...{ subject: { source: 'Static', value: 'clerk' }, signingKeyRef: { name: 'gateway-signer' } },
        },
        signature: { keyIdentifier: 'SAMLAssertion' },
      },
    },
  }),
];
const NAMES = POLICIES.map((item) => (item as { metadata: { name: string } }).metadata.name);

const jwtKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
function jwt(claims: object, key = jwtKey): string {
  const signed = `${base64({ alg: 'RS256', kid: 'one' })}.${base64({ iss: 'urn:issuer', exp: 4_000_000_000, ...claims })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

/** What `waxseal envoy-config --client-certificate --jwt-claims` prints, with TLS that asks for a certificate and a filter that verifies JWTs. */
function envoyYaml(port: number, extprocPort: number, backendPort: number): string {
  const config = bootstrap({
    ...{ listen: { host: '127.0.0.1', port }, backend: { host: '127.0.0.1', port: backendPort } },
    ...{ policy: 'e2e/user', extproc: { host: '127.0.0.1', port: extprocPort }, maxBody: 1_000_000 },
    data: { certificate: true, claims: true },
  });
  const [chain] = config.static_resources.listeners[0].filter_chains;
  const manager = chain.filters[0].typed_config;
  const [host] = manager.route_config.virtual_hosts;
  const [template] = host.routes;
  host.routes = NAMES.map((name) => ({
    ...{ ...template, match: { prefix: `/${name}/` }, route: { ...template.route, prefix_rewrite: '/' } },
    typed_per_filter_config: routePolicy(`e2e/${name}`),
  }));
  const jwk = { ...createPublicKey(jwtKey).export({ format: 'jwk' }), alg: 'RS256', kid: 'one' };
  const filter = {
    name: 'envoy.filters.http.jwt_authn',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
      providers: {
        local: {
          ...{ issuer: 'urn:issuer', payload_in_metadata: 'payload' },
          local_jwks: { inline_string: JSON.stringify({ keys: [jwk] }) },
        },
      },
      rules: [
        {
          match: { prefix: '/' },
          requires: { requires_any: { requirements: [{ provider_name: 'local' }, { allow_missing: {} }] } },
        },
      ],
    },
  };
  manager.http_filters.unshift(filter);
  const own = authority.issue('localhost');
  Object.assign(chain, {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
        common_tls_context: {
          tls_certificates: [
            { certificate_chain: { inline_string: own.certificate }, private_key: { inline_string: own.key } },
          ],
          validation_context: { trusted_ca: { inline_string: ca } },
        },
      },
    },
  });
  return stringify(config);
}

describe('assertions that the gateway makes', () => {
  let cxf: Cxf;
  let folder: string;
  let extproc: Child;
  let envoy: Child;
  let port: number;
  before(async () => {
    cxf = await Cxf.start();
    folder = await mkdtemp(join(tmpdir(), 'waxseal-saml-'));
    const manifests = [SIGNER, USERS, ...POLICIES].map((item) => stringify(item));
    await writeFile(join(folder, 'all.yaml'), manifests.join('---\n'), { mode: 0o600 });
    const [extprocPort, adminPort] = [await freePort(), await freePort()];
    port = await freePort();
    extproc = await startExtproc({ config: folder, listen: `127.0.0.1:${extprocPort}`, adminPort });
    envoy = await startEnvoy(envoyYaml(port, extprocPort, cxf.ports.orders), port);
  });
  after(async () => {
    await Promise.all([envoy.stop(), extproc.stop(), cxf.close()]);
    await rm(folder, { recursive: true });
  });

  interface Call {
    readonly security?: string;
    readonly headers?: Record<string, string>;
    readonly certificate?: { readonly certificate: string; readonly key: string };
    readonly demand?: 'bearer' | 'public';
  }

  function call(name: string, { security, headers, certificate, demand = 'bearer' }: Call = {}) {
    const header =
      security === undefined ? '' : `<soap:Header><w:Security xmlns:w="${WSSE}">${security}</w:Security></soap:Header>`;
    const body = envelope(content(300), SOAP11).replace('<soap:Body>', `${header}<soap:Body>`);
    return new Promise<{ status: number; text: string }>((resolve, reject) => {
      const sent = request(
        {
          ...{ host: '127.0.0.1', port, method: 'POST', path: `/${name}${cxf.orderPath(demand)}`, agent: false, ca },
          headers: { ...SOAP11_HEADERS, ...headers },
          checkServerIdentity: () => undefined,
          ...(certificate && { cert: certificate.certificate, key: certificate.key }),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async function isTakenFor(subject: string, name: string, options?: Call): Promise<void> {
    const { status, text } = await call(name, options);
    assert.equal(status, 200, `${text}\n${extproc.log}`);
    assert.ok(text.includes(`>${subject}</`), text);
  }

  async function isRefused(name: string, options?: Call): Promise<void> {
    const { status, text } = await call(name, options);
    assert.equal(status, 403, text);
  }

  const login = (password: string): string => {
    const escaped = password.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    const type = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText';
    return `<w:UsernameToken><w:Username>${USER.name}</w:Username><w:Password Type="${type}">${escaped}</w:Password></w:UsernameToken>`;
  };
  const bearerOf = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  test('about the user of a UsernameToken', async () => {
    await isTakenFor(USER.name, 'user', { security: login(USER.password) });
    await isTakenFor(USER.name, 'user-saml1', { security: login(USER.password) });
    await isRefused('user', { security: login('wrong') });
    await isRefused('user');
  });

  test('about whom a TLS certificate names', async () => {
    await isTakenFor('CN=client', 'certificate', { certificate: client });
    await isRefused('certificate');
    await isRefused('certificate', { headers: { 'x-forwarded-client-cert': 'Subject="CN=client"' } });
    await assert.rejects(call('certificate', { certificate: stranger }));
  });

  test('about whom a JWT names', async () => {
    const claims = { sub: 'alice', account: { login: 'alice-7' } };
    await isTakenFor('alice', 'claim', { headers: bearerOf(jwt(claims)) });
    await isTakenFor('alice-7', 'nested-claim', { headers: bearerOf(jwt(claims)) });
    await isRefused('claim');
    await isRefused('nested-claim', { headers: bearerOf(jwt({ sub: 'alice' })) });
    const forged = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const { accepted } = await cxf.counts();
    assert.ok((await call('claim', { headers: bearerOf(jwt(claims, forged)) })).status >= 400);
    assert.equal((await cxf.counts()).accepted, accepted);
  });

  test('about whom a header names, or a text', async () => {
    await isTakenFor('bob', 'header', { headers: { 'x-user': 'bob' } });
    await isRefused('header');
    await isTakenFor('clerk', 'static', { headers: { 'x-user': 'bob' } });
  });

  test('for the holder of a key, which signs', async () => {
    await isTakenFor('clerk', 'holder', { demand: 'public' });
  });

  test('an assertion that the caller brings does not reach the service', async () => {
    const forged =
      '<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" ID="_f" Version="2.0" IssueInstant="2026-01-01T00:00:00Z">' +
      '<s:Issuer>urn:example:gateway</s:Issuer><s:Subject><s:NameID>mallory</s:NameID></s:Subject></s:Assertion>';
    await isTakenFor('clerk', 'static', { security: forged });
    await isTakenFor(USER.name, 'user', { security: login(USER.password) + forged });
  });

  test('each caller gets his own, however many call at a time', async () => {
    const users = Array.from({ length: 40 }, (_, at) => `user-${at % 8}`);
    await Promise.all(users.map((user) => isTakenFor(user, 'header', { headers: { 'x-user': user } })));
  });
});
