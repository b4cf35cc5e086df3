/** How bodies arrive: content codings, chunks, none at all, and those that no policy concerns. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { SOAP11 } from '../../examples/demo/names.ts';
import { openMessage } from '../../examples/demo/open-message.ts';
import { KEYS, OUTGOING, backend, ca, content, envelope, policy, securedEcho } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { SOAP11_HEADERS, send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { assertFault } from './support/refusal.ts';

const codings = [
  ['gzip', 'gzip', gzipSync],
  ['deflate', 'deflate', deflateSync],
  ['deflate without its header', 'deflate', deflateRawSync],
  ['br', 'br', brotliCompressSync],
] as const;
const MULTIPART = '--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n';

describe('bodies', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(securedEcho);
    const when = { all: [{ source: 'Path', operator: 'StartsWith', values: ['/conditional/orders'] }] };
    gateway = await Gateway.start({
      files: {
        'keys.yaml': KEYS,
        'policies.yaml': [
          policy('outgoing', OUTGOING),
          policy('conditional', { ...OUTGOING, when }),
          policy('off', { ...OUTGOING, enabled: false }),
          ...['Refuse', 'Pass', 'Replace'].map((unsignedBackendFaults) =>
            policy(`faults-${unsignedBackendFaults.toLowerCase()}`, { ...OUTGOING, faults: { unsignedBackendFaults } }),
          ),
        ],
      },
      policies: ['outgoing', 'conditional', 'off', 'faults-refuse', 'faults-pass', 'faults-replace'],
      backendPort: recorder.port,
    });
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
  });

  for (const [name, coding, compress] of codings) {
    test(`${name}: a compressed request is secured, the backend gets it uncompressed`, async () => {
      recorder.reset(securedEcho);
      const headers = { ...SOAP11_HEADERS, 'content-encoding': coding };
      const answer = await send(gateway.url('outgoing'), compress(envelope(content(3000))), { headers });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(recorder.last.headers['content-encoding'], undefined);
      const opened = await openMessage(recorder.last.body.toString(), { ca, key: backend.key });
      assert.equal(opened.content, content(3000));
    });

    test(`${name}: a compressed answer is verified, the client gets it uncompressed`, async () => {
      recorder.reset(async (received) => {
        const reply = await securedEcho(received);
        return { headers: { ...reply.headers, 'content-encoding': coding }, body: compress(reply.body) };
      });
      const answer = await send(gateway.url('outgoing'), envelope(content(3000)));
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers['content-encoding'], undefined);
      assert.ok(answer.text.includes(content(3000)));
    });
  }

  for (const [size, chunk] of [
    [3_000, 100],
    [2_000_000, 50_000],
  ] as const) {
    test(`a chunked upload of ${size} bytes`, async () => {
      recorder.reset(securedEcho);
      const answer = await send(gateway.url('outgoing'), envelope(content(size)), { chunk });
      assert.equal(answer.status, 200, answer.text.slice(0, 500));
      assert.ok(answer.text.includes(content(size)));
    });
  }

  test('a GET carries no message: it is not forwarded under a policy that secures requests', async () => {
    recorder.reset(() => ({ body: '<wsdl/>' }));
    const answer = await send(gateway.url('outgoing', '?wsdl'), '', { method: 'GET', headers: {} });
    assert.equal(answer.status, 400, answer.text);
    assert.equal(recorder.count, 0);
  });

  for (const [name, path] of [
    ['off', ''],
    ['conditional', 'other'],
  ] as const) {
    test(`what policy ${name} does not concern passes byte for byte`, async () => {
      for (const [body, type] of [
        [envelope(content(1000)), 'text/xml; charset=utf-8'],
        [MULTIPART, 'multipart/related; boundary=b'],
        ['{"a": 1}', 'application/json'],
      ] as const) {
        recorder.reset(({ body: same }) => ({ body: same }));
        const answer = await send(gateway.url(name, path), body, { headers: { 'content-type': type } });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(recorder.last.body.toString(), body);
        assert.equal(recorder.last.headers['content-type'], type);
        assert.equal(answer.text, body);
      }
    });
  }

  test('what the conditions name is secured', async () => {
    recorder.reset(securedEcho);
    const answer = await send(gateway.url('conditional', 'orders/1'), envelope(content(1000)));
    assert.equal(answer.status, 200, answer.text);
    assert.ok(recorder.last.body.includes('EncryptedData'));
  });

  for (const [treatment, status, shown] of [
    ['Refuse', 403, false],
    ['Pass', 500, true],
    ['Replace', 500, false],
  ] as const) {
    test(`a backend's Fault without security, unsignedBackendFaults: ${treatment}`, async () => {
      const fault = envelope(
        '<soap:Fault><faultcode>soap:Server</faultcode><faultstring>own</faultstring></soap:Fault>',
      );
      recorder.reset(() => ({ status: 500, body: fault }));
      const answer = await send(gateway.url(`faults-${treatment.toLowerCase()}`), envelope(content(1000)));
      assert.equal(answer.status, status, answer.text);
      assertFault(answer, SOAP11);
      assert.equal(answer.text === fault, shown, answer.text);
      assert.equal(answer.text.includes('own'), shown);
    });
  }
});
