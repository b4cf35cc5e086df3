/** Messages with attachments through a real Envoy: one policy protects them, the next one checks that and takes it off. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { multipart, openMultipart, SWA_TYPE, XOP_TYPE, type TestPart } from '../support/attachments.ts';
import { KEYS, MAX_BODY, backend, envelope, policy, secret } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { refused } from './support/refusal.ts';

const keyRef = { name: 'gateway-keys' };
const limits = { maxBodyBytes: MAX_BODY };
const attachments = (mode: string) => ({ part: 'Attachments', mode, optional: true });
const signed = (mode: string) => [{ part: 'Body' }, { part: 'Timestamp' }, attachments(mode)];
const PROTECT = {
  limits,
  request: {
    secure: {
      timestamp: {},
      signature: { keyRef, parts: signed('Complete') },
      encryption: { recipientRef: { name: 'backend-cert' }, parts: [{ part: 'Body' }, attachments('Complete')] },
    },
  },
};
const SIGN = { limits, request: { secure: { timestamp: {}, signature: { keyRef, parts: signed('Content') } } } };
const OPEN = {
  limits,
  request: {
    verify: {
      timestamp: {},
      decryption: { keyRefs: [{ name: 'backend-keys' }], requiredParts: [{ part: 'Body' }, attachments('Complete')] },
      signature: { trustRefs: [{ kind: 'ConfigMap', name: 'ca', key: 'ca.crt' }], requiredParts: signed('Complete') },
    },
  },
};
const VERIFY = {
  limits,
  request: {
    verify: { timestamp: {}, signature: { trustRefs: [{ kind: 'ConfigMap', name: 'ca', key: 'ca.crt' }] } },
  },
};

const CONTENT = Buffer.alloc(2_000_000, 'attached \x00\xff\r\n--', 'latin1');
const PARTS: readonly TestPart[] = [
  { header: ['Content-Type: image/png; name=a.png', 'Content-ID: <a@x>'], content: CONTENT },
  { header: ['Content-Type: text/plain', 'Content-ID: <b@x>', 'Content-Disposition: attachment'], content: 'text\n' },
];
const INCLUDE = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:a@x"/>';
const SWA = multipart(envelope('<o:Order xmlns:o="urn:o"/>'), PARTS);
const XOP = multipart(envelope(`<o:Order xmlns:o="urn:o">${INCLUDE}</o:Order>`), PARTS.slice(0, 1), XOP_TYPE);

const ok = () => ({ body: envelope('<ok/>'), headers: { 'content-type': 'text/xml' } });

describe('attachments', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(ok);
    gateway = await Gateway.start({
      files: {
        'keys.yaml': [...KEYS, secret('backend-keys', { 'tls.crt': backend.certificate, 'tls.key': backend.key })],
        'policies.yaml': [
          ...[policy('protect', PROTECT), policy('sign', SIGN), policy('open', OPEN), policy('verify', VERIFY)],
        ],
      },
      policies: ['protect', 'sign', 'open', 'verify'],
      backendPort: recorder.port,
    });
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
  });

  async function through(name: string, body: Buffer, type: string): Promise<Buffer> {
    const answer = await send(gateway.url(name), body, { headers: { 'content-type': type, soapaction: '""' } });
    assert.equal(answer.status, 200, answer.text.slice(0, 500));
    assert.equal(recorder.last.headers['content-type'], type);
    return recorder.last.body;
  }

  for (const [name, message, type] of [
    ['SOAP with Attachments', SWA, SWA_TYPE],
    ['MTOM', XOP, XOP_TYPE],
  ] as const) {
    test(`${name}: signed, encrypted, and opened again`, async () => {
      const secured = await through('protect', message, type);
      assert.ok(!secured.includes('attached') && secured.includes('EncryptedKey'));
      const opened = openMultipart(await through('open', secured, type), type);
      assert.deepEqual(
        opened.attachments.map((part) => part.content()),
        // What an element held is in the element now.
        type === XOP_TYPE ? [] : openMultipart(message, type).attachments.map((part) => part.content()),
      );
      if (type === XOP_TYPE) assert.ok(opened.root.body.includes(CONTENT.toString('base64')));
    });

    test(`${name}: signed, and passed on as it came; changed, and refused`, async () => {
      const secured = await through('sign', message, type);
      const verified = openMultipart(await through('verify', secured, type), type);
      const parts = openMultipart(message, type).attachments.map(({ raw }) => raw);
      assert.deepEqual(
        verified.attachments.map(({ raw }) => raw),
        parts,
      );
      const changed = Buffer.from(secured);
      changed[changed.indexOf('attached') + 3] ^= 1;
      const headers = { 'content-type': type, soapaction: '""' };
      await refused(gateway, recorder, () => send(gateway.url('verify'), changed, { headers }), {
        ...{ status: 403, code: 'ERR_WSS_DIGEST_MISMATCH' },
      });
      recorder.reset(ok);
    });
  }
});
