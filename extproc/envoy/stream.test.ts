import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import {
  ask,
  BUFFERED,
  connectExtProc,
  ending,
  headerMap,
  requestBody,
  requestHeaders,
  responseBody,
  responseHeaders,
  type Answer,
  type Call,
} from '../../test/support/ext-proc-client.ts';
import { compilePolicies, soapMessage, SPECS } from '../../test/support/policies.ts';
import { Admission } from '../pipeline/admission.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { MemoryReplayCache } from '../pipeline/replay-cache.ts';
import { RuntimeStore } from '../pipeline/runtime.ts';
import { WorkerPool } from '../pipeline/worker-pool.ts';
import { GrpcServer } from './grpc-server.ts';
import { extProcDefinition, type ExtProcCall } from './ext-proc-definition.ts';
import { serveExtProc, type StreamServices } from './stream.ts';
import { NO_TOKENS } from '../../test/support/no-tokens.ts';

const bundle = compilePolicies({
  ...SPECS,
  off: { ...SPECS.sign, enabled: false },
  small: { ...SPECS.sign, limits: { maxBodyBytes: 2000 } },
});

interface Bench {
  readonly services: StreamServices;
  readonly verdicts: Verdict[];
  /** Opens a stream for a policy. */
  readonly open: (policy?: string) => Call;
}

interface Settings {
  readonly configured?: boolean;
  readonly maxExchanges?: number;
  readonly maxBytes?: number;
  readonly policySources?: StreamServices['policySources'];
}

async function start(t: TestContext, settings: Settings = {}): Promise<Bench> {
  const pool = new WorkerPool({ size: 1, onLost: (error) => assert.fail(String(error)) });
  const runtimes = new RuntimeStore(pool);
  if (settings.configured !== false) runtimes.replace(bundle.bundle, bundle.policies);
  const verdicts: Verdict[] = [];
  const services: StreamServices = {
    ...NO_TOKENS,
    runtimes,
    admission: new Admission({ maxExchanges: settings.maxExchanges ?? 100, maxBytes: settings.maxBytes ?? 1e8 }),
    replay: new MemoryReplayCache(),
    policySources: settings.policySources ?? ['metadata', 'route-name'],
    now: Date.now,
    report: (verdict) => verdicts.push(verdict),
  };
  const server = new GrpcServer(64 * 1024 * 1024, () => undefined);
  server.server.addService(extProcDefinition, {
    process: (call: ExtProcCall) => serveExtProc(call, services, () => undefined),
  });
  const address = await server.listen('127.0.0.1:0');
  const client = connectExtProc(address);
  t.after(async () => {
    client.close();
    await server.drain(0);
    await pool.close();
  });
  return {
    services,
    verdicts,
    open: client.open,
  };
}

function refusalOf(answer: Answer): string {
  const { immediateResponse } = answer;
  assert.ok(immediateResponse, JSON.stringify(answer));
  return `${immediateResponse.status.code} ${immediateResponse.details}`;
}

test('a request is secured, its answer passes, and the stream ends cleanly when Envoy ends it', async (t) => {
  const { open, verdicts } = await start(t);
  const call = open('shop/sign');
  assert.deepEqual(await ask(call, requestHeaders()), { requestHeaders: {} });
  const { requestBody: answer } = await ask(call, requestBody(soapMessage()));
  const body = answer?.response?.bodyMutation?.body;
  assert.match(String(body), /<ds:Signature /);
  assert.deepEqual(
    answer?.response?.headerMutation?.setHeaders?.map(({ header }) => [header.key, header.rawValue.toString()]),
    [['content-length', String(body?.length)]],
  );
  assert.deepEqual(await ask(call, { requestTrailers: {} }), { requestTrailers: {} });
  assert.deepEqual(await ask(call, responseHeaders(200)), { responseHeaders: {} });
  assert.deepEqual(await ask(call, responseBody(Buffer.from('<any/>'))), { responseBody: {} });
  assert.deepEqual(await ask(call, { responseTrailers: {} }), { responseTrailers: {} });
  const end = ending(call);
  call.end();
  assert.equal((await end).code, grpc.status.OK);
  assert.deepEqual(
    verdicts.map(({ phase, outcome, correlationId }) => [phase, outcome, correlationId]),
    [
      ['request', 'forwarded', 'req-1'],
      ['response', 'passed', 'req-1'],
    ],
  );
});

