/**
 * Assertions that a real token service, Apache CXF's, issued: one route of an Envoy has the message get its token, another
 * demands it, in front of a backend without security. Between the two stands whoever wants to use a token that is not his.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SOAP11, SOAP12 } from '../../examples/demo/names.ts';
import { AUDIENCE, Cxf, IDENTITIES, ISSUER, USER } from '../interop/cxf.ts';
import { createPki } from '../support/pki.ts';
import { content, echo, envelope, policy, secret } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { SOAP11_HEADERS, SOAP12_HEADERS, send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { refused } from './support/refusal.ts';
import { CREDENTIAL, OBJECTS, tokenPolicy, tokenService, type KeyType } from './support/token-fixture.ts';

const KEY_TYPES = ['Bearer', 'Symmetric', 'Public'] as const;
const VERSIONS = { '1.1': 'SAML1', '2.0': 'SAML2' } as const;
type Version = keyof typeof VERSIONS;
const ROLE = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/role';
const pki = createPki();
const PATIENT = { connectionTimeout: '30s' };

/** Routes where a message gets its token. */
const issuing = (keyType: KeyType, version: Version): string => `get-${keyType}-${VERSIONS[version]}`.toLowerCase();
/** Another user of the token service, with a key of his own. */
const OTHER_KEY = { 'tls.crt': pki.recipient.certificatePem, 'tls.key': pki.recipient.privateKeyPem };

/** Routes where he gets his tokens. */
const OTHER = { Bearer: 'other-bearer', Symmetric: 'other-symmetric', Public: 'other-public' };

const TRUST = [{ kind: 'ConfigMap', name: 'sts', pin: true }];
const IDENTITY_HEADERS = [
  { name: 'x-wss-subject', value: 'SAMLSubject' },
  { name: 'x-wss-issuer', value: 'SAMLIssuer' },
  { name: 'x-wss-role', value: 'SAMLAttribute', attribute: ROLE },
  // SAML 1.1 has the rest of the URI in AttributeNamespace.
  { name: 'x-wss-role-saml1', value: 'SAMLAttribute', attribute: 'role' },
];

/** A route that demands a token: that of its key type, for the audience. */
function demanding(name: string, keyType: KeyType, { audience = AUDIENCE, key = 'service' } = {}): object {
  const confirmations = [keyType === 'Bearer' ? 'Bearer' : 'HolderOfKey'];
  return policy(name, {
    request: {
      verify: {
        ...(keyType !== 'Bearer' && { timestamp: {}, signature: {} }),
        ...(keyType === 'Symmetric' && { decryption: { keyRefs: [{ name: key }], requiredParts: [] } }),
        saml: { trustRefs: TRUST, issuers: [ISSUER], audiences: [audience], confirmations },
        identityHeaders: IDENTITY_HEADERS,
      },
    },
  });
}

function manifests(cxf: Cxf, impostor: Cxf): object[] {
  const { certificatePem, privateKeyPem } = IDENTITIES.service;
  const all = KEY_TYPES.flatMap((keyType) =>
    (['1.1', '2.0'] as const).map((version) => ({ name: issuing(keyType, version), keyType, version })),
  );
  const claims = [{ type: ROLE }];
  return [
    ...OBJECTS,
    secret('service', { 'tls.crt': certificatePem, 'tls.key': privateKeyPem }),
    secret('other-login', { ...CREDENTIAL, ...OTHER_KEY }),
    {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'sts', namespace: 'e2e' } },
      data: { 'ca.crt': IDENTITIES.sts.certificatePem },
    },
    ...all.flatMap(({ name, keyType, version }) => [
      tokenService(name, { cxf, keyType, wsTrust: { tokenType: VERSIONS[version], claims }, spec: PATIENT }),
      tokenPolicy(name, keyType),
    ]),
    ...KEY_TYPES.flatMap((keyType) => {
      const [name, other] = [`impostor-${keyType}`.toLowerCase(), OTHER[keyType]];
      const credentials = [{ name: 'theirs', default: true, secretRef: { name: 'other-login' } }];
      return [
        ...[tokenService(name, { cxf: impostor, keyType, spec: PATIENT }), tokenPolicy(name, keyType)],
        ...[tokenService(other, { cxf, keyType, spec: { ...PATIENT, credentials } }), tokenPolicy(other, keyType)],
        demanding(`want-${keyType}`.toLowerCase(), keyType),
        demanding(`elsewhere-${keyType}`.toLowerCase(), keyType, { audience: 'urn:example:elsewhere' }),
      ];
    }),
    demanding('not-our-secret', 'Symmetric', { key: 'other-login' }),
  ];
}

