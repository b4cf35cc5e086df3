/** Configuration that changes while messages flow, and configuration that is wrong. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  GATEWAY_KEYS,
  KEYS,
  OUTGOING,
  SIGNED_ONLY,
  content,
  echo,
  envelope,
  policy,
  signed,
} from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { until } from '../../scripts/local/until.ts';
import { assertFault } from './support/refusal.ts';
import { SOAP11 } from '../../examples/demo/names.ts';

const message = envelope(content(1000));
const timestampOnly = (ttl: string) => ({ request: { secure: { timestamp: { ttl } } } });

describe('configuration', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(echo);
    gateway = await Gateway.start({
      files: {
        'keys.yaml': KEYS,
        'changing.yaml': [policy('changing', timestampOnly('1m'))],
        'audit.yaml': [policy('audit', { ...SIGNED_ONLY, mode: 'Audit' })],
        'audit-outgoing.yaml': [policy('audit-outgoing', { ...OUTGOING, mode: 'Audit' })],
        'keyless.yaml': [
          policy('keyless', { request: { secure: { signature: { keyRef: { name: 'no-such-secret' } } } } }),
        ],
      },
      policies: ['changing', 'audit', 'audit-outgoing', 'keyless', 'absent'],
      backendPort: recorder.port,
    });
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
  });

  /** Seconds from Created to Expires of the message that the backend received. */
  const lifetime = (body: string) => {
    const at = (name: string) => Date.parse(new RegExp(`:${name}>([^<]*)<`).exec(body)?.[1] ?? '');
    return (at('Expires') - at('Created')) / 1000;
  };

  /** Whether messages get a Timestamp of so many minutes. */
  const lifeIs = async (minutes: number) => {
    const answer = await send(gateway.url('changing'), message);
    assert.equal(answer.status, 200, answer.text);
    return lifetime(answer.text) === minutes * 60;
  };

  test('a changed file takes effect soon, under load, without one failed request', async (t) => {
    recorder.reset();
    const statuses = new Map<number, number>();
    const seen = new Set<number>();
    let stop = false;
    const worker = async () => {
      while (!stop) {
        const answer = await send(gateway.url('changing'), message);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        seen.add(lifetime(answer.text));
      }
    };
    const workers = Array.from({ length: 8 }, worker);
    try {
      for (const minutes of [2, 3, 4]) {
        await gateway.write('changing.yaml', [policy('changing', timestampOnly(`${minutes}m`))]);
        const ms = await until('the change takes effect', () => lifeIs(minutes));
        t.diagnostic(`in effect after ${ms.toFixed(0)} ms`);
      }
    } finally {
      stop = true;
      await Promise.all(workers);
    }
    assert.deepEqual([...statuses.keys()], [200]);
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      [60, 120, 180, 240],
      'every message had one whole configuration',
    );
  });

  test('a broken file keeps the last good configuration, and says so', async () => {
    await gateway.write('changing.yaml', [policy('changing', timestampOnly('4m'))]);
    await until('the good file is in use', () => lifeIs(4));
    const logged = gateway.logLines().length;
    for (const broken of [
      'kind: [unclosed',
      JSON.stringify(policy('changing', { request: { secure: { timestamp: { tttl: '9m' } } } })),
    ]) {
      const refused = () => gateway.metric('waxseal_config_reloads_total', { result: 'refused' });
      const before = await refused();
      await gateway.write('changing.yaml', broken);
      await until('the broken file is refused', async () => (await refused()) > before);
      assert.ok(await lifeIs(4), 'the last good file stays in use');
    }
    const lines = gateway
      .logLines()
      .slice(logged)
      .map((line) => JSON.stringify(line));
    assert.ok(
      lines.some((line) => line.includes('changing.yaml')),
      lines.join('\n'),
    );
    assert.ok(
      lines.some((line) => line.includes('tttl')),
      'the field is named',
    );
    const ready = await gateway.probe('/readyz');
    assert.equal(ready.status, 200);
    assert.match(ready.text, /changing\.yaml/);
    await gateway.write('changing.yaml', [policy('changing', timestampOnly('5m'))]);
    await until('the mended file is in use', () => lifeIs(5));
  });

  test('Audit: everything is done and reported, and the original goes on', async () => {
    recorder.reset();
    const would = () => gateway.metric('waxseal_messages_total', { policy: 'e2e/audit', outcome: 'would_refuse' });
    const before = await would();
    const answer = await send(gateway.url('audit'), message);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(recorder.last.body.toString(), message);
    assert.equal(await would(), before + 1);
    const good = await signed(content(500));
    assert.equal((await send(gateway.url('audit'), good)).status, 200);
    assert.equal(recorder.last.body.toString(), good, 'the original, with its security');
    assert.equal(await would(), before + 1);
    assert.equal((await send(gateway.url('audit-outgoing'), message)).status, 200);
    assert.equal(recorder.last.body.toString(), message, 'nothing is added in Audit mode');
  });

  for (const [name, code] of [
    ['keyless', 'ERR_POLICY_BROKEN'],
    ['absent', 'ERR_POLICY_UNKNOWN'],
  ] as const) {
    test(`${code}: the traffic of policy ${name} is refused`, async () => {
      recorder.reset();
      const answer = await send(gateway.url(name), message);
      assert.equal(answer.status, 500);
      assertFault(answer, SOAP11);
      assert.equal(recorder.count, 0);
      await until('the reason is logged', () => gateway.extproc.log.includes(code));
    });
  }

  test('a missing Secret is named in the log, and its arrival mends the policy', async () => {
    assert.ok(gateway.logLines().some((line) => JSON.stringify(line).includes('no-such-secret')));
    const found = { ...GATEWAY_KEYS, metadata: { name: 'no-such-secret', namespace: 'e2e' } };
    const status = async () => (await send(gateway.url('keyless'), message)).status;
    await gateway.write('late.yaml', [found]);
    await until('the policy works', async () => (await status()) === 200);
    await gateway.remove('late.yaml');
    await until('the policy refuses again', async () => (await status()) === 500);
  });
});