test('large bodies, by a thread', async (t) => {
  const { open, services } = await start(t);
  const call = open('shop/sign');
  await ask(call, requestHeaders());
  const content = Buffer.concat([Buffer.from('<a>'), Buffer.alloc(3_000_000, 'x'), Buffer.from('</a>')]);
  const { requestBody: answer } = await ask(call, requestBody(soapMessage(content.toString())));
  const body = answer?.response?.bodyMutation?.body;
  assert.ok(body !== undefined && body.includes(content));
  assert.equal(services.admission.bytes, 0);
  call.cancel();
});

test('a stream never ends cleanly without the verdicts', async (t) => {
  const { open } = await start(t);
  const steps: ((call: Call) => Promise<unknown>)[] = [
    () => Promise.resolve(),
    (call) => ask(call, requestHeaders()),
    (call) => ask(call, requestBody(soapMessage())),
    (call) => ask(call, responseHeaders(200)),
  ];
  for (let count = 0; count < steps.length - 1; count++) {
    const call = open('shop/sign');
    for (const step of steps.slice(0, count + 1)) await step(call);
    const end = ending(call);
    call.end();
    assert.equal((await end).code, grpc.status.ABORTED, `${count} steps`);
  }
  const call = open('shop/sign');
  for (const step of steps) await step(call);
  const end = ending(call);
  call.end();
  assert.equal((await end).code, grpc.status.OK);
});

test('bytes that are no message end the stream with an error', async (t) => {
  const { open } = await start(t);
  const call = open('shop/sign');
  const end = ending(call);
  call.write({});
  assert.equal((await end).code, grpc.status.UNKNOWN);
});

const refusals: [string, string | undefined, Settings, object, string][] = [
  ['no policy named', undefined, {}, requestHeaders(), '500 waxseal_err_policy_not_named'],
  ['an unknown policy', 'shop/unknown', {}, requestHeaders(), '500 waxseal_err_policy_unknown'],
  ['two policies', 'shop/sign, shop/verify', {}, requestHeaders(), '500 waxseal_err_policy_unknown'],
  ['no configuration', 'shop/sign', { configured: false }, requestHeaders(), '503 waxseal_err_no_configuration'],
  ['too many exchanges', 'shop/sign', { maxExchanges: 0 }, requestHeaders(), '503 waxseal_err_overload'],
  ['too many bytes', 'shop/sign', { maxBytes: 10 }, requestHeaders(), '503 waxseal_err_overload'],
  [
    'headers that are too large',
    'shop/sign',
    {},
    requestHeaders({}, { a: 'x'.repeat(300_000) }),
    '413 waxseal_err_http_body_too_large',
  ],
  [
    'no protocol_config',
    'shop/sign',
    {},
    requestHeaders({ protocolConfig: undefined }),
    '500 waxseal_err_processing_mode',
  ],
  [
    'no request bodies',
    'shop/sign',
    {},
    requestHeaders({ protocolConfig: { responseBodyMode: 'BUFFERED' } }),
    '500 waxseal_err_processing_mode',
  ],
  [
    'partial request bodies',
    'shop/sign',
    {},
    requestHeaders({ protocolConfig: { ...BUFFERED, requestBodyMode: 'BUFFERED_PARTIAL' } }),
    '500 waxseal_err_processing_mode',
  ],
  [
    'streamed responses',
    'shop/verifyResponse',
    {},
    requestHeaders({ protocolConfig: { ...BUFFERED, responseBodyMode: 'STREAMED' } }),
    '500 waxseal_err_processing_mode',
  ],
  [
    'observability mode',
    'shop/sign',
    {},
    requestHeaders({ observabilityMode: true }),
    '500 waxseal_err_processing_mode',
  ],
  ['a body first', 'shop/sign', {}, requestBody(soapMessage()), '500 waxseal_err_processing_mode'],
  [
    'a header of a client’s',
    undefined,
    {},
    requestHeaders({}, { 'x-wss-policy': 'shop/off' }),
    '500 waxseal_err_policy_not_named',
  ],
];
for (const [what, policy, settings, message, expected] of refusals) {
  test(`refused: ${what}`, async (t) => {
    const { open, verdicts } = await start(t, settings);
    const call = open(policy);
    assert.equal(refusalOf(await ask(call, message)), expected);
    assert.equal(verdicts.length, 1);
    assert.match(verdicts[0]?.policy ?? '', /^(shop\/(sign|verifyResponse))?$/);
    call.cancel();
  });
}

test('modes of phases in which the policy does nothing do not matter', async (t) => {
  const { open } = await start(t);
  const none = { protocolConfig: { requestBodyMode: 'BUFFERED', responseBodyMode: 'NONE' } };
  assert.deepEqual(await ask(open('shop/sign'), requestHeaders(none)), { requestHeaders: {} });
  assert.deepEqual(await ask(open('shop/off'), requestHeaders({ protocolConfig: undefined })), { requestHeaders: {} });
});

