import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { compilePolicies, pki, soapMessage, SOAP12_NAMESPACE, SPECS } from '../../test/support/policies.ts';
import type { MessageMeta } from './conditions.ts';
import { Exchange } from './exchange.ts';
import type { Verdict } from './verdict.ts';
import type { Outcome } from './outcome.ts';
import { MemoryReplayCache } from './replay-cache.ts';
import { inlineRunner } from './runner.ts';
import { NO_TOKENS } from '../../test/support/no-tokens.ts';

const fault = (content: string) => soapMessage(`<s:Fault>${content}</s:Fault>`);
const { verify } = SPECS.verify.request;
const responseVerify = SPECS.verifyResponse.response;

const { policies } = compilePolicies(
  {
    ...SPECS,
    off: { ...SPECS.verify, enabled: false },
    partner: { ...SPECS.verify, when: { all: [{ source: 'Header', name: 'x-partner', operator: 'Exists' }] } },
    operation: {
      ...SPECS.verify,
      when: { all: [{ source: 'Operation', operator: 'Equals', values: ['{urn:shop}Order'] }] },
    },
    near: { ...SPECS.verify, when: { all: [{ source: 'SourceIP', operator: 'InCIDR', values: ['10.0.0.0/8'] }] } },
    guarded: {
      ...{ ...SPECS.verify, unmatched: 'Refuse', limits: { maxBodyBytes: 20_000 } },
      when: { all: [{ source: 'Header', name: 'x-partner', operator: 'Exists' }] },
    },
    guardedOperation: {
      ...{ ...SPECS.verify, unmatched: 'Refuse' },
      when: { all: [{ source: 'Operation', operator: 'Equals', values: ['urn:other'] }] },
    },
    guard: { unmatched: 'Refuse' },
    guardOff: { unmatched: 'Refuse', enabled: false },
    guardAudit: { unmatched: 'Refuse', mode: 'Audit' },
    guardResponses: { unmatched: 'Refuse', response: responseVerify },
    audit: { ...SPECS.verify, mode: 'Audit' },
    auditSign: { ...SPECS.sign, mode: 'Audit' },
    small: { ...SPECS.sign, limits: { maxBodyBytes: 2000 } },
    shallow: { ...SPECS.sign, limits: { maxDepth: 5 } },
    faults: {
      ...SPECS.verify,
      faults: { statusCode: 500, errorCode: 'WSS-ACME-01', message: 'Call the help desk' },
    },
    json: { ...SPECS.verify, faults: { format: 'JSON' } },
    broken: { request: { secure: { signature: { keyRef: { name: 'absent' } } } } },
    faultPass: { response: responseVerify, faults: { unsignedBackendFaults: 'Pass' } },
    faultRefuse: { response: responseVerify, faults: { unsignedBackendFaults: 'Refuse' } },
    faultReplace: { response: responseVerify, faults: { unsignedBackendFaults: 'Replace' } },
    mutual: {
      request: { secure: SPECS.sign.request.secure },
      response: { verify: { ...responseVerify.verify, signatureConfirmation: 'Required' } },
    },
    confirming: {
      request: { verify },
      response: { secure: { timestamp: { ttl: '5m' }, signature: { keyRef: { name: 'gateway' }, confirm: true } } },
    },
    addressed: {
      request: {
        addressing: { version: '1.0', action: 'Default', to: 'Default', messageId: 'Default', mustUnderstand: false },
        secure: { timestamp: { ttl: '5m' } },
      },
    },
  },
  ['shop/broken'],
);

function meta(headers: Record<string, string | string[]> = {}, changes: Partial<MessageMeta> = {}): MessageMeta {
  const all: Record<string, string | string[]> = { 'content-type': 'text/xml; charset=utf-8', ...headers };
  return {
    method: 'POST',
    path: '/orders',
    host: 'shop.example',
    headers: new Map(Object.entries(all).map(([name, value]) => [name, [value].flat()])),
    ...changes,
  };
}

interface Bench {
  readonly exchange: Exchange;
  readonly verdicts: Verdict[];
}

const replay = new MemoryReplayCache();

function begin(policy: string, request = meta(), cache = replay): Bench {
  const compiled = policies.get(`shop/${policy}`);
  assert.ok(compiled, policy);
  const verdicts: Verdict[] = [];
  const exchange = new Exchange(compiled, request, 'id-1', {
    ...NO_TOKENS,
    runner: inlineRunner,
    replay: cache,
    report: (verdict) => verdicts.push(verdict),
    now: () => Date.now(),
  });
  return { exchange, verdicts };
}

const here = () => false;

