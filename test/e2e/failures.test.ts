/** The service dies, stands still, is overloaded or leaves: no message ever goes on without its verdict. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEYS, OUTGOING, content, envelope, policy, securedEcho } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import type { GatewayOptions } from './support/gateway.ts';
import { send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { until } from '../../scripts/local/until.ts';

const message = envelope(content(2000));
const large = envelope(content(700_000));

describe('failures', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  const start = async (options: Partial<GatewayOptions> = {}) => {
    gateway = await Gateway.start({
      files: { 'keys.yaml': KEYS, 'policy.yaml': [policy('outgoing', OUTGOING)] },
      policies: ['outgoing'],
      backendPort: recorder.port,
      ...options,
    });
  };
  const call = (body = message) => send(gateway.url('outgoing'), body);
  const assertAllSecured = () => {
    for (const { body } of recorder.received) assert.ok(body.includes('EncryptedData'), 'an unsecured message went on');
  };

  beforeEach(async () => {
    recorder = await Recorder.start(securedEcho);
  });
  afterEach(async () => {
    await gateway.stop();
    recorder.close();
  });

  test('killed in mid-request: 5xx, and nothing unsecured goes on; back again, it serves', async () => {
    await start();
    for (let round = 0; round < 4; round++) {
      const calls = Array.from({ length: 12 }, (_, i) => call(i % 2 ? large : message));
      await sleep(5 + 25 * round);
      gateway.extproc.signal('SIGKILL');
      for (const answer of await Promise.all(calls)) {
        assert.ok(answer.status === 200 || answer.status >= 500, String(answer.status));
        if (answer.status === 200) assert.ok(answer.text.includes('<o:Order'));
        else assert.ok(!answer.text.includes('EncryptedData'), 'an unverified answer reached the client');
      }
      const down = await call();
      assert.ok(down.status >= 500, String(down.status));
      assertAllSecured();
      await gateway.restartExtproc();
      await untilServed();
    }
  });

  test('stopped (SIGSTOP): 504 after the message timeout, and nothing goes on', async () => {
    await start({ messageTimeout: '2s' });
    assert.equal((await call()).status, 200);
    recorder.reset();
    gateway.extproc.signal('SIGSTOP');
    const answers = await Promise.all([call(), call(large), call()]);
    for (const answer of answers) assert.equal(answer.status, 504, answer.text);
    assert.equal(recorder.count, 0);
    gateway.extproc.signal('SIGCONT');
    await untilServed();
  });

  test('killed while the backend works: the answer does not reach the client unverified', async () => {
    await start();
    recorder.reset(async (received) => {
      const reply = await securedEcho(received);
      gateway.extproc.signal('SIGKILL');
      await gateway.extproc.ended;
      return reply;
    });
    const answer = await call();
    assert.ok(answer.status >= 500, `${answer.status} ${answer.text}`);
    assert.ok(!answer.text.includes('EncryptedData'));
  });

  test('SIGTERM: what is under way is finished, and the process ends by itself', async () => {
    await start();
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    recorder.reset(async (received) => {
      await released;
      return securedEcho(received);
    });
    const calls = Array.from({ length: 30 }, () => call());
    await until('all requests are at the backend', () => recorder.count === 30);
    gateway.extproc.signal('SIGTERM');
    await until('it drains', async () => (await gateway.probe('/readyz')).status === 503);
    release();
    for (const answer of await Promise.all(calls)) assert.equal(answer.status, 200, answer.text);
    assert.equal(await gateway.extproc.ended, 'exit code 0', gateway.extproc.log);
  });

  test('overload: 503 with a Fault, no growth, and it serves again after', async () => {
    await start({ args: ['--max-in-flight', '4'] });
    const answers = await Promise.all(Array.from({ length: 100 }, () => call(large)));
    const statuses = new Set(answers.map(({ status }) => status));
    assert.deepEqual([...statuses].sort(), [200, 503], [...statuses].join());
    for (const answer of answers.filter(({ status }) => status === 503)) assert.match(answer.text, /:Fault>/);
    assert.ok((await gateway.metric('waxseal_messages_total', { reason: 'ERR_OVERLOAD' })) > 0);
    assertAllSecured();
    assert.equal((await call()).status, 200);
    for (const gauge of ['waxseal_exchanges_in_flight', 'waxseal_bytes_in_flight']) {
      await until(`${gauge} returns to nothing`, async () => (await gateway.metric(gauge)) === 0);
    }
  });

  test('no stream ever ends cleanly without a verdict: good, bad and too many messages, and then a SIGTERM', async () => {
    await start({ args: ['--max-in-flight', '64'] });
    const bodies = [message, large, '', 'no XML', message.slice(0, -5), envelope('<a>'.repeat(300))];
    const wave = () => Array.from({ length: 150 }, (_, i) => call(bodies[i % bodies.length]));
    const answers = await Promise.all(wave());
    const before = recorder.count;
    const last = wave();
    await until('some are through', () => recorder.count > before);
    gateway.extproc.signal('SIGTERM');
    answers.push(...(await Promise.all(last)));
    assertAllSecured();
    for (const [i, { status, text }] of answers.entries()) {
      if (status === 200) {
        assert.ok(i % bodies.length < 2, 'only good messages are answered');
        assert.ok(text.includes('<o:Order') && !text.includes('EncryptedData'), text.slice(0, 500));
      } else assert.ok([400, 500, 503, 504].includes(status), String(status));
    }
    assert.ok(answers.filter(({ status }) => status === 200).length <= recorder.count, 'no answer is from elsewhere');
  });

  async function untilServed(): Promise<void> {
    await until('it serves again', async () => (await call()).status === 200);
  }
});
