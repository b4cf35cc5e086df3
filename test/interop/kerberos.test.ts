/** Tickets of a real KDC: ours to ourselves, and in both directions with GSS-API of MIT Kerberos. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { createRequire } from 'node:module';
import type { CompiledPolicy } from '../../extproc/pipeline/compile.ts';
import { readCredentialCache } from '../../extproc/kerberos/credential-cache.ts';
import { Kdc, REALM } from '../support/kdc.ts';
import {
  binarySecret,
  bodyOf,
  CLIENT_NAME,
  Gateway,
  kerberosPolicies,
  SERVICE_NAME,
} from '../support/kerberos-exchange.ts';
import { soapMessage } from '../support/policies.ts';

interface Addon {
  readonly GSS_MECH_OID_KRB5: number;
  initializeClient(service: string, options: object): Promise<{ step(challenge: string): Promise<string> }>;
  initializeServer(service: string): Promise<Addon['server']>;
  readonly server: { step(challenge: string): Promise<string | null>; readonly username: string | null };
}

const SERVICE = `${SERVICE_NAME}@${REALM}`;
const CLIENT = `${CLIENT_NAME}@${REALM}`;
const afters: (() => Promise<void>)[] = [];
let kdc: Kdc;
let clientKeytab: Buffer;
let policies: ReadonlyMap<string, CompiledPolicy>;
let previous: string | undefined;

const ticket = { servicePrincipal: SERVICE, keytabRef: { name: 'client' }, clientPrincipal: CLIENT };
const accepted = { keytabRef: { name: 'service' }, servicePrincipal: SERVICE };
const headers = [{ name: 'x-principal', value: 'KerberosPrincipal' }];

const SPECS = {
  send: {
    request: { secure: { timestamp: {}, kerberos: ticket, signature: { keyIdentifier: 'KerberosSHA1' } } },
    response: { verify: { timestamp: {}, signature: {} } },
  },
  direct: {
    request: { secure: { timestamp: {}, kerberos: ticket, signature: { keyIdentifier: 'BinarySecurityToken' } } },
  },
  token: {
    request: {
      secure: {
        timestamp: {},
        kerberos: { ...ticket, valueType: 'AP-REQ' },
        signature: {
          keyIdentifier: 'KerberosSHA1',
          parts: [{ part: 'Body' }, { part: 'Timestamp' }, { part: 'Token' }],
        },
      },
    },
  },
  bare: { request: { secure: { kerberos: ticket } } },
  cached: {
    request: {
      secure: {
        timestamp: {},
        kerberos: { servicePrincipal: SERVICE, credentialCacheRef: { name: 'cache' } },
        signature: { keyIdentifier: 'KerberosSHA1' },
      },
    },
  },
  unknown: {
    request: { secure: { kerberos: { ...ticket, servicePrincipal: `HTTP/nobody.waxseal.test@${REALM}` } } },
  },
  stranger: {
    request: {
      secure: { kerberos: { ...ticket, keytabRef: { name: 'stranger' }, clientPrincipal: `stranger@${REALM}` } },
    },
  },
  receive: {
    request: { verify: { timestamp: {}, kerberos: accepted, signature: {}, identityHeaders: headers } },
    response: { secure: { timestamp: {}, signature: { keyIdentifier: 'KerberosSHA1' } } },
  },
  receiveToken: {
    request: {
      verify: {
        timestamp: {},
        kerberos: accepted,
        signature: { requiredParts: [{ part: 'Body' }, { part: 'Timestamp' }, { part: 'Token' }] },
      },
    },
  },
  receiveBare: { request: { verify: { kerberos: accepted, identityHeaders: headers } } },
  receiveOther: {
    request: { verify: { kerberos: { ...accepted, principals: [`bob@${REALM}`] } } },
  },
} as const;

before(async () => {
  kdc = await Kdc.start({ after: (ending) => void afters.push(ending as () => Promise<void>) });
  for (const name of [SERVICE_NAME, CLIENT_NAME, 'stranger']) await kdc.addPrincipal(name);
  clientKeytab = await kdc.keytab(CLIENT_NAME);
  const clientFile = await kdc.keytabFile(CLIENT_NAME);
  const strangerKeytab = await kdc.keytab('stranger');
  await kdc.admin('delprinc -force stranger');
  previous = process.env.KRB5_CONFIG;
  process.env.KRB5_CONFIG = kdc.config;
  const secrets = [
    binarySecret('client', { keytab: clientKeytab }),
    binarySecret('stranger', { keytab: strangerKeytab }),
    binarySecret('service', { keytab: await kdc.keytab(SERVICE_NAME) }),
    binarySecret('cache', { ccache: await readFile(await kdc.kinit(CLIENT_NAME, clientFile)) }),
  ];
  const compiled = kerberosPolicies(SPECS, secrets);
  assert.deepEqual(
    compiled.problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  policies = compiled.policies;
});

after(async () => {
  if (previous === undefined) delete process.env.KRB5_CONFIG;
  else process.env.KRB5_CONFIG = previous;
  for (const ending of afters.reverse()) await ending();
});

const principalOf = (outcome: Awaited<ReturnType<Gateway['request']>>): string | undefined =>
  outcome.kind === 'forward' ? outcome.set.find(({ name }) => name === 'x-principal')?.value : undefined;

test('what we send with a ticket we accept, know its sender, and answer under its key', async () => {
  const sender = new Gateway(policies);
  const receiver = new Gateway(policies);
  const outgoing = sender.begin('send');
  const message = bodyOf(await outgoing.request(soapMessage(), () => false), sender.verdicts.at(-1));
  const incoming = receiver.begin('receive');
  const outcome = await incoming.request(message, () => false);
  assert.equal(principalOf(outcome), CLIENT, JSON.stringify(receiver.verdicts.at(-1)?.failure));
  const here = { status: 200, headers: new Map([['content-type', ['text/xml']]]) };
  const answer = bodyOf(await incoming.response(here, soapMessage('<done/>'), () => false), receiver.verdicts.at(-1));
  assert.match(answer.toString(), /Kerberosv5APREQSHA1/);
  const verified = bodyOf(await outgoing.response(here, answer, () => false), sender.verdicts.at(-1));
  assert.match(verified.toString(), /<done/);
  const forged = await sender.begin('send').response(here, answer, () => false);
  assert.equal(forged.kind, 'refuse');
});

test('the token is referred to directly as well, is signed through its reference, and goes without a frame', async () => {
  const sender = new Gateway(policies);
  const receiver = new Gateway(policies);
  await receiver.send('receive', await sender.send('direct', soapMessage()));
  const message = await sender.send('token', soapMessage());
  assert.match(message.toString(), /#Kerberosv5_AP_REQ"/);
  await receiver.send('receiveToken', message);
  const unsigned = await receiver.request('receiveToken', await sender.send('send', soapMessage()));
  assert.ok(unsigned.kind === 'refuse' && unsigned.code === 'ERR_WSS_PART_NOT_SIGNED');
});

test('one ticket serves many messages, and a message works once', async () => {
  const sender = new Gateway(policies);
  const receiver = new Gateway(policies);
  const messages = await Promise.all(Array.from({ length: 20 }, () => sender.send('bare', soapMessage())));
  await kdc.stop();
  messages.push(await sender.send('bare', soapMessage()));
  await kdc.start();
  for (const message of messages) {
    assert.equal(principalOf(await receiver.request('receiveBare', message)), CLIENT);
    const again = await receiver.request('receiveBare', message);
    assert.ok(again.kind === 'refuse' && again.code === 'ERR_WSS_REPLAYED', again.kind);
  }
});

test('a credential cache does as well as a keytab', async () => {
  const outcome = await new Gateway(policies).request(
    'receive',
    await new Gateway(policies).send('cached', soapMessage()),
  );
  assert.equal(principalOf(outcome), CLIENT);
});

test('who is not named is not let in, and who comes late neither', async () => {
  const message = await new Gateway(policies).send('bare', soapMessage());
  const other = await new Gateway(policies).request('receiveOther', message);
  assert.ok(other.kind === 'refuse' && other.code === 'ERR_WSS_KERBEROS_PRINCIPAL');
  const late = await new Gateway(policies, () => Date.now() + 6 * 60_000).request('receiveBare', message);
  assert.ok(late.kind === 'refuse' && late.code === 'ERR_WSS_KERBEROS_TOKEN_TIME');
});

test('a message whose content was changed, or that another key signed, is refused', async () => {
  const message = (await new Gateway(policies).send('send', soapMessage())).toString();
  const changed = await new Gateway(policies).request('receive', Buffer.from(message.replace('>1<', '>2<')));
  assert.ok(changed.kind === 'refuse' && changed.code === 'ERR_WSS_DIGEST_MISMATCH');
  const another = (await new Gateway(policies).send('send', soapMessage())).toString();
  const tokenOf = (text: string) => /<wsse:BinarySecurityToken.*<\/wsse:BinarySecurityToken>/.exec(text)?.[0] ?? '';
  const exchanged = await new Gateway(policies).request(
    'receive',
    Buffer.from(message.replace(tokenOf(message), tokenOf(another))),
  );
  assert.equal(exchanged.kind, 'refuse');
});

test('what the KDC refuses is refused to the client, and the log says why without naming anyone', async () => {
  for (const [policy, reason] of [
    ['unknown', 'UnknownService'],
    ['stranger', 'UnknownClient'],
  ] as const) {
    const gateway = new Gateway(policies);
    const outcome = await gateway.request(policy, soapMessage());
    assert.ok(outcome.kind === 'refuse' && outcome.code === 'ERR_KERBEROS_TICKET', JSON.stringify(outcome));
    assert.match(gateway.log.join('\n'), new RegExp(reason));
    assert.doesNotMatch(gateway.log.join('\n'), /nobody|stranger@|127\.0\.0\.1/);
  }
});

test('while the KDC does not answer, messages are refused, and when it does they go on', async () => {
  await kdc.stop();
  const gateway = new Gateway(policies);
  const outcome = await gateway.request('bare', soapMessage());
  await kdc.start();
  assert.ok(outcome.kind === 'refuse' && outcome.code === 'ERR_KERBEROS_TICKET', JSON.stringify(outcome));
  assert.match(gateway.log.join('\n'), /Unreachable/);
});

test('GSS-API of MIT Kerberos accepts our tokens, and we accept those it makes', async () => {
  const addon = createRequire(import.meta.url)('kerberos') as Addon;
  const environment = { ...process.env };
  const folder = kdc.folder;
  Object.assign(process.env, {
    KRB5_KTNAME: `FILE:${await kdc.keytabFile(SERVICE_NAME)}`,
    KRB5_CLIENT_KTNAME: `FILE:${await kdc.keytabFile(CLIENT_NAME)}`,
    KRB5CCNAME: `FILE:${folder}/theirs`,
    KRB5RCACHENAME: `dfl:`,
    KRB5RCACHEDIR: folder,
  });
  try {
    const ours = (await new Gateway(policies).send('bare', soapMessage())).toString();
    const octets = />([^<]*)<\/wsse:BinarySecurityToken>/.exec(ours)?.[1] ?? '';
    const server = await addon.initializeServer('HTTP@backend.waxseal.test');
    await server.step(octets);
    assert.equal(server.username, CLIENT);
    const client = await addon.initializeClient('HTTP@backend.waxseal.test', {
      ...{ principal: CLIENT, mechOID: addon.GSS_MECH_OID_KRB5, gssFlag: 0 },
    });
    const theirs = ours.replace(octets, await client.step(''));
    assert.equal(principalOf(await new Gateway(policies).request('receiveBare', Buffer.from(theirs))), CLIENT);
    assert.equal(readCredentialCache(await readFile(`${folder}/theirs`)).length, 2);
  } finally {
    process.env = environment;
  }
});