async function request(policy: string, body: Buffer | undefined, request = meta()): Promise<Outcome> {
  return begin(policy, request).exchange.request(body, here);
}

/** A message that `shop/sign` (or another policy) has secured. */
async function secured(policy = 'sign', body = soapMessage()): Promise<Buffer> {
  const outcome = await request(policy, body);
  assert.equal(outcome.kind, 'forward');
  return Buffer.from((outcome as { bytes: Uint8Array }).bytes);
}

function summary(outcome: Outcome): string {
  return outcome.kind === 'refuse' ? `${outcome.status} ${outcome.code}` : outcome.kind;
}

test('a signed message is verified, and goes on with its new length and its identity', async () => {
  const body = await secured();
  const outcome = await request('verify', body, meta({ 'x-wss-subject': 'CN=forged', 'content-md5': 'x' }));
  assert.equal(outcome.kind, 'forward');
  assert.ok(outcome.kind === 'forward' && outcome.bytes !== undefined);
  assert.match(Buffer.from(outcome.bytes).toString(), /<s:Body [^>]*wsu:Id="[^"]*"><o:Order xmlns:o="urn:shop">1</);
  assert.doesNotMatch(Buffer.from(outcome.bytes).toString(), /wsse:Security/);
  assert.deepEqual(outcome.set, [
    { name: 'content-length', value: String(outcome.bytes.length) },
    { name: 'x-wss-subject', value: pki.signer.certificate.subject },
  ]);
  assert.deepEqual(outcome.remove, ['content-md5', 'x-wss-subject']);
});

const refusals: [string, string, Buffer | undefined, MessageMeta, string][] = [
  ['not XML', 'sign', Buffer.from('hello'), meta(), '400 ERR_XML_NOT_WELL_FORMED'],
  ['not SOAP', 'sign', Buffer.from('<a/>'), meta(), '400 ERR_SOAP_NOT_AN_ENVELOPE'],
  ['truncated', 'sign', soapMessage().subarray(0, -3), meta(), '400 ERR_XML_NOT_WELL_FORMED'],
  ['two Bodies', 'sign', soapMessage('</s:Body><s:Body>'), meta(), '400 ERR_SOAP_BODY_DUPLICATED'],
  ['another envelope namespace', 'sign', soapMessage('', 'urn:x'), meta(), '400 ERR_SOAP_UNKNOWN_VERSION'],
  [
    'a document type',
    'sign',
    Buffer.concat([Buffer.from('<!DOCTYPE a>'), soapMessage()]),
    meta(),
    '400 ERR_XML_DOCTYPE',
  ],
  ['JSON', 'sign', Buffer.from('{}'), meta({ 'content-type': 'application/json' }), '400 ERR_HTTP_CONTENT_TYPE'],
  [
    'an unknown charset',
    'sign',
    soapMessage(),
    meta({ 'content-type': 'text/xml; charset=utf-16' }),
    '400 ERR_HTTP_CHARSET',
  ],
  ['SOAP 1.2 as SOAP 1.1', 'sign', soapMessage('', SOAP12_NAMESPACE), meta(), '400 ERR_HTTP_SOAP_VERSION'],
  [
    'SOAP 1.1 as SOAP 1.2',
    'sign',
    soapMessage(),
    meta({ 'content-type': 'application/soap+xml' }),
    '400 ERR_HTTP_SOAP_VERSION',
  ],
  [
    'MTOM',
    'sign',
    soapMessage(),
    meta({ 'content-type': 'multipart/related; type="application/xop+xml"' }),
    '400 ERR_MIME_MEDIA_TYPE',
  ],
  ['an unknown coding', 'sign', soapMessage(), meta({ 'content-encoding': 'zstd' }), '400 ERR_HTTP_CONTENT_ENCODING'],
  ['no gzip', 'sign', soapMessage(), meta({ 'content-encoding': 'gzip' }), '400 ERR_HTTP_CONTENT_ENCODING'],
  ['no body', 'sign', undefined, meta({}, { method: 'GET' }), '400 ERR_HTTP_BODY_MISSING'],
  ['an empty body', 'sign', Buffer.alloc(0), meta(), '400 ERR_HTTP_BODY_MISSING'],
  ['over the limit', 'small', soapMessage('x'.repeat(2000)), meta(), '413 ERR_HTTP_BODY_TOO_LARGE'],
  [
    'a gzip bomb',
    'small',
    zlib.gzipSync(soapMessage('x'.repeat(2000))),
    meta({ 'content-encoding': 'gzip' }),
    '413 ERR_HTTP_BODY_TOO_LARGE',
  ],
  ['too deep', 'shallow', soapMessage('<a><b><c><d/></c></b></a>'), meta(), '400 ERR_XML_LIMIT'],
  ['unsigned', 'verify', soapMessage(), meta(), '403 ERR_WSS_SECURITY_HEADER_MISSING'],
  ['a broken policy', 'broken', soapMessage(), meta(), '500 ERR_POLICY_BROKEN'],
  ['a broken policy, no body', 'broken', undefined, meta(), '500 ERR_POLICY_BROKEN'],
  ['unreadable where the operation decides', 'operation', Buffer.from('<a'), meta(), '400 ERR_XML_NOT_WELL_FORMED'],
  [
    'multipart where the operation decides',
    'operation',
    Buffer.from('--'),
    meta({ 'content-type': 'multipart/related' }),
    '400 ERR_MIME_MEDIA_TYPE',
  ],
];
for (const [what, policy, body, headers, expected] of refusals) {
  test(`refused: ${what}`, async () => {
    const { exchange, verdicts } = begin(policy, headers);
    const outcome = await exchange.request(body, here);
    assert.equal(summary(outcome), expected);
    assert.ok(outcome.kind === 'refuse');
    const text = outcome.body.toString();
    assert.match(text, /<w:CorrelationId>id-1</);
    assert.ok(!text.includes(outcome.reason) && !text.includes(outcome.code), text);
    assert.deepEqual(
      outcome.headers.find(({ name }) => name === 'x-waxseal-correlation-id'),
      { name: 'x-waxseal-correlation-id', value: 'id-1' },
    );
    assert.equal(verdicts.length, 1);
    assert.equal(verdicts[0]?.failure?.code, expected.slice(4));
  });
}

