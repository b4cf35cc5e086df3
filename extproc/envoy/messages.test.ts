import assert from 'node:assert/strict';
import { test } from 'node:test';
import path from 'node:path';
import fc from 'fast-check';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import {
  decodeProcessingRequest,
  encodeBody,
  encodeHeaderChanges,
  encodeImmediate,
  encodeUnchanged,
  type MessageKind,
} from './messages.ts';
import { ProtobufError } from './protobuf.ts';

const definitions = loadSync('envoy/service/ext_proc/v3/external_processor.proto', {
  includeDirs: [path.join(import.meta.dirname, '../../proto')],
  bytes: String,
  enums: String,
});
const service = definitions['envoy.service.ext_proc.v3.ExternalProcessor'] as unknown as {
  Process: MethodDefinition<object, object>;
};

function encodeRequest(value: object): Buffer {
  return service.Process.requestSerialize(value);
}

interface DecodedHeader {
  header: { key: string; value?: string; rawValue: string };
  appendAction: string;
}
interface DecodedMutation {
  setHeaders?: DecodedHeader[];
  removeHeaders?: string[];
}
function decodeResponse(parts: readonly Buffer[]): Record<string, unknown> {
  return service.Process.responseDeserialize(Buffer.concat(parts)) as Record<string, unknown>;
}

const headerName = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const headerValue = fc.string({ maxLength: 300, unit: 'grapheme' });

test('reads what proto-loader writes: headers', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<'requestHeaders' | 'responseHeaders'>('requestHeaders', 'responseHeaders'),
      fc.array(fc.tuple(headerName, headerValue), { maxLength: 30 }),
      fc.boolean(),
      (kind, headers, endOfStream) => {
        const bytes = encodeRequest({
          [kind]: {
            headers: { headers: headers.map(([key, value]) => ({ key, rawValue: Buffer.from(value) })) },
            endOfStream,
          },
          attributes: {
            'envoy.filters.http.ext_proc': {
              fields: { 'xds.route_name': { stringValue: 'shop/orders' }, 'response.code': { numberValue: 200 } },
            },
            other: { fields: { 'xds.route_name': { stringValue: 'forged' } } },
          },
          protocolConfig: { requestBodyMode: 2, responseBodyMode: 4 },
        });
        const request = decodeProcessingRequest(bytes);
        assert.equal(request.kind, kind);
        assert.equal(request.endOfStream, endOfStream);
        assert.deepEqual(request.protocolConfig, { requestBodyMode: 2, responseBodyMode: 4 });
        assert.deepEqual([...(request.attributes ?? [])], [['xds.route_name', 'shop/orders']]);
        const expected = new Map<string, string[]>();
        for (const [name, value] of headers)
          expected.set(name, [...(expected.get(name) ?? []), Buffer.from(value).toString()]);
        assert.deepEqual(request.headers, expected);
      },
    ),
  );
});

test('reads what proto-loader writes: bodies, as slices of the message', () => {
  for (const kind of ['requestBody', 'responseBody'] as const) {
    for (const size of [0, 1, 127, 128, 20_000, 3_000_000]) {
      const body = Buffer.alloc(size, 'x');
      const bytes = encodeRequest({ [kind]: { body, endOfStream: true } });
      const request = decodeProcessingRequest(bytes);
      assert.equal(request.kind, kind);
      assert.equal(request.endOfStream, true);
      assert.deepEqual(request.body, body);
      if (size > 0) assert.equal(request.body?.buffer, bytes.buffer);
    }
  }
  assert.equal(decodeProcessingRequest(encodeRequest({ requestTrailers: {} })).kind, 'requestTrailers');
  assert.equal(decodeProcessingRequest(encodeRequest({ responseTrailers: {} })).kind, 'responseTrailers');
});

