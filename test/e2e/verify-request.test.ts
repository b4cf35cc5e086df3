/** Client that speaks WS-Security, plain backend. The client's messages come from independent libraries. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SOAP11, SOAP12 } from '../../examples/demo/names.ts';
import { openMessage } from '../../examples/demo/open-message.ts';
import { INCOMING, KEYS, MAX_BODY, ca, client, content, echo, policy, secured } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { SOAP11_HEADERS, SOAP12_HEADERS, send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';

describe('verifying requests and securing answers', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(echo);
    gateway = await Gateway.start({
      files: { 'keys.yaml': KEYS, 'policy.yaml': [policy('incoming', INCOMING)] },
      policies: ['incoming'],
      backendPort: recorder.port,
      maxBody: MAX_BODY,
    });
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
  });

  for (const [version, namespace, headers] of [
    ['1.1', SOAP11, SOAP11_HEADERS],
    ['1.2', SOAP12, SOAP12_HEADERS],
  ] as const) {
    test(`SOAP ${version}: the backend gets plain XML, the client a secured answer`, async () => {
      recorder.reset();
      const message = await secured(content(1000), {}, namespace);
      const answer = await send(gateway.url('incoming'), message, { headers });
      assert.equal(answer.status, 200, answer.text);
      const received = recorder.last.body.toString();
      assert.ok(received.includes(content(1000)));
      assert.ok(!/Security|EncryptedData|Signature/.test(received), received);
      assert.equal(recorder.last.headers['content-length'], String(recorder.last.body.length));
      const opened = await openMessage(answer.text, { ca, key: client.key });
      assert.equal(opened.content, content(1000));
      assert.ok(opened.encrypted);
      assert.ok(opened.signed.includes('SignatureConfirmation'), opened.signed.join());
      assert.ok(opened.xml.includes(`Value="${signatureValue(message)}"`), "the request's signature is confirmed");
    });
  }

  test("the signer's name goes to the backend, a client's own claim does not", async () => {
    recorder.reset();
    const headers = { ...SOAP11_HEADERS, 'X-WSS-Subject': 'CN=admin' };
    const answer = await send(gateway.url('incoming'), await secured(content(100)), { headers });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(recorder.last.headers['x-wss-subject'], 'CN=client');
  });

  for (const size of [1_000, 100_000, 1_100_000, 8_000_000]) {
    test(`${size} bytes both ways`, async () => {
      recorder.reset();
      const body = content(size);
      const answer = await send(gateway.url('incoming'), await secured(body));
      assert.equal(answer.status, 200, answer.text.slice(0, 1000));
      assert.ok(recorder.last.body.toString().includes(body));
      const opened = await openMessage(answer.text, { ca, key: client.key });
      assert.equal(opened.content, body);
    });
  }

  test('200 at once: each reaches the backend as itself', async () => {
    recorder.reset();
    const ids = Array.from({ length: 200 }, (_, i) => `order-${i}`);
    const messages = await Promise.all(ids.map((id) => secured(content(500, id))));
    const answers = await Promise.all(messages.map((message) => send(gateway.url('incoming'), message)));
    for (const answer of answers) assert.equal(answer.status, 200, answer.text);
    const seen = recorder.received.map(({ body }) => /id="(order-\d+)"/.exec(body.toString())?.[1]);
    assert.deepEqual(seen.sort(), ids.sort());
  });

  function signatureValue(message: string): string {
    return /SignatureValue>([^<]*)</.exec(message)?.[1] ?? 'none';
  }
});