test('the policy by route name or by authority, where that is asked for', async (t) => {
  const attributes = {
    'envoy.filters.http.ext_proc': { fields: { 'xds.route_name': { stringValue: 'shop/off' } } },
  };
  const { open } = await start(t);
  assert.deepEqual(await ask(open(), requestHeaders({ attributes })), { requestHeaders: {} });
  assert.match(refusalOf(await ask(open('shop/nope'), requestHeaders({ attributes }))), /unknown/);
  const strict = await start(t, { policySources: ['metadata'] });
  assert.match(refusalOf(await ask(strict.open(), requestHeaders({ attributes }))), /not_named/);
});

test('requests without a body: refused where there is something to do', async (t) => {
  const { open } = await start(t);
  const get = requestHeaders({
    requestHeaders: { headers: headerMap({ ':method': 'GET', ':path': '/' }), endOfStream: true },
  });
  assert.equal(refusalOf(await ask(open('shop/sign'), get)), '400 waxseal_err_http_body_missing');
  assert.deepEqual(await ask(open('shop/verifyResponse'), get), { requestHeaders: {} });
});

test('a body over the limit is not even collected', async (t) => {
  const { open, services } = await start(t);
  const call = open('shop/small');
  await ask(call, requestHeaders());
  assert.equal(refusalOf(await ask(call, requestBody(Buffer.alloc(1_000_000)))), '413 waxseal_err_http_body_too_large');
  assert.equal(services.admission.bytes, 0);
  const within = open('shop/small');
  await ask(within, requestHeaders());
  assert.equal(
    refusalOf(await ask(within, requestBody(soapMessage('x'.repeat(2000))))),
    '413 waxseal_err_http_body_too_large',
  );
});

test('a body that nobody looks at may have any size', async (t) => {
  const { open, services } = await start(t, { maxBytes: 10_000 });
  for (const policy of ['shop/off', 'shop/verifyResponse']) {
    const call = open(policy);
    assert.deepEqual(await ask(call, requestHeaders()), { requestHeaders: {} });
    assert.deepEqual(await ask(call, requestBody(Buffer.alloc(5_000_000))), { requestBody: {} });
    assert.equal(services.admission.bytes, 0);
    call.cancel();
  }
  const response = open('shop/off');
  await ask(response, requestHeaders());
  await ask(response, responseHeaders(200));
  assert.deepEqual(await ask(response, responseBody(Buffer.alloc(5_000_000))), { responseBody: {} });
});

test('an answer that Envoy makes itself, before the verdict on the request', async (t) => {
  const { open } = await start(t);
  const denied = open('shop/verifyResponse');
  await ask(denied, requestHeaders());
  assert.deepEqual(await ask(denied, responseHeaders(401)), { responseHeaders: {} });
  const tooLarge = open('shop/sign');
  await ask(tooLarge, requestHeaders());
  assert.equal(refusalOf(await ask(tooLarge, responseHeaders(413))), '413 waxseal_err_http_body_too_large');
});

test('what is admitted is given back, however the stream ends', async (t) => {
  const { open, services } = await start(t, { maxExchanges: 1 });
  for (let round = 0; round < 3; round++) {
    const call = open('shop/sign');
    assert.deepEqual(await ask(call, requestHeaders()), { requestHeaders: {} });
    assert.match(refusalOf(await ask(open('shop/sign'), requestHeaders())), /overload/);
    const end = ending(call);
    call.cancel();
    await end;
    while (services.admission.exchanges > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(services.admission.bytes, 0);
  }
});

test('an exchange keeps the policies that it began with', async (t) => {
  const { open, services } = await start(t);
  const call = open('shop/sign');
  await ask(call, requestHeaders());
  const next = compilePolicies({ other: SPECS.login });
  services.runtimes.replace(next.bundle, next.policies);
  const { requestBody: answer } = await ask(call, requestBody(soapMessage()));
  assert.match(String(answer?.response?.bodyMutation?.body), /<ds:Signature /);
  assert.match(refusalOf(await ask(open('shop/sign'), requestHeaders())), /policy_unknown/);
  const signed = open('shop/other');
  await ask(signed, requestHeaders());
  assert.match(
    String((await ask(signed, requestBody(soapMessage()))).requestBody?.response?.bodyMutation?.body),
    /UsernameToken/,
  );
});