test('skips unknown fields and refuses what is no request, two requests, and truncated bytes', () => {
  const body = encodeRequest({ requestBody: { body: Buffer.from('abc') } });
  const unknown = Buffer.from([
    0xa0, 0x06, 0x01, 0xa5, 0x06, 1, 2, 3, 4, 0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xa2, 0x06, 0x01, 0x00,
  ]);
  assert.equal(decodeProcessingRequest(Buffer.concat([unknown, body, unknown])).body?.toString(), 'abc');
  assert.throws(() => decodeProcessingRequest(Buffer.alloc(0)), ProtobufError);
  assert.throws(() => decodeProcessingRequest(unknown), ProtobufError);
  assert.throws(() => decodeProcessingRequest(Buffer.concat([body, body])), /two requests/);
  for (let length = 1; length < body.length; length++) {
    assert.throws(() => decodeProcessingRequest(body.subarray(0, length)), ProtobufError, `${length} bytes`);
  }
  // A varint without an end, and a group.
  assert.throws(() => decodeProcessingRequest(Buffer.alloc(11, 0xff)), ProtobufError);
  assert.throws(() => decodeProcessingRequest(Buffer.from([0x13])), ProtobufError);
});

test('any bytes give a message or a ProtobufError', () => {
  const valid = encodeRequest({
    requestHeaders: { headers: { headers: [{ key: 'a', rawValue: Buffer.from('b') }] } },
    attributes: { 'envoy.filters.http.ext_proc': { fields: { x: { stringValue: 'y' } } } },
    protocolConfig: { requestBodyMode: 2 },
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => {
          const changed = Uint8Array.from(valid);
          changed[at] = byte;
          return changed;
        }),
      ),
      (bytes) => {
        try {
          decodeProcessingRequest(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof ProtobufError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('proto-loader reads what we write', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<'requestBody' | 'responseBody'>('requestBody', 'responseBody'),
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.record({ name: headerName, value: headerValue }), { maxLength: 5 }),
      fc.array(headerName, { maxLength: 5 }),
      (kind, body, set, remove) => {
        const decoded = decodeResponse(encodeBody(kind, Buffer.from(body), { set, remove }));
        const common = (
          decoded[kind] as { response: { headerMutation: DecodedMutation; bodyMutation: { body: string } } }
        ).response;
        assert.deepEqual(Object.keys(decoded), [kind]);
        assert.equal(common.bodyMutation.body, Buffer.from(body).toString('base64'));
        checkMutation(common.headerMutation, set, remove);
      },
    ),
  );
});

function checkMutation(
  mutation: DecodedMutation,
  set: readonly { name: string; value: string }[],
  remove: readonly string[],
): void {
  assert.deepEqual(
    mutation.setHeaders ?? [],
    set.map(({ name, value }) => ({
      header: { key: name, rawValue: Buffer.from(value).toString('base64') },
      appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
    })),
  );
  assert.deepEqual(mutation.removeHeaders ?? [], remove);
}

test('a large body is the answer’s last buffer, not a copy', () => {
  const body = Buffer.alloc(3_000_000, 'y');
  const parts = encodeBody('requestBody', body, { set: [{ name: 'content-length', value: '3000000' }], remove: [] });
  assert.equal(parts.at(-1), body);
  const common = (decodeResponse(parts).requestBody as { response: { bodyMutation: { body: string } } }).response;
  assert.equal(common.bodyMutation.body, body.toString('base64'));
});

test('unchanged, header changes and immediate answers', () => {
  const kinds: MessageKind[] = [
    'requestHeaders',
    'responseHeaders',
    'requestBody',
    'responseBody',
    'requestTrailers',
    'responseTrailers',
  ];
  for (const kind of kinds) assert.deepEqual(decodeResponse(encodeUnchanged(kind)), { [kind]: {} });
  const set = [{ name: 'x-a', value: 'é' }];
  const changed = decodeResponse(encodeHeaderChanges('responseHeaders', { set, remove: ['x-b'] }));
  checkMutation(
    (changed.responseHeaders as { response: { headerMutation: DecodedMutation } }).response.headerMutation,
    set,
    ['x-b'],
  );
  const immediate = decodeResponse(
    encodeImmediate({ status: 503, headers: set, body: Buffer.from('<a/>'), details: 'waxseal_overload' }),
  ).immediateResponse as { status: unknown; headers: DecodedMutation; body: string; details: string };
  assert.deepEqual(immediate.status, { code: 'ServiceUnavailable' });
  checkMutation(immediate.headers, set, []);
  assert.equal(Buffer.from(immediate.body, 'base64').toString(), '<a/>');
  assert.equal(immediate.details, 'waxseal_overload');
});