test('untouched: disabled, conditions that do not hold, phases with nothing to do', async () => {
  assert.equal(summary(await request('off', Buffer.from('anything'))), 'pass');
  assert.equal(summary(await request('partner', Buffer.from('anything'))), 'pass');
  assert.equal(
    summary(await request('partner', soapMessage(), meta({ 'x-partner': 'a' }))),
    '403 ERR_WSS_SECURITY_HEADER_MISSING',
  );
  assert.equal(summary(await request('operation', soapMessage('<Other/>'))), 'pass');
  assert.equal(summary(await request('operation', soapMessage())), '403 ERR_WSS_SECURITY_HEADER_MISSING');
  assert.equal(summary(await request('operation', undefined, meta({}, { method: 'GET' }))), 'pass');
  assert.equal(summary(await request('verifyResponse', undefined, meta({}, { method: 'GET' }))), 'pass');
  assert.equal(
    summary(await request('verifyResponse', Buffer.from('x'), meta({ 'content-type': 'multipart/related' }))),
    'pass',
  );
});

test('an identity header that the client invented does not pass where the policy does not apply', async () => {
  const outcome = await request('partner', soapMessage(), meta({ 'x-wss-subject': 'CN=forged' }));
  assert.deepEqual(outcome, { kind: 'forward', remove: ['x-wss-subject'], set: [] });
  const plain = await request('operation', soapMessage('<Other/>'), meta({ 'x-wss-subject': 'CN=forged' }));
  assert.deepEqual(plain, { kind: 'forward', remove: ['x-wss-subject'], set: [] });
});

test('what came again, was altered or is too old is refused', async () => {
  const body = await secured();
  assert.equal(summary(await request('verify', body)), 'forward');
  assert.equal(summary(await request('verify', body)), '403 ERR_WSS_REPLAYED');
  const altered = Buffer.from((await secured()).toString().replace('>1<', '>2<'));
  assert.equal(summary(await request('verify', altered)), '403 ERR_WSS_DIGEST_MISMATCH');
});

test('compressed bodies are decoded, and go on decoded', async () => {
  for (const [coding, compress] of [
    ['gzip', zlib.gzipSync],
    ['deflate', zlib.deflateSync],
    ['br', zlib.brotliCompressSync],
  ] as const) {
    const outcome = await request('sign', compress(soapMessage()), meta({ 'content-encoding': coding }));
    assert.ok(outcome.kind === 'forward' && outcome.bytes !== undefined, coding);
    assert.match(Buffer.from(outcome.bytes).toString(), /<ds:Signature /);
    assert.deepEqual(outcome.remove, ['content-encoding']);
    assert.deepEqual(outcome.set, [{ name: 'content-length', value: String(outcome.bytes.length) }]);
  }
});

