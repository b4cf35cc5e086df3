/** Input that is not one SOAP message of the announced kind: 400 or 413 with a Fault, and nothing forwarded. */

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { SOAP11, SOAP12 } from '../../examples/demo/names.ts';
import { INCOMING, KEYS, OUTGOING, content, echo, envelope, policy } from './support/fixture.ts';
import { Gateway } from './support/gateway.ts';
import { SOAP11_HEADERS, SOAP12_HEADERS, send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { refused } from './support/refusal.ts';
import type { Expected } from './support/refusal.ts';

const good = envelope(content(500));
const LIMIT = 100_000;

interface Case {
  readonly name: string;
  readonly body: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly code: string;
  readonly status?: number;
  readonly soap?: Expected['soap'];
}

const xmlType = (type: string) => ({ ...SOAP11_HEADERS, 'content-type': type });
const cases: Case[] = [
  { name: 'not XML', body: 'hello', code: 'ERR_XML_NOT_WELL_FORMED' },
  { name: 'JSON in disguise', body: '{"a":1}', code: 'ERR_XML_NOT_WELL_FORMED' },
  { name: 'an empty body', body: '', code: 'ERR_HTTP_BODY_MISSING' },
  { name: 'XML but not SOAP', body: '<order/>', code: 'ERR_SOAP_NOT_AN_ENVELOPE' },
  { name: 'a truncated message', body: good.slice(0, -10), code: 'ERR_XML_NOT_WELL_FORMED' },
  {
    name: 'two Bodies',
    body: good.replace('</soap:Body>', '</soap:Body><soap:Body/>'),
    code: 'ERR_SOAP_BODY_DUPLICATED',
  },
  { name: 'no Body', body: `<s:Envelope xmlns:s="${SOAP11}"/>`, code: 'ERR_SOAP_BODY_MISSING' },
  { name: 'an unknown SOAP namespace', body: good.replaceAll(SOAP11, 'urn:soap'), code: 'ERR_SOAP_UNKNOWN_VERSION' },
  { name: 'SOAP 1.2 as SOAP 1.1', body: envelope(content(500), SOAP12), code: 'ERR_HTTP_SOAP_VERSION' },
  {
    name: 'SOAP 1.1 as SOAP 1.2',
    body: good,
    headers: SOAP12_HEADERS,
    code: 'ERR_HTTP_SOAP_VERSION',
    soap: SOAP12,
  },
  { name: 'JSON by type', body: good, headers: xmlType('application/json'), code: 'ERR_HTTP_CONTENT_TYPE' },
  { name: 'an unknown charset', body: good, headers: xmlType('text/xml; charset=klingon'), code: 'ERR_HTTP_CHARSET' },
  {
    name: 'UTF-16',
    body: Buffer.from(`\ufeff${good}`, 'utf16le'),
    headers: xmlType('text/xml'),
    code: 'ERR_XML_ENCODING',
  },
  { name: 'a document type', body: `<!DOCTYPE a [<!ENTITY b "c">]>${good}`, code: 'ERR_XML_DOCTYPE' },
  { name: 'an unbound prefix', body: envelope('<x:a/>'), code: 'ERR_XML_NOT_WELL_FORMED' },
  { name: 'two attributes of one name', body: envelope('<a b="1" b="2"/>'), code: 'ERR_XML_NOT_WELL_FORMED' },
  { name: 'an illegal character', body: envelope('<a>\u0001</a>'), code: 'ERR_XML_NOT_WELL_FORMED' },
  { name: 'bytes that are not UTF-8', body: Buffer.from(envelope('<a>\xff</a>'), 'latin1'), code: 'ERR_XML_ENCODING' },
  { name: 'too deep', body: envelope(`${'<a>'.repeat(101)}${'</a>'.repeat(101)}`), code: 'ERR_XML_LIMIT' },
  { name: 'too many elements', body: envelope('<a/>'.repeat(2000)), code: 'ERR_XML_LIMIT' },
  { name: 'too large', body: envelope(content(LIMIT)), code: 'ERR_HTTP_BODY_TOO_LARGE', status: 413 },
  {
    name: 'a small body that unpacks to too much',
    body: gzipSync(envelope(`<a>${'x'.repeat(5_000_000)}</a>`)),
    headers: { ...SOAP11_HEADERS, 'content-encoding': 'gzip' },
    code: 'ERR_HTTP_BODY_TOO_LARGE',
    status: 413,
  },
  {
    name: 'gzip that is not gzip',
    body: good,
    headers: { ...SOAP11_HEADERS, 'content-encoding': 'gzip' },
    code: 'ERR_HTTP_CONTENT_ENCODING',
  },
  {
    name: 'an unknown content coding',
    body: good,
    headers: { ...SOAP11_HEADERS, 'content-encoding': 'zstd' },
    code: 'ERR_HTTP_CONTENT_ENCODING',
  },
  {
    name: 'a multipart message that breaks off',
    body: '--b\r\n\r\n--b--',
    headers: xmlType('multipart/related; boundary=b; type="application/xop+xml"'),
    code: 'ERR_MIME_MULTIPART',
  },
];

describe('input that is not a SOAP message', () => {
  let recorder: Recorder;
  let gateway: Gateway;
  before(async () => {
    recorder = await Recorder.start(echo);
    const limits = { maxBodyBytes: LIMIT, maxElements: 1000 };
    gateway = await Gateway.start({
      files: {
        'keys.yaml': KEYS,
        'policies.yaml': [policy('outgoing', { ...OUTGOING, limits }), policy('incoming', { ...INCOMING, limits })],
      },
      policies: ['outgoing', 'incoming'],
      backendPort: recorder.port,
    });
  });
  after(async () => {
    await gateway.stop();
    recorder.close();
  });

  for (const name of ['outgoing', 'incoming']) {
    for (const { name: what, body, headers = SOAP11_HEADERS, code, status = 400, soap = SOAP11 } of cases) {
      test(`${what} is refused by policy ${name}`, async () => {
        await refused(gateway, recorder, () => send(gateway.url(name), body, { headers }), { status, code, soap });
      });
    }
  }

  test('a body over what Envoy buffers is refused by Envoy', async () => {
    recorder.reset();
    const answer = await send(gateway.url('outgoing'), envelope(`<a>${'x'.repeat(15_000_000)}</a>`));
    assert.equal(answer.status, 413);
    assert.equal(recorder.count, 0);
  });
});
