/**
 * Tickets of a real KDC through a real Envoy: one policy adds them to messages of a client without security, another one demands
 * them and tells the backend whose they are. What the first one sends comes by here, and goes on to the second one.
 */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Kdc, REALM } from '../support/kdc.ts';
import { CLIENT_NAME, SERVICE_NAME } from '../support/kerberos-exchange.ts';
import { content, envelope, policy } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { send, SOAP11_HEADERS } from './support/http.ts';
import { Recorder, type Answer } from './support/recorder.ts';
import { refused } from './support/refusal.ts';

const SERVICE = `${SERVICE_NAME}@${REALM}`;
const CLIENT = `${CLIENT_NAME}@${REALM}`;
const signature = { keyIdentifier: 'KerberosSHA1' };
const encryption = { dataKey: 'Kerberos' };
const decryption = {};

function sends(name: string, secure: object = {}, verify: object = {}): object {
  const kerberos = { servicePrincipal: SERVICE, keytabRef: { name: 'client' }, clientPrincipal: CLIENT };
  return policy(name, {
    request: { secure: { timestamp: {}, kerberos, signature, ...secure } },
    response: { verify: { timestamp: {}, signature: {}, ...verify } },
  });
}

function demands(name: string, keytab: string, verify: object = {}, secure: object = {}): object {
  const kerberos = { keytabRef: { name: keytab }, servicePrincipal: SERVICE };
  const identityHeaders = [{ name: 'x-kerberos-principal', value: 'KerberosPrincipal' }];
  return policy(name, {
    request: { verify: { timestamp: {}, kerberos, signature: {}, identityHeaders, ...verify } },
    response: { secure: { timestamp: {}, signature, ...secure } },
  });
}

const POLICIES = [
  ...[sends('signed'), sends('encrypted', { encryption }, { decryption })],
  ...[demands('receive', 'service'), demands('decrypt', 'service', { decryption }, { encryption })],
  // The service's key was changed, and this is the one before.
  demands('former', 'former'),
];
const NAMES = POLICIES.map((item) => (item as { metadata: { name: string } }).metadata.name);

function keytabSecret(name: string, keytab: Buffer): object {
  const metadata = { name, namespace: 'e2e' };
  return { apiVersion: 'v1', kind: 'Secret', metadata, data: { keytab: keytab.toString('base64') } };
}

describe('Kerberos tickets', () => {
  const afters: (() => unknown)[] = [];
  const previous = process.env.KRB5_CONFIG;
  let recorder: Recorder;
  let gateway: Gateway;

  before(async () => {
    const kdc = await Kdc.start({ after: (ending) => void afters.push(ending as () => unknown) });
    for (const name of [SERVICE_NAME, CLIENT_NAME]) await kdc.addPrincipal(name);
    const former = await kdc.keytab(SERVICE_NAME);
    await kdc.admin(`change_password -randkey ${SERVICE_NAME}`);
    process.env.KRB5_CONFIG = kdc.config;
    const secrets = [
      ...[keytabSecret('former', former), keytabSecret('service', await kdc.keytab(SERVICE_NAME))],
      keytabSecret('client', await kdc.keytab(CLIENT_NAME)),
    ];
    recorder = await Recorder.start(answer);
    afters.push(() => recorder.close());
    gateway = await Gateway.start({
      ...{ files: { 'all.yaml': [...secrets, ...POLICIES] }, policies: NAMES, backendPort: recorder.port },
    });
    afters.push(() => gateway.stop());
  });
  after(async () => {
    if (previous === undefined) delete process.env.KRB5_CONFIG;
    else process.env.KRB5_CONFIG = previous;
    for (const ending of afters.reverse()) await ending();
  });
  beforeEach(() => recorder.reset());

  /** `/FIRST/SECOND` is on its way between two policies; `/SECOND/` has arrived. */
  const answer: Answer = async ({ url, headers, body }) => {
    const [, , second] = url.split('/');
    if (second === '') return { body };
    const soap = { 'content-type': headers['content-type'] ?? '', soapaction: '"urn:test"' };
    const { status, text } = await send(gateway.url(second), body, { headers: soap });
    return { status, body: text };
  };

  /** @returns the request between the policies */
  async function passes(first: string, second: string): Promise<string> {
    const headers = { ...SOAP11_HEADERS, 'X-Kerberos-Principal': 'admin@WAXSEAL.TEST' };
    const { status, text } = await send(gateway.url(first, second), envelope(content(300)), { headers });
    assert.equal(status, 200, `${text}\n${gateway.extproc.log}`);
    assert.ok(text.includes(content(300)), text);
    assert.ok(!text.includes('Security'), text);
    const [arrived, between] = recorder.received.toReversed();
    assert.equal(arrived.headers['x-kerberos-principal'], CLIENT);
    assert.ok(arrived.body.includes(content(300)));
    assert.ok(!arrived.body.includes('Security'));
    return between.body.toString();
  }

  test('a ticket and a signature with its key: the backend learns who sent the message, and the answer comes back', async () => {
    const message = await passes('signed', 'receive');
    assert.match(message, /#GSS_Kerberosv5_AP_REQ"/);
    assert.match(message, /#Kerberosv5APREQSHA1"/);
  });

  test('what the key of the ticket encrypts nobody else reads', async () => {
    assert.doesNotMatch(await passes('encrypted', 'decrypt'), /Order|EncryptedKey/);
  });

  test('a message is taken once', async () => {
    const message = await passes('signed', 'receive');
    const again = () => send(gateway.url('receive'), message);
    await refused(gateway, recorder, again, { status: 403, code: 'ERR_WSS_REPLAYED' });
  });

  test('a keytab with another key of the service opens no ticket', async () => {
    const message = await passes('signed', 'receive');
    const elsewhere = () => send(gateway.url('former'), message);
    await refused(gateway, recorder, elsewhere, { status: 403, code: 'ERR_WSS_KERBEROS_TOKEN_INVALID' });
  });
});