const plain = (soap: '1.1' | '1.2' = '1.1'): string => envelope(content(300), soap === '1.1' ? SOAP11 : SOAP12);

describe('assertions of a token service', () => {
  let cxf: Cxf;
  let impostor: Cxf;
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    [cxf, impostor] = await Promise.all([Cxf.start(), Cxf.start({ impostor: true })]);
    recorder = await Recorder.start(echo);
    const files = { 'all.yaml': manifests(cxf, impostor) };
    const policies = files['all.yaml'].flatMap((item) => {
      const { kind, metadata } = item as { kind: string; metadata: { name: string } };
      return kind === 'WSSecurityPolicy' ? [metadata.name] : [];
    });
    gateway = await Gateway.start({ files, policies, backendPort: recorder.port });
    for (const route of [issuing('Bearer', '2.0'), 'impostor-bearer']) await warmUp(route);
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
    await Promise.all([cxf.close(), impostor.close()]);
  });

  /** A virtual machine of Java that has just started needs longer than a message waits. */
  async function warmUp(route: string): Promise<void> {
    let status = 0;
    for (let patience = 10; patience > 0 && status !== 200; patience--) {
      ({ status } = await send(gateway.url(route), plain()));
    }
  }

  /** The message as it leaves the route where it gets its token. */
  async function withToken(route: string, soap: '1.1' | '1.2' = '1.1'): Promise<string> {
    const answer = await send(gateway.url(route), plain(soap), { headers: headers(soap) });
    assert.equal(answer.status, 200, `${answer.text}\n${gateway.extproc.log}`);
    return recorder.last.body.toString();
  }

  for (const keyType of KEY_TYPES) {
    for (const version of ['1.1', '2.0'] as const) {
      for (const soap of ['1.1', '1.2'] as const) {
        test(`${keyType}, SAML ${version}, SOAP ${soap}: the backend learns of the user`, async () => {
          const message = await withToken(issuing(keyType, version), soap);
          const answer = await send(gateway.url(`want-${keyType}`.toLowerCase()), message, { headers: headers(soap) });
          assert.equal(answer.status, 200, `${answer.text}\n${gateway.extproc.log}`);
          const { headers: got, body } = recorder.last;
          assert.deepEqual(
            [got['x-wss-subject'], got['x-wss-issuer'], got[version === '1.1' ? 'x-wss-role-saml1' : 'x-wss-role']],
            [USER.name, ISSUER, 'buyer'],
          );
          assert.ok(!/Security|Assertion/.test(body.toString()), body.toString());
        });
      }
    }
  }

  const attacks: readonly Attack[] = [
    ...KEY_TYPES.map((keyType): Attack => ({
      name: `${keyType}: a token for another audience`,
      message: () => withToken(issuing(keyType, '2.0')),
      to: `elsewhere-${keyType}`.toLowerCase(),
      code: 'ERR_WSS_SAML_AUDIENCE',
    })),
    ...KEY_TYPES.map((keyType): Attack => ({
      name: `${keyType}: another token service of the same name, certified by the same authority`,
      message: () => withToken(`impostor-${keyType}`.toLowerCase()),
      to: `want-${keyType}`.toLowerCase(),
      code: 'ERR_WSS_CERTIFICATE_UNTRUSTED',
    })),
    ...(['Symmetric', 'Public'] as const).flatMap((keyType): Attack[] => [
      {
        name: `${keyType}: whoever has seen the token, without its key`,
        message: async () => unsigned(await withToken(issuing(keyType, '2.0'))),
        to: `want-${keyType}`.toLowerCase(),
        code: 'ERR_WSS_SIGNATURE_MISSING',
      },
      {
        name: `${keyType}: the token of one user in the message of another, who signed it with the key of his own`,
        message: async () => withAssertionOf(await withToken(issuing(keyType, '2.0')), await withToken(OTHER[keyType])),
        to: `want-${keyType}`.toLowerCase(),
        code: 'ERR_WSS_SIGNATURE_INVALID',
      },
      {
        name: `${keyType}: two tokens, one of which is the signer's`,
        message: async () =>
          besideAssertionOf(await withToken(issuing(keyType, '2.0')), await withToken(OTHER[keyType])),
        to: `want-${keyType}`.toLowerCase(),
        code: 'ERR_WSS_SAML_ASSERTION_DUPLICATED',
      },
      {
        name: `${keyType}: another name in the token`,
        message: async () => (await withToken(issuing(keyType, '2.0'))).replace(`>${USER.name}<`, '>admin<'),
        to: `want-${keyType}`.toLowerCase(),
        code: 'ERR_WSS_DIGEST_MISMATCH',
      },
      {
        name: `${keyType}: where a bearer is demanded`,
        message: () => withToken(issuing(keyType, '2.0')),
        to: 'want-bearer',
        code: 'ERR_WSS_SAML_CONFIRMATION',
      },
    ]),
    {
      name: 'a bearer, where the key of the token must sign, with a signature of another message',
      message: async () => withAssertionOf(await withToken(issuing('Bearer', '2.0')), await withToken(OTHER.Public)),
      to: 'want-public',
      code: 'ERR_WSS_KEY_NOT_FOUND',
    },
    {
      name: 'the secret of the token is for another service',
      message: () => withToken(issuing('Symmetric', '2.0')),
      to: 'not-our-secret',
      code: 'ERR_WSS_SIGNATURE_INVALID',
    },
    {
      name: 'no token',
      message: () => Promise.resolve(plain()),
      to: 'want-bearer',
      code: 'ERR_WSS_SECURITY_HEADER_MISSING',
    },
  ];
  for (const { name, message, to, code } of attacks) {
    test(`refused: ${name}`, async () => {
      const xml = await message();
      const answer = await refused(gateway, recorder, () => send(gateway.url(to), xml), { status: 403, code });
      assert.ok(!answer.text.includes(USER.name), answer.text);
    });
  }
});

