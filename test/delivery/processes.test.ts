/** The `waxseal extproc` command with operators that are killed under load. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { aliasName } from '../../policy/alias.ts';
import { Child } from '../../scripts/local/child.ts';
import { freePort } from '../../scripts/local/ports.ts';
import { ask, connectExtProc, requestBody, requestHeaders, responseHeaders } from '../support/ext-proc-client.ts';
import { soapMessage, SPECS } from '../support/policies.ts';
import { material, newAuthority, tlsFiles } from './support/certificates.ts';
import { manyPolicies, until } from './support/delivery.ts';
import type { OperatorFile } from './support/operator-process.ts';

const WAXSEAL = path.join(import.meta.dirname, '../../cli/waxseal.js');
const OPERATOR = path.join(import.meta.dirname, 'support/operator-process.ts');
const authority = await newAuthority();
const folder = await mkdtemp(path.join(tmpdir(), 'operators-'));
after(() => rm(folder, { recursive: true }));

async function operator(port: number, file: Omit<OperatorFile, 'certificates'>): Promise<Child> {
  const name = path.join(folder, `${port}.json`);
  await writeFile(name, JSON.stringify({ ...file, certificates: await material(authority, 'operator') }));
  const child = new Child('operator', process.execPath, [OPERATOR, name, String(port)]);
  await child.until(() => child.log.includes(`127.0.0.1:${port}`));
  return child;
}

test('operators are killed and come back under load: no request fails', async (t) => {
  const policies = [...manyPolicies(20, SPECS.sign)];
  const changed = [...manyPolicies(20, SPECS.verify)];
  const [a, b, listen, admin] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const { files } = await tlsFiles(t, await material(authority, 'extproc'));
  const tls = ['--tls-cert', files.certificate, '--tls-key', files.key, '--tls-ca', files.ca];
  const addresses = ['--listen', `127.0.0.1:${listen}`, '--admin', `127.0.0.1:${admin}`];
  const from = ['--operator', `127.0.0.1:${a},127.0.0.1:${b}`, '--replica-name', 'replica-1'];
  const service = new Child('waxseal extproc', process.execPath, [WAXSEAL, 'extproc', ...from, ...tls, ...addresses]);
  t.after(() => service.stop());
  const ready = async () => {
    const response = await fetch(`http://127.0.0.1:${admin}/readyz`).catch(() => undefined);
    return {
      status: response?.status ?? 0,
      details: (await response?.json()) as { operators: { subscribed: boolean }[] },
    };
  };
  await service.until(async () => (await ready()).status !== 0);
  assert.equal((await ready()).status, 503, 'not ready without policies');

  const client = connectExtProc(`127.0.0.1:${listen}`);
  t.after(() => client.close());
  const exchange = async (policy: string): Promise<string> => {
    const call = client.open(policy);
    const first = await ask(call, requestHeaders());
    if (first.immediateResponse) return String(first.immediateResponse.status.code);
    const { requestBody: answer, immediateResponse } = await ask(call, requestBody(soapMessage()));
    if (immediateResponse) return String(immediateResponse.status.code);
    await ask(call, responseHeaders(200));
    call.end();
    return String(answer?.response?.bodyMutation?.body).includes('Signature') ? 'signed' : 'passed';
  };
  assert.equal(await exchange('shop/p1'), '503', 'traffic is refused without policies');

  const operators = [await operator(a, { policies, role: { leading: true, epoch: 1 } })];
  operators.push(await operator(b, { policies, role: { leading: false, epoch: 1 } }));
  t.after(() => Promise.all(operators.map((child) => child.stop())));
  await service.until(async () => (await ready()).status === 200);

  const seen = new Map<string, number>();
  let stop = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!stop) {
      const outcome = await exchange('shop/p1').catch(String);
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
  });
  const signed = (): number => seen.get('signed') ?? 0;
  const more = async (): Promise<void> => {
    const before = signed();
    await until(() => signed() > before + 50, 'traffic');
  };
  const subscribed = async (): Promise<number> =>
    (await ready()).details.operators.findIndex((link) => link.subscribed);
  await until(async () => (await subscribed()) === 0, 'subscribing to the leader');
  operators[0]?.signal('SIGKILL');
  await until(async () => (await subscribed()) === 1, 'subscribing to the other');
  await more();
  operators[1]?.signal('SIGKILL');
  await until(async () => (await subscribed()) === -1, 'being alone');
  await more();
  assert.equal((await ready()).status, 200, 'ready without operators');
  operators.push(await operator(b, { policies, role: { leading: true, epoch: 2 } }));
  await until(async () => (await subscribed()) === 1, 'subscribing again');
  await more();
  stop = true;
  await Promise.all(load);
  assert.deepEqual([...seen.keys()], ['signed']);
  t.diagnostic(`${signed()} requests`);

  operators[2]?.signal('SIGKILL');
  await operators[2]?.ended;
  operators.push(await operator(a, { policies: changed, role: { leading: true, epoch: 3 } }));
  await until(async () => (await exchange('shop/p1')) === '403', 'the change');
  const byAlias = connectExtProc(`127.0.0.1:${listen}`, `${aliasName('shop/p1')}.waxseal-system:9002`);
  t.after(() => byAlias.close());
  const call = byAlias.open();
  assert.deepEqual(await ask(call, requestHeaders()), { requestHeaders: {} });
  assert.equal((await ask(call, requestBody(soapMessage()))).immediateResponse?.status.code, 403);
  assert.equal((await ask(byAlias.open('shop/p2'), requestHeaders())).immediateResponse?.status.code, 500);
  assert.doesNotMatch(service.log, /PRIVATE|BEGIN|sesame/);
});

test('flags that do not go together are told', async () => {
  const wrong: [string[], RegExp][] = [
    [[], /--config <folder> or --operator/],
    [['--config', 'a', '--operator', 'b:1'], /one of them/],
    [['--operator', 'b:1'], /needs --tls-cert/],
    [['--config', 'a', '--tls-ca', 'c'], /are for --operator/],
    [['--operator', 'b', '--tls-cert', 'c', '--tls-key', 'c', '--tls-ca', 'c'], /"b" is no address/],
  ];
  for (const [args, message] of wrong) {
    const child = new Child('waxseal extproc', process.execPath, [WAXSEAL, 'extproc', ...args]);
    assert.equal(await child.ended, 'exit code 2');
    assert.match(child.log, message);
  }
});
