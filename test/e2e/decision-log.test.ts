/** The decision log beside real traffic: every message has its line, and a full disk does what the user chose. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { hash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { until } from '../../scripts/local/until.ts';
import { LOG_KEY, LOG_TRUST, logFiles } from '../support/decision-logs.ts';
import { auditCommand } from '../../cli/audit.ts';
import { runCommand } from '../support/waxseal-command.ts';
import {
  client,
  content,
  echo,
  envelope,
  gateway as gatewayKeys,
  INCOMING,
  KEYS,
  policy,
  secured,
  SIGNED_ONLY,
  signed,
} from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';

const body = content(500);

interface Decision {
  readonly [name: string]: unknown;
  readonly received: {
    sha256: string;
    signatures?: { algorithm: string; certificate: { sha256: string }; parts: string[] }[];
    decrypted?: number;
    replay?: string;
  };
  readonly sent: {
    sha256: string;
    signature?: { secret: string; parts: string[] };
    encryption?: { recipient: { sha256: string } };
  };
}

interface Logged {
  readonly gateway: Gateway;
  readonly recorder: Recorder;
  readonly folder: string;
  readonly decisions: () => Decision[];
  readonly verify: () => Promise<{ status: number; text: string }>;
}

/** @param disk KiB of a file system for the log alone; absent: that of temporary files */
async function start(t: TestContext, onFailure: string, disk?: number): Promise<Logged> {
  const root = mkdtempSync(path.join(tmpdir(), 'waxseal-e2e-log-'));
  const folder = path.join(root, 'log');
  writeFileSync(path.join(root, 'key.pem'), LOG_KEY, { mode: 0o600 });
  writeFileSync(path.join(root, 'trust.pem'), LOG_TRUST);
  if (disk !== undefined) {
    execFileSync('mkdir', [folder]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk}k`, 'tmpfs', folder]);
  }
  const recorder = await Recorder.start(echo);
  const gateway = await Gateway.start({
    files: { 'keys.yaml': KEYS, 'policies.yaml': [policy('incoming', INCOMING), policy('signed', SIGNED_ONLY)] },
    policies: ['incoming', 'signed'],
    backendPort: recorder.port,
    args: [
      ...['--decision-log', folder, '--decision-log-key', path.join(root, 'key.pem'), '--replica-name', 'one'],
      ...['--decision-log-on-failure', onFailure, '--decision-log-checkpoint', '1'],
    ],
  });
  t.after(async () => {
    await gateway.stop();
    recorder.close();
    if (disk !== undefined) execFileSync('umount', [folder]);
    rmSync(root, { recursive: true });
  });
  return {
    ...{ gateway, recorder, folder },
    decisions: () =>
      logFiles(folder)
        .flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n'))
        .map((line) => JSON.parse(line) as Decision)
        .filter(({ type }) => type === 'decision'),
    verify: async () => {
      const args = ['verify', ...logFiles(folder), '--trust', path.join(root, 'trust.pem')];
      const { code, out } = await runCommand(auditCommand(), args);
      return { status: code, text: out };
    },
  };
}

const canMount = process.getuid?.() === 0;

describe('decision log', () => {
  test('says who signed what, what we signed and encrypted, and the digests of both', async (t) => {
    const { gateway, recorder, decisions, verify } = await start(t, 'Refuse');
    const message = await secured(body);
    const answer = await send(gateway.url('incoming'), message);
    assert.equal(answer.status, 200);
    const refused = await send(gateway.url('incoming'), envelope(body));
    assert.equal(refused.status, 403);
    assert.equal((await send(gateway.url('incoming'), message)).status, 403);
    await until('the lines', () => decisions().length >= 4);
    const [request, response, without, replayed] = decisions();
    const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
    assert.equal(request?.['outcome'], 'forwarded');
    assert.equal(request['policy'], 'e2e/incoming');
    assert.equal(request.received.sha256, hash('sha256', message));
    assert.equal(request.sent.sha256, hash('sha256', recorder.received[0]?.body ?? ''));
    assert.equal(request.received.decrypted, 1);
    assert.equal(request.received.replay, 'new');
    assert.equal(request.received.signatures?.[0]?.certificate.sha256, fingerprint(client.certificate));
    assert.deepEqual(request.received.signatures[0].parts.sort(), [
      'Envelope/Body',
      'Envelope/Header/Security/Timestamp',
    ]);
    assert.equal((request['who'] as { certificate: { subject: string } }).certificate.subject, 'CN=client');
    assert.equal(response?.['phase'], 'response');
    assert.equal(response.sent.sha256, hash('sha256', answer.text));
    assert.equal(response.sent.signature?.secret, 'gateway-keys');
    assert.equal(response.sent.encryption?.recipient.sha256, fingerprint(client.certificate));
    assert.equal(without?.['code'], 'ERR_WSS_SECURITY_HEADER_MISSING');
    assert.equal(without.sent.sha256, hash('sha256', refused.text));
    assert.equal(replayed?.['code'], 'ERR_WSS_REPLAYED');
    assert.equal(replayed.received.replay, 'seen');
    const text = JSON.stringify(decisions());
    for (const secret of ['Brot', 'BEGIN', gatewayKeys.key.split('\n')[1] ?? ''])
      assert.ok(!text.includes(secret), secret);
    await gateway.extproc.stop();
    const { status, text: told } = await verify();
    assert.equal(status, 0, told);
  });

  test('ten thousand messages: none is missing', { timeout: 120_000 }, async (t) => {
    const { gateway, decisions, verify, folder } = await start(t, 'Refuse');
    const total = 10_000;
    let next = 0;
    const statuses = new Map<number, number>();
    const worker = async () => {
      while (next++ < total) {
        const { status } = await send(gateway.url('signed'), envelope('<a/>'));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    assert.equal(statuses.get(403), total);
    await gateway.extproc.stop();
    assert.equal(decisions().length, total);
    assert.equal(new Set(decisions().map(({ id }) => id)).size, total);
    const { status, text } = await verify();
    assert.equal(status, 0, text);
    assert.equal(readdirSync(folder).length, 1);
  });

  test(
    'Refuse: with a full disk messages get 503 and the service is not ready, until there is room',
    { skip: !canMount },
    async (t) => {
      const { gateway, folder, verify, recorder } = await start(t, 'Refuse', 512);
      writeFileSync(path.join(folder, 'ballast'), Buffer.alloc(480 * 1024));
      let taken = 0;
      let status = 0;
      await until('a refusal', async () => {
        ({ status } = await send(gateway.url('signed'), await signed(body)));
        if (status === 200) taken++;
        return status !== 200;
      });
      assert.equal(status, 503);
      assert.equal((await gateway.probe('/readyz')).status, 503);
      const before = recorder.count;
      const answer = await send(gateway.url('signed'), await signed(body));
      assert.equal(answer.status, 503);
      assert.match(answer.text, /Fault/);
      assert.equal(recorder.count, before);
      rmSync(path.join(folder, 'ballast'));
      await until('readiness', async () => (await gateway.probe('/readyz')).status === 200);
      assert.equal((await send(gateway.url('signed'), await signed(body))).status, 200);
      await gateway.extproc.stop();
      const { status: verified, text } = await verify();
      assert.equal(verified, 0, text);
      assert.match(text, new RegExp(`, ${taken + 1} decisions,`));
    },
  );

  test('Continue: with a full disk messages go on', { skip: !canMount }, async (t) => {
    const { gateway, folder, verify } = await start(t, 'Continue', 512);
    writeFileSync(path.join(folder, 'ballast'), Buffer.alloc(480 * 1024));
    let count = 0;
    await until('the failure', async () => {
      count++;
      assert.equal((await send(gateway.url('signed'), await signed(body))).status, 200);
      return (await gateway.metric('waxseal_decision_log_failing')) === 1;
    });
    assert.equal((await gateway.probe('/readyz')).status, 200);
    assert.equal((await send(gateway.url('signed'), await signed(body))).status, 200);
    rmSync(path.join(folder, 'ballast'));
    await until('room', async () => (await gateway.metric('waxseal_decision_log_failing')) === 0);
    await gateway.extproc.stop();
    const { status, text } = await verify();
    assert.equal(status, 0, text);
    assert.match(text, new RegExp(`, ${count + 1} decisions,`));
  });
});