test('a fault in the words of the policy, in the version of the message', async () => {
  const outcome = await request('faults', soapMessage());
  assert.ok(outcome.kind === 'refuse');
  assert.equal(outcome.status, 500);
  assert.match(outcome.body.toString(), /Call the help desk.*WSS-ACME-01/);
  const json = await request('json', soapMessage());
  assert.ok(json.kind === 'refuse');
  assert.deepEqual(json.headers[0], { name: 'content-type', value: 'application/json' });
  assert.equal((JSON.parse(json.body.toString()) as { error: { correlationId: string } }).error.correlationId, 'id-1');
  const soap12 = await request(
    'verify',
    soapMessage('', SOAP12_NAMESPACE),
    meta({ 'content-type': 'application/soap+xml' }),
  );
  assert.ok(soap12.kind === 'refuse');
  assert.deepEqual(soap12.headers[0], { name: 'content-type', value: 'application/soap+xml; charset=utf-8' });
  assert.match(soap12.body.toString(), /soap-envelope.*s:Sender/);
});

test('Audit reports what would have happened and lets everything pass but invented identities', async () => {
  const refused = begin('audit');
  assert.deepEqual(await refused.exchange.request(soapMessage(), here), { kind: 'pass' });
  assert.equal(refused.verdicts[0]?.outcome, 'would_refuse');
  assert.equal(refused.verdicts[0]?.failure?.code, 'ERR_WSS_SECURITY_HEADER_MISSING');
  const forged = begin('audit', meta({ 'x-wss-subject': 'CN=somebody' }));
  assert.deepEqual(await forged.exchange.request(soapMessage(), here), {
    kind: 'forward',
    remove: ['x-wss-subject'],
    set: [],
  });
  const forwarded = begin('auditSign');
  assert.deepEqual(await forwarded.exchange.request(soapMessage(), here), { kind: 'pass' });
  assert.equal(forwarded.verdicts[0]?.outcome, 'would_forward');
});

const responseMeta = (status: number, headers: Record<string, string> = {}) => ({
  status,
  headers: meta(headers).headers,
});

test('responses: what the backend may answer, and what the client gets', async () => {
  const respond = async (
    policy: string,
    status: number,
    body: Buffer | undefined,
    headers: Record<string, string> = {},
    method = 'POST',
  ) => {
    const { exchange } = begin(policy, meta({}, { method }));
    assert.equal(summary(await exchange.request(method === 'POST' ? soapMessage() : undefined, here)), 'pass');
    return exchange.response(responseMeta(status, headers), body, here);
  };
  assert.equal(summary(await respond('verifyResponse', 200, await secured())), 'forward');
  assert.equal(summary(await respond('verifyResponse', 200, soapMessage())), '403 ERR_WSS_SECURITY_HEADER_MISSING');
  assert.equal(summary(await respond('verifyResponse', 202, undefined)), 'pass');
  assert.equal(summary(await respond('verifyResponse', 204, Buffer.alloc(0))), 'pass');
  assert.equal(summary(await respond('verifyResponse', 200, undefined)), '502 ERR_HTTP_BODY_MISSING');
  assert.equal(summary(await respond('verifyResponse', 200, undefined, {}, 'HEAD')), 'pass');
  assert.equal(
    summary(await respond('verifyResponse', 503, Buffer.from('<html>'), { 'content-type': 'text/html' })),
    '502 ERR_HTTP_CONTENT_TYPE',
  );
  assert.equal(summary(await respond('verifyResponse', 500, Buffer.from('<html/>'))), '502 ERR_SOAP_NOT_AN_ENVELOPE');

  const unsigned = fault('<faultcode>s:Server</faultcode>');
  assert.equal(summary(await respond('faultPass', 500, unsigned)), 'pass');
  assert.equal(summary(await respond('faultPass', 500, soapMessage())), '403 ERR_WSS_SECURITY_HEADER_MISSING');
  assert.equal(summary(await respond('faultRefuse', 500, unsigned)), '403 ERR_BACKEND_FAULT_UNSIGNED');
  const replaced = await respond('faultReplace', 500, unsigned);
  assert.equal(summary(replaced), '500 ERR_BACKEND_FAULT_UNSIGNED');
  assert.ok(replaced.kind === 'refuse');
  assert.match(replaced.body.toString(), /s:Server/);
  // A Fault that is not alone in the Body is none.
  const two = soapMessage('<s:Fault/><o:Order xmlns:o="urn:shop"/>');
  assert.equal(summary(await respond('faultPass', 500, two)), '403 ERR_WSS_SECURITY_HEADER_MISSING');
});

