/** Policies that ask an OCSP responder, through Envoy: what it says of a signer decides, and it is seldom asked. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { at, envelope, pki, seal, security, signature, timestamp, token } from '../attacks/forge.ts';
import { OcspResponder } from '../support/ocsp-responder.ts';
import { issue, type Identity } from '../support/pki.ts';
import { testKey } from '../support/test-keys.ts';
import { echo, policy } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { SOAP11_HEADERS, send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { refused } from './support/refusal.ts';

const NOBODY = 'http://127.0.0.1:1/';

const signer = (name: string): Identity =>
  issue({
    ...{ subject: `CN=${name},O=Waxseal,C=DE`, key: testKey('ec256', name), issuer: pki.ca },
    keyUsage: ['digitalSignature'],
  });
const [good, busy, revoked, unknown, stranger] = ['good', 'busy', 'revoked', 'unknown', 'stranger'].map(signer);

/** Each is another message, or it would be a replay. */
let sent = 0;
function message(by: Identity, key = by.key): string {
  const algorithm = 'ECDSA-SHA256';
  const blocks = token(by) + timestamp(at(-5_000 - ++sent)) + signature({ algorithm });
  return seal(envelope(security(blocks)), key, algorithm);
}

const asking = (responderUrl: string, onUnavailable: string): object => ({
  request: {
    verify: {
      timestamp: {},
      signature: {
        trustRefs: [{ kind: 'ConfigMap', name: 'authority' }],
        revocation: { ocsp: { responderUrl, onUnavailable } },
      },
    },
  },
});
const AUTHORITY = {
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'authority', namespace: 'e2e' } },
  data: { 'ca.crt': pki.ca.certificatePem },
};

describe('revocation by OCSP', () => {
  let recorder: Recorder;
  let responder: OcspResponder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(echo);
    responder = await OcspResponder.start({ issuer: pki.ca });
    responder.knows(good.certificate, busy.certificate, stranger.certificate);
    responder.revokes(revoked.certificate);
    gateway = await Gateway.start({
      files: {
        'keys.yaml': [AUTHORITY],
        'policy.yaml': [
          policy('asking', asking(responder.url, 'Refuse')),
          policy('refusing', asking(NOBODY, 'Refuse')),
          policy('allowing', asking(NOBODY, 'Allow')),
        ],
      },
      policies: ['asking', 'refusing', 'allowing'],
      backendPort: recorder.port,
    });
  });
  after(async () => {
    await gateway.stop();
    responder.close();
    recorder.close();
  });
  beforeEach(() => {
    recorder.reset();
    responder.requests.length = 0;
  });

  const call = (name: string, xml: string) => send(gateway.url(name), xml, { headers: SOAP11_HEADERS });
  const asked = (result: string) => gateway.metric('waxseal_ocsp_requests_total', { result });

  test('good: the message passes, and so do others without another question', async () => {
    for (let count = 1; count <= 3; count++) {
      const answer = await call('asking', message(good));
      assert.equal(answer.status, 200, answer.text);
      assert.equal(recorder.count, count);
      assert.equal(responder.requests.length, 1);
    }
    assert.equal(await asked('good'), 1);
    assert.equal(await gateway.metric('waxseal_ocsp_request_duration_seconds_count'), 1);
  });

  test('twenty at once: one question for all of them', async () => {
    const messages = Array.from({ length: 20 }, () => message(busy));
    const answers = await Promise.all(messages.map((xml) => call('asking', xml)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(recorder.count, 20);
    assert.equal(responder.requests.length, 1);
  });

  for (const [name, by, code] of [
    ['revoked', revoked, 'ERR_WSS_CERTIFICATE_REVOKED'],
    ['unknown', unknown, 'ERR_WSS_REVOCATION_UNKNOWN'],
  ] as const) {
    test(`${name}: refused, however often it is tried, after one question`, async () => {
      for (let count = 0; count < 2; count++) {
        const answer = await refused(gateway, recorder, () => call('asking', message(by)), { status: 403, code });
        assert.ok(!answer.text.includes(responder.url), answer.text);
      }
      assert.equal(responder.requests.length, 1);
      assert.equal(await asked(name), 1);
    });
  }

  test('nobody is asked about a certificate whose owner did not sign', async () => {
    const replayed = message(stranger, testKey('ec256', 'somebody-else'));
    const expected = { status: 403, code: 'ERR_WSS_SIGNATURE_INVALID' };
    await refused(gateway, recorder, () => call('asking', replayed), expected);
    assert.equal(responder.requests.length, 0);
  });

  test('a responder that cannot be reached: refused, or let pass where the policy says so', async () => {
    const expected = { status: 403, code: 'ERR_WSS_REVOCATION_UNKNOWN' };
    await refused(gateway, recorder, () => call('refusing', message(good)), expected);
    const answer = await call('allowing', message(good));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(recorder.count, 1);
    assert.ok((await asked('unavailable')) >= 1);
  });
});
