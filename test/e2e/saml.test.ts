/** Clients that send assertions, through Envoy: who the subject is reaches the backend, the assertion does not. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { at, envelope, pki, reference, seal, security, signature, timestamp, token } from '../attacks/forge.ts';
import * as saml from '../attacks/forge-saml.ts';
import { echo, policy } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { SOAP11_HEADERS, send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { refused } from './support/refusal.ts';

const SPEC = {
  request: {
    verify: {
      timestamp: {},
      signature: { trustRefs: [{ kind: 'ConfigMap', name: 'authority' }] },
      saml: {
        trustRefs: [{ kind: 'ConfigMap', name: 'idp', pin: true }],
        issuers: [saml.ISSUER],
        audiences: [saml.AUDIENCE],
      },
      identityHeaders: [
        { name: 'x-wss-subject', value: 'SAMLSubject' },
        { name: 'x-wss-issuer', value: 'SAMLIssuer' },
        { name: 'x-wss-role', value: 'SAMLAttribute', attribute: 'role' },
      ],
    },
  },
};
const configMap = (name: string, pem: string): object => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'e2e' } },
  data: { 'ca.crt': pem },
});
const KEYS = [
  configMap('authority', pki.ca.certificatePem + pki.intermediate.certificatePem),
  configMap('idp', saml.issuer.certificatePem),
];

/** Signed by whoever holds the key of the assertion, or else by somebody trusted who vouches for it. */
function message(parts: saml.AssertionParts = {}, vouched = '', created = at(-5_000)): string {
  const data = saml.holderData(saml.holderCertificate());
  const assertion = saml.issueAssertion(saml.assertion2({ method: 'holder-of-key', data, ...parts }));
  const references = reference('TS-1') + reference('Body-1') + vouched;
  const keyInfo = vouched === '' ? { keyInfo: saml.samlReference() } : {};
  const blocks = [assertion, token(pki.signer), timestamp(created), signature({ references, ...keyInfo })];
  return seal(envelope(security(blocks.join(''))), pki.signer.key);
}
const vouching = { method: 'sender-vouches', data: '' } as const;

describe('assertions', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(echo);
    gateway = await Gateway.start({
      files: { 'keys.yaml': KEYS, 'policy.yaml': [policy('saml', SPEC)] },
      policies: ['saml'],
      backendPort: recorder.port,
    });
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
  });

  const headers = { ...SOAP11_HEADERS, 'X-WSS-Subject': 'admin', 'X-WSS-Role': 'admin' };

  for (const [name, xml] of [
    ['holder of key', message()],
    ['sender vouches', message(vouching, reference('A-1'))],
  ] as const) {
    test(`${name}: the backend learns of the subject`, async () => {
      recorder.reset();
      const answer = await send(gateway.url('saml'), xml, { headers });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(recorder.last.headers['x-wss-subject'], 'alice');
      assert.equal(recorder.last.headers['x-wss-issuer'], saml.ISSUER);
      assert.equal(recorder.last.headers['x-wss-role'], 'clerk,buyer');
      assert.ok(!/Security|Assertion/.test(recorder.last.body.toString()));
    });
  }

  const audience = '<a:AudienceRestriction><a:Audience>urn:x</a:Audience></a:AudienceRestriction>';
  for (const [name, code, xml] of [
    ['nobody vouches', 'CONFIRMATION', message(vouching, reference('X509-1'))],
    ['another audience', 'AUDIENCE', message({ conditions: saml.conditions(audience) })],
    ['a comment in the name', 'ASSERTION_INVALID', message().replace('>alice<', '>al<!-- -->ice<')],
    ['a bearer', 'CONFIRMATION', message({ method: 'bearer', data: '' }, reference('A-1'))],
    [
      'no assertion',
      'ASSERTION_MISSING',
      seal(envelope(security(token(pki.signer) + timestamp() + signature())), pki.signer.key),
    ],
  ] as const) {
    test(`refused: ${name}`, async () => {
      const call = () => send(gateway.url('saml'), xml, { headers });
      const answer = await refused(gateway, recorder, call, { status: 403, code: `ERR_WSS_SAML_${code}` });
      assert.ok(!/alice|clerk|idp/.test(answer.text), answer.text);
    });
  }

  test('one that may be used once passes once', async () => {
    const audience = `<a:AudienceRestriction><a:Audience>${saml.AUDIENCE}</a:Audience></a:AudienceRestriction>`;
    const parts = { conditions: saml.conditions(`${audience}<a:OneTimeUse/>`) };
    const first = await send(gateway.url('saml'), message(parts, '', at(-3_000)), { headers });
    assert.equal(first.status, 200, first.text);
    const again = message(parts, '', at(-4_000));
    const second = await send(gateway.url('saml'), again, { headers });
    assert.equal(second.status, 403, second.text);
  });
});
