import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { MediaTypeError } from '../mime/errors.ts';
import { contentCodings, decodeBody, likelySoapVersion, messageTypeOf } from './entity.ts';
import { BodyTooLargeError, CharsetError, ContentEncodingError, ContentTypeError, PipelineError } from './errors.ts';

const withType = (...values: string[]) => new Map([['content-type', values]]);
const withCoding = (...values: string[]) => new Map([['content-encoding', values]]);

test('content types of SOAP', () => {
  assert.deepEqual(messageTypeOf(withType('text/xml')), { soapVersion: '1.1' });
  assert.deepEqual(messageTypeOf(withType('Text/XML; charset="UTF-8"')), { soapVersion: '1.1' });
  assert.deepEqual(messageTypeOf(withType('application/xml;charset=us-ascii')), { soapVersion: '1.1' });
  assert.deepEqual(messageTypeOf(withType('application/soap+xml; charset=utf-8; action="urn:a"')), {
    soapVersion: '1.2',
  });
  for (const type of [
    'application/json',
    'text/plain',
    'text/html',
    'application/xop+xml',
    'xml',
    '',
    'text/xml, text/xml',
  ]) {
    assert.throws(() => messageTypeOf(withType(type)), ContentTypeError, type);
  }
  assert.throws(() => messageTypeOf(new Map()), ContentTypeError);
  assert.throws(() => messageTypeOf(withType('text/xml', 'text/xml')), ContentTypeError);
  for (const charset of ['utf-16', 'iso-8859-1', 'utf-7', 'windows-1252', 'x', 'utf-8; charset=utf-7']) {
    assert.throws(() => messageTypeOf(withType(`text/xml; charset=${charset}`)), CharsetError, charset);
  }
  for (const type of ['multipart/related; type="text/xml"', 'multipart/mixed; boundary=b; type="text/xml"']) {
    assert.throws(() => messageTypeOf(withType(type)), MediaTypeError, type);
  }
  const multipart = 'multipart/related; boundary=b; type="application/xop+xml"; start-info="application/soap+xml"';
  const type = messageTypeOf(withType(multipart));
  assert.equal('related' in type && type.related.boundary, 'b');
  assert.throws(() => messageTypeOf(withType(multipart, multipart)), ContentTypeError);
  assert.equal(likelySoapVersion(withType(multipart)), '1.2');
  assert.equal(likelySoapVersion(withType(' application/soap+xml; x')), '1.2');
  assert.equal(likelySoapVersion(new Map()), '1.1');
});

test('content codings', () => {
  assert.deepEqual(contentCodings(new Map()), []);
  assert.deepEqual(contentCodings(withCoding('X-GZIP')), ['gzip']);
  assert.deepEqual(contentCodings(withCoding('deflate, br')), ['deflate', 'br']);
  assert.deepEqual(contentCodings(withCoding('identity', 'br')), ['br']);
  assert.throws(() => contentCodings(withCoding('zstd')), ContentEncodingError);
  assert.throws(() => contentCodings(withCoding('gzip, gzip, gzip')), ContentEncodingError);
});

test('bodies are decoded, up to the limit', () => {
  const body = Buffer.from('<a/>'.repeat(1000));
  const encoded = {
    gzip: zlib.gzipSync(body),
    deflate: zlib.deflateSync(body),
    br: zlib.brotliCompressSync(body),
  };
  for (const coding of ['gzip', 'deflate', 'br'] as const) {
    assert.deepEqual(decodeBody(encoded[coding], [coding], body.length), body);
    assert.throws(() => decodeBody(encoded[coding], [coding], body.length - 1), BodyTooLargeError, coding);
    assert.throws(
      () => decodeBody(encoded[coding].subarray(0, -5), [coding], body.length),
      ContentEncodingError,
      coding,
    );
  }
  assert.deepEqual(decodeBody(zlib.deflateRawSync(body), ['deflate'], body.length), body);
  assert.deepEqual(decodeBody(zlib.gzipSync(encoded.br), ['br', 'gzip'], body.length), body);
  assert.equal(decodeBody(body, [], 0), body);
});

test('any bytes in any coding give a body or a refusal', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom('gzip' as const, 'deflate' as const, 'br' as const),
      (bytes, coding) => {
        try {
          decodeBody(Buffer.from(bytes), [coding], 1000);
        } catch (error) {
          assert.ok(error instanceof PipelineError, String(error));
        }
      },
    ),
  );
});
