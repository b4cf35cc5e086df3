import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import {
  ask,
  connectExtProc,
  ending,
  requestBody,
  requestHeaders,
  responseHeaders,
} from '../test/support/ext-proc-client.ts';
import { manifestFile, objectManifests, policyManifest, soapMessage, SPECS } from '../test/support/policies.ts';
import { PolicyFolder } from './config/policy-folder.ts';
import { createLogger } from './observe/log.ts';
import { Service } from './service.ts';

async function start(t: TestContext, file: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'service-'));
  const write = (text: string) => writeFile(path.join(folder, 'policies.yaml'), text);
  await write(file);
  const lines: string[] = [];
  const service = new Service({
    source: (host) => new PolicyFolder(folder, host),
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    workers: 1,
    maxExchanges: 100,
    maxBytes: 1e8,
    policySources: ['metadata'],
    logger: createLogger('info', { write: (line) => lines.push(line) }),
  });
  const { listen, admin } = await service.start();
  const client = connectExtProc(listen);
  t.after(async () => {
    client.close();
    await service.stop(0);
    await rm(folder, { recursive: true });
  });
  const get = async (url: string) => {
    const response = await fetch(`http://${admin}${url}`);
    return { status: response.status, text: await response.text() };
  };
  return { service, lines, client, write, get };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 20) {
    assert.ok(waited < 10_000, 'it did not happen');
    await sleep(20);
  }
}

test('a refusal is one log line and one count, and neither holds anything of the message', async (t) => {
  const { client, lines, get } = await start(t, manifestFile(SPECS));
  const call = client.open('shop/verify');
  await ask(call, requestHeaders({}, { authorization: 'Basic c2VjcmV0' }));
  const before = lines.length;
  const answer = await ask(call, requestBody(soapMessage('<Password>sesame</Password>')));
  assert.equal(answer.immediateResponse?.status.code, 403);
  assert.equal(lines.length, before + 1);
  const { time, ...line } = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-/);
  assert.deepEqual(line, {
    level: 'warn',
    correlationId: 'req-1',
    policy: 'shop/verify',
    phase: 'request',
    outcome: 'refused',
    code: 'ERR_WSS_SECURITY_HEADER_MISSING',
    reason: 'the message has no Security header for us',
    msg: 'message refused',
  });
  assert.doesNotMatch(lines.join(''), /sesame|c2VjcmV0|PRIVATE KEY/);
  const { text } = await get('/metrics');
  assert.match(
    text,
    /waxseal_messages_total\{policy="shop\/verify",phase="request",outcome="refused",reason="ERR_WSS_SECURITY_HEADER_MISSING"\} 1/,
  );
  assert.match(
    text,
    /waxseal_certificate_expiry_timestamp_seconds\{policy="shop\/sign",certificate="[^"]*CN=signer[^"]*"\} \d+/,
  );
  assert.match(text, /waxseal_bundle_info\{version="[0-9a-f]{64}"\} 1/);
  assert.match(text, /waxseal_step_duration_seconds_count\{phase="request",step="scan"\} 1/);
  assert.match(text, /waxseal_exchanges_in_flight 1/);
  assert.doesNotMatch(text, /sesame/);
});

test('a broken file is told in log, metric and readiness, and changes nothing', async (t) => {
  const { client, lines, get, write } = await start(t, manifestFile({ one: SPECS.sign }));
  await write(manifestFile({ one: { requst: {} } }));
  await until(async () => /config_reloads_total\{result="refused"\} 1/.test((await get('/metrics')).text));
  const { status, text } = await get('/readyz');
  assert.equal(status, 200);
  assert.match(
    (JSON.parse(text) as { problems: string[] }).problems.join(),
    /policies\.yaml:\d+:\d+: error: spec.*requst/,
  );
  assert.ok(lines.some((line) => line.includes('requst') && line.includes('"error"')));
  const call = client.open('shop/one');
  await ask(call, requestHeaders());
  const answer = await ask(call, requestBody(soapMessage()));
  assert.match(String(answer.requestBody?.response?.bodyMutation?.body), /<ds:Signature /);
});

test('a policy whose Secret is missing refuses its traffic and says so', async (t) => {
  const { client, get } = await start(
    t,
    [policyManifest('one', SPECS.sign), policyManifest('two', SPECS.verify), ...objectManifests().slice(1)].join(
      '\n---\n',
    ),
  );
  const { policies } = JSON.parse((await get('/readyz')).text) as { policies: Record<string, string> };
  assert.match(policies['shop/one'] ?? '', /gateway/);
  assert.equal(policies['shop/two'], 'ready');
  assert.match((await get('/metrics')).text, /waxseal_policy_broken\{policy="shop\/one"\} 1/);
  const call = client.open('shop/one');
  await ask(call, requestHeaders());
  const { immediateResponse } = await ask(call, requestBody(soapMessage()));
  assert.equal(immediateResponse?.status.code, 500);
  assert.doesNotMatch(String(immediateResponse?.body), /gateway|Secret/);
});

test('not ready without a configuration, ready as soon as there is one', async (t) => {
  const { client, get, write } = await start(t, '{');
  assert.equal((await get('/readyz')).status, 503);
  assert.equal((await get('/healthz')).status, 200);
  assert.equal((await ask(client.open('shop/one'), requestHeaders())).immediateResponse?.status.code, 503);
  await write(manifestFile({ one: SPECS.sign }));
  await until(async () => (await get('/readyz')).status === 200);
  assert.deepEqual(await ask(client.open('shop/one'), requestHeaders()), { requestHeaders: {} });
});

test('the admin port answers nothing but its pages', async (t) => {
  const { get } = await start(t, manifestFile({ one: SPECS.sign }));
  assert.equal((await get('/')).status, 404);
  assert.equal((await get('/readyz?x')).status, 200);
});

test('a drain: not ready any more, exchanges under way finish, then the port is closed', async (t) => {
  const { service, client, get } = await start(t, manifestFile({ one: SPECS.sign }));
  const call = client.open('shop/one');
  await ask(call, requestHeaders());
  const stopped = service.stop(10_000);
  const { status, text } = await get('/readyz');
  assert.equal(status, 503);
  assert.match(text, /"draining": true/);
  await sleep(700);
  assert.match(
    String((await ask(call, requestBody(soapMessage()))).requestBody?.response?.bodyMutation?.body),
    /Signature/,
  );
  assert.deepEqual(await ask(call, responseHeaders(200)), { responseHeaders: {} });
  const end = ending(call);
  call.end();
  assert.equal((await end).code, grpc.status.OK);
  await stopped;
  assert.equal((await ending(client.open('shop/one'))).code, grpc.status.UNAVAILABLE);
});
