/** Who asks for a token, and where: pools of credentials, environments, messages for which there is none, other sources. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Cxf, IDENTITIES, USER } from '../interop/cxf.ts';
import { askForToken, warmUp } from '../interop/token-message.ts';
import { createPki, type Identity } from '../support/pki.ts';
import { content, envelope, secret } from './support/fixture.ts';
import { SOAP11_HEADERS, send, type HttpAnswer } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { assertFault } from './support/refusal.ts';
import { SOAP11 } from '../../examples/demo/names.ts';
import { OBJECTS, serviceManifest, tokenPolicy, tokenService } from './support/token-fixture.ts';
import { TokenFleet } from './support/token-fleet.ts';

const pki = createPki();
const AUTHORIZATION = 'Bearer of-a-secret-for-the-external-service';
const message = envelope(content(300));

function keySecret(name: string, { certificatePem, privateKeyPem }: Identity): object {
  return secret(name, { 'tls.crt': certificatePem + pki.intermediate.certificatePem, 'tls.key': privateKeyPem });
}

/** By partner, by environment, or else by default: certificates that the token then names. */
const POOL = [
  {
    ...{ name: 'acme', secretRef: { name: 'key-acme' } },
    when: { all: [{ source: 'Header', name: 'X-Partner', operator: 'Equals', values: ['acme'] }] },
  },
  { name: 'production', environments: ['production'], secretRef: { name: 'key-production' } },
  { name: 'fallback', default: true, secretRef: { name: 'key-fallback' } },
];
const NAMES = ['pool', 'nobody', 'pass', 'external', 'wsdl'];

describe('credentials and other sources of tokens', () => {
  let cxf: Cxf;
  let external: Recorder;
  let fleet: TokenFleet;
  let production: TokenFleet;
  before(async () => {
    cxf = await Cxf.start();
    await warmUp(cxf);
    const { token } = await askForToken(cxf.tokenUrl('username-text'), { keyType: 'Bearer' });
    external = await Recorder.start(() => ({ headers: { 'content-type': 'application/xml' }, body: token }));
    const onlyAcme = { credentials: POOL.slice(0, 1) };
    const manifests = () => [
      ...OBJECTS,
      ...[keySecret('key-acme', pki.signer), keySecret('key-production', pki.recipient)],
      ...[keySecret('key-fallback', IDENTITIES.service), secret('external-key', { authorization: AUTHORIZATION })],
      tokenService('pool', { cxf, authentication: 'x509', spec: { credentials: POOL } }),
      tokenService('nobody', { cxf, authentication: 'x509', spec: onlyAcme }),
      tokenService('pass', { cxf, authentication: 'x509', spec: { ...onlyAcme, onNoCredential: 'PassUnchanged' } }),
      serviceManifest('external', {
        external: { url: `http://127.0.0.1:${external.port}/issue`, headers: { 'x-realm': 'orders' } },
        credentials: [{ name: 'key', default: true, secretRef: { name: 'external-key' } }],
      }),
      {
        ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'wsdl', namespace: 'e2e' } },
        data: { 'service.wsdl': wsdl(cxf) },
      },
      tokenService('wsdl', {
        cxf,
        wsTrust: { ...{ url: undefined, soapVersion: undefined }, wsdlRef: { name: 'wsdl' }, portName: 'Text11' },
      }),
      ...NAMES.map((name) => tokenPolicy(name)),
    ];
    const options = { policies: NAMES, backendPort: cxf.ports.orders };
    fleet = await TokenFleet.start(options, manifests);
    production = await TokenFleet.start({ ...options, environment: 'production' }, manifests);
  });
  after(async () => {
    await Promise.all([fleet.stop(), production.stop()]);
    external.close();
    await cxf.close();
  });
  beforeEach(() => cxf.reset());

  function call(name: string, options: { to?: TokenFleet; path?: string; partner?: string } = {}): Promise<HttpAnswer> {
    const { to = fleet, path = cxf.orderPath('bearer'), partner } = options;
    const headers = { ...SOAP11_HEADERS, ...(partner !== undefined && { 'x-partner': partner }) };
    return send(to.url(name, path), message, { headers });
  }

  async function accepted(answer: Promise<HttpAnswer>, subject: string): Promise<void> {
    const { status, text } = await answer;
    assert.equal(status, 200, `${text}\n${fleet.log()}`);
    assert.match(text, new RegExp(`Receipt[^>]*>${subject}[,<]`));
  }

  test('the entry whose condition holds, that of the environment, or the default', async () => {
    await accepted(call('pool', { partner: 'acme' }), 'CN=signer');
    await accepted(call('pool', { partner: 'other' }), 'CN=service');
    await accepted(call('pool'), 'CN=service');
    await accepted(call('pool', { to: production, partner: 'acme' }), 'CN=signer');
    await accepted(call('pool', { to: production }), 'CN=recipient');
    assert.equal((await cxf.counts()).Issue, 4, 'each has a token of its own, kept by each process');
  });

  test('Refuse: nothing goes on without a credential', async () => {
    await accepted(call('nobody', { partner: 'acme' }), 'CN=signer');
    await cxf.reset();
    const answer = await call('nobody');
    assert.ok(answer.status >= 400, answer.text);
    assertFault(answer, SOAP11);
    const { received, asked } = await cxf.counts();
    assert.deepEqual({ received, asked }, { received: 0, asked: 0 });
    assert.match(fleet.log(), /ERR_NO_CREDENTIAL/);
  });

  test('PassUnchanged: the message goes on as it came', async () => {
    await accepted(call('pass', { partner: 'acme' }), 'CN=signer');
    await cxf.reset();
    assert.equal((await call('pass', { path: cxf.orderPath('open') })).status, 200);
    assert.equal((await call('pass')).status, 500, 'the service that demands a token got none');
    const { received, asked } = await cxf.counts();
    assert.deepEqual({ received, asked }, { received: 2, asked: 0 });
  });

  test('external: the token comes from a plain HTTP service', async () => {
    await accepted(call('external'), USER.name);
    await accepted(call('external'), USER.name);
    assert.equal(external.count, 1);
    const { method, url, headers } = external.last;
    assert.deepEqual(
      { method, url, realm: headers['x-realm'], authorization: headers['authorization'] },
      { method: 'POST', url: '/issue', realm: 'orders', authorization: AUTHORIZATION },
    );
  });

  test('wsdl: address and SOAP version are those of the port', async () => {
    await accepted(call('wsdl'), USER.name);
    assert.equal((await cxf.counts()).Issue, 1);
  });
});

/** Two ports of one service; the first would not do for the policy. */
function wsdl(cxf: Cxf): string {
  const port = (name: string, soap: '11' | '12', url: string) =>
    `<w:port name="${name}" binding="t:Binding${soap}"><s${soap}:address location="${url}"/></w:port>`;
  const binding = (soap: '11' | '12') =>
    `<w:binding name="Binding${soap}" type="t:STS"><s${soap}:binding style="document" ` +
    'transport="http://schemas.xmlsoap.org/soap/http"/></w:binding>';
  return (
    '<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s11="http://schemas.xmlsoap.org/wsdl/soap/" ' +
    'xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:t="urn:t" targetNamespace="urn:t">' +
    `<w:portType name="STS"/>${binding('11')}${binding('12')}<w:service name="TokenService">` +
    port('Digest12', '12', cxf.tokenUrl('username-digest', '1.2')) +
    port('Text11', '11', cxf.tokenUrl('username-text', '1.1')) +
    '</w:service></w:definitions>'
  );
}
