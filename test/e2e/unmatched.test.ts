/** A policy with `unmatched: Refuse`: SOAP that it does not process goes no further, and everything else goes on as it came. */

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { KEYS, SIGNED_ONLY, content, echo, envelope, policy, signed } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { refused } from './support/refusal.ts';

const soap = envelope(content(500));
const JSON_TYPE = { 'content-type': 'application/json' };
const CODE = 'ERR_SOAP_UNMATCHED';

describe('unmatched: Refuse', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(echo);
    const unmatched = 'Refuse';
    const when = { all: [{ source: 'Header', name: 'x-partner', operator: 'Exists' }] };
    gateway = await Gateway.start({
      files: {
        'keys.yaml': KEYS,
        'policies.yaml': [
          policy('guard', { unmatched, limits: { maxBodyBytes: 10_000 } }),
          policy('partner', { ...SIGNED_ONLY, unmatched, when }),
          policy('audit', { unmatched, mode: 'Audit' }),
          policy('off', { unmatched, enabled: false }),
        ],
      },
      policies: ['guard', 'partner', 'audit', 'off'],
      backendPort: recorder.port,
    });
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
  });

  const refuse = async (name: string, body: string | Buffer, headers?: Record<string, string>) => {
    const call = () => send(gateway.url(name), body, headers && { headers });
    await refused(gateway, recorder, call, { status: 403, code: CODE });
  };
  const pass = async (name: string, body: string | Buffer, headers?: Record<string, string>) => {
    recorder.reset();
    const answer = await send(gateway.url(name), body, headers && { headers });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(recorder.last.body, Buffer.from(body), 'as it came');
  };

  test('SOAP is refused', () => refuse('guard', soap));
  test('SOAP under a false content type is refused', () => refuse('guard', soap, JSON_TYPE));
  test('SOAP in gzip is refused', () => refuse('guard', gzipSync(soap), { ...JSON_TYPE, 'content-encoding': 'gzip' }));
  test('SOAP in UTF-16 is refused', () => refuse('guard', Buffer.from(`\ufeff${soap}`, 'utf16le'), JSON_TYPE));
  test('SOAP in chunks is refused', async () => {
    const call = () => send(gateway.url('guard'), soap, { headers: JSON_TYPE, chunk: 7 });
    await refused(gateway, recorder, call, { status: 403, code: CODE });
  });
  test('JSON passes', () => pass('guard', '{"a":1}', JSON_TYPE));
  test('an upload passes that is larger than messages may be', () =>
    pass('guard', Buffer.alloc(5_000_000, 0xd8), { 'content-type': 'image/jpeg' }));
  test('what has no body passes', async () => {
    assert.equal((await send(gateway.url('guard'), '', { method: 'GET', headers: {} })).status, 200);
  });
  test('with conditions: what they concern is processed, other SOAP is refused', async () => {
    await refuse('partner', await signed(content(500)));
    await pass('partner', '{}', JSON_TYPE);
    const headers = { 'content-type': 'text/xml', 'x-partner': 'acme' };
    assert.equal((await send(gateway.url('partner'), await signed(content(500)), { headers })).status, 200);
    const unsigned = () => send(gateway.url('partner'), soap, { headers });
    await refused(gateway, recorder, unsigned, { status: 403, code: 'ERR_WSS_SECURITY_HEADER_MISSING' });
  });
  test('Audit: SOAP passes and is counted', async () => {
    await pass('audit', soap);
    assert.equal(await gateway.metric('waxseal_messages_total', { outcome: 'would_refuse', reason: CODE }), 1);
  });
  test('enabled: false passes everything', () => pass('off', soap));
});
