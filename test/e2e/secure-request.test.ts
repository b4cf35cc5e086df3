/** Plain client, backend that demands WS-Security: what it receives and answers is judged by independent libraries. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SOAP11, SOAP12 } from '../../examples/demo/names.ts';
import { openMessage } from '../../examples/demo/open-message.ts';
import { KEYS, MAX_BODY, OUTGOING, backend, ca, content, envelope, policy, securedEcho } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { SOAP11_HEADERS, SOAP12_HEADERS, send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';

describe('securing requests and verifying answers', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(securedEcho);
    gateway = await Gateway.start({
      files: { 'keys.yaml': KEYS, 'policy.yaml': [policy('outgoing', OUTGOING)] },
      policies: ['outgoing'],
      backendPort: recorder.port,
      maxBody: MAX_BODY,
      unixSocket: true,
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
    test(`SOAP ${version}: signed, encrypted, and the answer plain again`, async () => {
      recorder.reset();
      const message = envelope(content(1000), namespace);
      const answer = await send(gateway.url('outgoing'), message, { headers });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(recorder.count, 1);
      const received = recorder.last;
      assert.equal(received.headers['content-length'], String(received.body.length));
      assert.equal(received.headers['content-type'], headers['content-type']);
      const opened = await openMessage(received.body.toString(), { ca, key: backend.key });
      assert.deepEqual([...opened.signed].sort(), ['Body', 'Timestamp']);
      assert.equal(opened.signer.subject, 'CN=gateway');
      assert.ok(!received.body.includes('Brot'), 'the Body must not be readable');
      assert.ok(answer.text.includes(content(1000)));
      assert.ok(!answer.text.includes('wsse:Security'), 'the verified header must be gone');
      assert.equal(answer.headers['content-length'], String(answer.body.length));
    });
  }

  for (const size of [1_000, 32_769, 100_000, 1_100_000, 8_000_000]) {
    test(`${size} bytes both ways`, async () => {
      recorder.reset();
      const body = content(size);
      const answer = await send(gateway.url('outgoing'), envelope(body));
      assert.equal(answer.status, 200, answer.text.slice(0, 1000));
      assert.ok(answer.text.includes(body));
    });
  }

  test('200 at once: each gets its own answer', async () => {
    recorder.reset();
    const ids = Array.from({ length: 200 }, (_, i) => `order-${i}`);
    const answers = await Promise.all(ids.map((id) => send(gateway.url('outgoing'), envelope(content(500, id)))));
    for (const [i, answer] of answers.entries()) {
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.text.includes(content(500, ids[i])), `answer ${i} is another's`);
    }
    assert.equal(recorder.count, 200);
  });

  test('an answer without, with foreign or with replayed security does not reach the client', async () => {
    const good = await securedEcho({ method: '', url: '', headers: {}, body: await lastReceived() });
    for (const body of [envelope(content(500)), Buffer.from(good.body).toString()]) {
      recorder.reset(() => ({ body }));
      const answer = await send(gateway.url('outgoing'), envelope(content(500)));
      assert.equal(answer.status, 403, answer.text);
      assert.match(answer.text, /Fault/);
      assert.ok(!answer.text.includes('Brot'));
    }
  });

  async function lastReceived(): Promise<Buffer> {
    recorder.reset(securedEcho);
    await send(gateway.url('outgoing'), envelope(content(500)));
    return recorder.last.body;
  }
});