test('the response knows its request: signatures are confirmed', async () => {
  const gateway = begin('mutual');
  const sent = await gateway.exchange.request(soapMessage(), here);
  assert.ok(sent.kind === 'forward' && sent.bytes !== undefined);
  const backend = begin('confirming');
  assert.equal((await backend.exchange.request(Buffer.from(sent.bytes), here)).kind, 'forward');
  const answer = await backend.exchange.response(responseMeta(200), soapMessage('<Answer/>'), here);
  assert.ok(answer.kind === 'forward' && answer.bytes !== undefined);
  const bytes = Buffer.from(answer.bytes);
  assert.match(bytes.toString(), /SignatureConfirmation/);
  assert.equal(summary(await gateway.exchange.response(responseMeta(200), bytes, here)), 'forward');
  const other = begin('mutual');
  await other.exchange.request(soapMessage(), here);
  assert.equal(
    summary(await other.exchange.response(responseMeta(200), bytes, here)),
    '403 ERR_WSS_SIGNATURE_CONFIRMATION',
  );
});

test('addressing headers take action and address from the request', async () => {
  const outcome = await request(
    'addressed',
    soapMessage(),
    meta({ soapaction: '"urn:shop:order"', ':scheme': 'https' }),
  );
  assert.ok(outcome.kind === 'forward' && outcome.bytes !== undefined);
  const text = Buffer.from(outcome.bytes).toString();
  assert.match(text, /<wsa:Action[^>]*>urn:shop:order</);
  assert.match(text, /<wsa:To[^>]*>https:\/\/shop\.example\/orders</);
  assert.match(text, /<wsa:MessageID[^>]*>urn:uuid:[0-9a-f-]{36}</);
});

test('a cache that cannot remember is a reason to refuse, not to let pass', async () => {
  const full = new MemoryReplayCache({ maxEntries: 0 });
  const { exchange } = begin('verify', meta(), full);
  assert.equal(summary(await exchange.request(await secured(), here)), '503 ERR_REPLAY_CACHE_UNAVAILABLE');
});

test('a condition on an address that Envoy does not tell refuses', async () => {
  assert.equal(summary(await request('near', soapMessage())), '500 ERR_SOURCE_ADDRESS_UNKNOWN');
  assert.equal(
    summary(await begin('near', meta()).exchange.request(undefined, here)),
    '500 ERR_SOURCE_ADDRESS_UNKNOWN',
  );
  assert.equal(summary(await request('near', soapMessage(), meta({}, { sourceIp: '192.168.0.1' }))), 'pass');
});

test('unmatched: Refuse: SOAP that the policy does not process is refused, anything else passes', async () => {
  const soap = soapMessage();
  const json = meta({ 'content-type': 'application/json' });
  for (const policy of ['guarded', 'guard']) {
    const { exchange } = begin(policy, json);
    assert.equal(exchange.needsBody('request'), true, 'its body tells');
    assert.equal(exchange.maxBodyBytes, Infinity, 'what is only looked at may have any size');
    assert.equal(summary(await exchange.request(soap, here)), '403 ERR_SOAP_UNMATCHED', policy);
    assert.equal(summary(await request(policy, Buffer.from('{}'), json)), 'pass', policy);
    assert.equal(summary(await request(policy, undefined)), 'pass', policy);
    assert.equal(exchange.needsBody('response'), false);
  }
  const partner = meta({ 'x-partner': 'acme' });
  assert.equal(begin('guarded', partner).exchange.maxBodyBytes, 20_000);
  assert.equal(summary(await request('guarded', soap, partner)), '403 ERR_WSS_SECURITY_HEADER_MISSING');
  assert.equal(summary(await request('guarded', await secured(), partner)), 'forward');
  assert.equal(summary(await request('guardedOperation', soap)), '403 ERR_SOAP_UNMATCHED');
  assert.equal(summary(await request('guardResponses', soap)), 'pass', 'its answer is processed');
});

test('unmatched: Refuse has no effect on a policy that is not enabled, and is told of in Audit mode', async () => {
  const off = begin('guardOff');
  assert.equal(off.exchange.needsBody('request'), false);
  assert.equal(summary(await off.exchange.request(soapMessage(), here)), 'pass');
  const { exchange, verdicts } = begin('guardAudit');
  assert.equal(summary(await exchange.request(soapMessage(), here)), 'pass');
  assert.deepEqual([verdicts[0]?.outcome, verdicts[0]?.failure?.code], ['would_refuse', 'ERR_SOAP_UNMATCHED']);
});

test('unmatched: Refuse: identity headers that a client invented are removed from what passes', async () => {
  const forged = meta({ 'content-type': 'application/json', 'x-wss-subject': 'CN=forged' });
  assert.deepEqual(await request('guarded', Buffer.from('{}'), forged), {
    ...{ kind: 'forward', remove: ['x-wss-subject'], set: [] },
  });
});
