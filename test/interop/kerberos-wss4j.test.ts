/** Kerberos tokens to and from WSS4J, which takes its tickets from the same KDC through the GSS-API of Java. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CompiledPolicy } from '../../extproc/pipeline/compile.ts';
import { Kdc, REALM } from '../support/kdc.ts';
import { binarySecret, CLIENT_NAME, Gateway, kerberosPolicies, SERVICE_NAME } from '../support/kerberos-exchange.ts';
import { createPki } from '../support/pki.ts';
import { soapMessage } from '../support/policies.ts';
import { Wss4j, Wss4jError, type Fields } from './wss4j.ts';

const SERVICE = `${SERVICE_NAME}@${REALM}`;
const CLIENT = `${CLIENT_NAME}@${REALM}`;
const HMAC_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256';
const HMAC_SHA1 = 'http://www.w3.org/2000/09/xmldsig#hmac-sha1';
const AES128_GCM = 'http://www.w3.org/2009/xmlenc11#aes128-gcm';
const AES256_CBC = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc';

const afters: (() => unknown)[] = [];
let wss4j: Wss4j;
let policies: ReadonlyMap<string, CompiledPolicy>;
let initiator: Fields;
let acceptor: Fields;
let previous: string | undefined;

const ticket = { servicePrincipal: SERVICE, keytabRef: { name: 'client' }, clientPrincipal: CLIENT };
const kerberos = { keytabRef: { name: 'service' }, servicePrincipal: SERVICE };
const algorithms = ['HMAC-SHA256', 'HMAC-SHA1'];

before(async () => {
  const kdc = await Kdc.start({ after: (ending) => void afters.push(ending as () => unknown) });
  for (const name of [SERVICE_NAME, CLIENT_NAME]) await kdc.addPrincipal(name);
  previous = process.env.KRB5_CONFIG;
  process.env.KRB5_CONFIG = kdc.config;
  const signed = (keyIdentifier: string, more: object = {}, secure: object = {}) => ({
    request: { secure: { timestamp: {}, kerberos: ticket, signature: { keyIdentifier, ...more }, ...secure } },
  });
  const encrypted = (name: string, encryption: object) => ({
    [name]: signed('BinarySecurityToken', {}, { encryption: { dataKey: 'Kerberos', ...encryption } }),
  });
  const compiled = kerberosPolicies(
    {
      direct: signed('BinarySecurityToken'),
      sha1: signed('KerberosSHA1', { algorithm: 'HMAC-SHA1', digest: 'SHA1' }),
      token: signed('BinarySecurityToken', { parts: [{ part: 'Body' }, { part: 'Timestamp' }, { part: 'Token' }] }),
      bare: { request: { secure: { timestamp: {}, kerberos: ticket } } },
      ...encrypted('encrypted128', { dataAlgorithm: 'AES128-CBC' }),
      ...encrypted('encrypted256', { dataAlgorithm: 'AES256-GCM' }),
      ...encrypted('encryptedCbc', { dataAlgorithm: 'AES256-CBC' }),
      receive: { request: { verify: { timestamp: {}, kerberos, signature: { accept: { algorithms } } } } },
      receiveBare: { request: { verify: { timestamp: {}, kerberos } } },
      decrypt: {
        request: {
          verify: {
            timestamp: {},
            kerberos,
            decryption: {
              accept: { dataAlgorithms: ['AES128-GCM', 'AES256-CBC'] },
              requireSignedEncryptedData: false,
            },
          },
        },
      },
    },
    [
      binarySecret('client', { keytab: await kdc.keytab(CLIENT_NAME) }),
      binarySecret('service', { keytab: await kdc.keytab(SERVICE_NAME) }),
    ],
  );
  assert.deepEqual(
    compiled.problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  policies = compiled.policies;
  const common = { config: kdc.config, service: 'HTTP@backend.waxseal.test' };
  initiator = { ...common, principal: CLIENT, keytab: await kdc.keytabFile(CLIENT_NAME) };
  acceptor = { ...common, principal: SERVICE, keytab: await kdc.keytabFile(SERVICE_NAME) };
  wss4j = await Wss4j.start(createPki());
  afters.push(() => wss4j.close());
});

after(async () => {
  if (previous === undefined) delete process.env.KRB5_CONFIG;
  else process.env.KRB5_CONFIG = previous;
  for (const ending of afters.reverse()) await ending();
});

test('WSS4J accepts our tickets, and signatures with their keys', async () => {
  for (const policy of ['bare', 'direct', 'sha1', 'token']) {
    const message = await new Gateway(policies).send(policy, soapMessage());
    const { fields } = await wss4j.call('kerberos.verify', acceptor, message);
    assert.equal(fields['principal'], CLIENT, policy);
    if (policy !== 'bare') assert.match(fields['signed'], /Body/, policy);
    const changed = Buffer.from(message.toString().replace('>1<', '>2<'));
    if (policy !== 'bare') await assert.rejects(wss4j.call('kerberos.verify', acceptor, changed), Wss4jError, policy);
  }
});

test('we accept tickets of WSS4J, and signatures with their keys', async () => {
  for (const reference of ['direct', 'sha1']) {
    for (const sign of [HMAC_SHA256, HMAC_SHA1]) {
      const { payload } = await wss4j.call('kerberos.secure', { ...initiator, reference, sign }, soapMessage());
      const receiver = new Gateway(policies);
      await receiver.send('receive', payload);
      const again = await receiver.request('receive', payload);
      assert.ok(again.kind === 'refuse' && again.code === 'ERR_WSS_REPLAYED');
      const changed = Buffer.from(payload.toString().replace('>1<', '>2<'));
      const forged = await new Gateway(policies).request('receive', changed);
      assert.ok(forged.kind === 'refuse' && forged.code === 'ERR_WSS_DIGEST_MISMATCH', `${reference} ${sign}`);
    }
  }
  const { payload } = await wss4j.call('kerberos.secure', { ...initiator, reference: 'direct' }, soapMessage());
  await new Gateway(policies).send('receiveBare', payload);
});

test('we decrypt what WSS4J encrypted with the key of a ticket, of which AES128 takes the first half', async () => {
  for (const encrypt of [AES128_GCM, AES256_CBC]) {
    const fields = { ...initiator, reference: 'direct', encrypt };
    const { payload } = await wss4j.call('kerberos.secure', fields, soapMessage());
    assert.doesNotMatch(payload.toString(), /urn:shop/);
    assert.match((await new Gateway(policies).send('decrypt', payload)).toString(), /urn:shop/);
  }
});

// With AES128-GCM WSS4J takes a longer key whole, which is AES-256 under a wrong name.
test('WSS4J decrypts what we encrypted with the key of a ticket, of which AES128 takes the first half', async () => {
  for (const policy of ['encrypted128', 'encrypted256', 'encryptedCbc']) {
    const message = await new Gateway(policies).send(policy, soapMessage());
    assert.doesNotMatch(message.toString(), /urn:shop|EncryptedKey/, policy);
    const { fields, payload } = await wss4j.call('kerberos.verify', acceptor, message);
    assert.match(payload.toString(), /urn:shop/, policy);
    assert.match(fields['encrypted'], /Body|Order/, policy);
    assert.match(fields['signed'], /Body/, policy);
  }
});