interface Attack {
  readonly name: string;
  readonly message: () => Promise<string>;
  /** Route. */
  readonly to: string;
  readonly code: string;
}

const ASSERTION = /<saml2:Assertion .*<\/saml2:Assertion>/s;
const assertionIn = (message: string): string => ASSERTION.exec(message)?.[0] ?? assert.fail(message);
const idOf = (assertion: string): string => / ID="([^"]+)"/.exec(assertion)?.[1] ?? assert.fail(assertion);

/** What the sender signed with the key of his token is gone, the issuer's signature in the token is not. */
function unsigned(message: string): string {
  const assertion = assertionIn(message);
  const [before = '', after = ''] = message.split(assertion);
  const left = after.replace(/<ds:Signature .*<\/ds:Signature>/s, '');
  assert.notEqual(left, after);
  return before + assertion + left;
}

/** Somebody puts the token of a message that he has seen into his own, where his signature names it. */
function withAssertionOf(seen: string, own: string): string {
  const [theirs, mine] = [assertionIn(seen), assertionIn(own)];
  return own.replace(mine, () => theirs).replaceAll(idOf(mine), idOf(theirs));
}

/** Somebody puts the token of a message that he has seen before that of his own. */
function besideAssertionOf(seen: string, own: string): string {
  return own.replace(ASSERTION, (mine) => assertionIn(seen) + mine);
}

function headers(soap: '1.1' | '1.2'): Record<string, string> {
  return soap === '1.1' ? SOAP11_HEADERS : SOAP12_HEADERS;
}
