import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { AssertionSubjectError } from '../pipeline/errors.ts';
import { connectionFacts } from './http-meta.ts';
import { jwtClaims } from './jwt-claims.ts';
import { decodeProcessingRequest } from './messages.ts';
import { ProtobufError } from './protobuf.ts';

const definitions = loadSync('envoy/service/ext_proc/v3/external_processor.proto', {
  includeDirs: [path.join(import.meta.dirname, '../../proto')],
});
const service = definitions['envoy.service.ext_proc.v3.ExternalProcessor'] as unknown as {
  Process: MethodDefinition<object, object>;
};

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

function valueOf(json: Json): object {
  if (json === null) return { nullValue: 0 };
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  if (Array.isArray(json)) return { listValue: { values: (json as readonly Json[]).map(valueOf) } };
  return { structValue: structOf(json as { readonly [key: string]: Json }) };
}

function structOf(json: { readonly [key: string]: Json }): { fields: object } {
  return { fields: Object.fromEntries(Object.entries(json).map(([key, value]) => [key, valueOf(value)])) };
}

/** A message of Envoy's with this metadata, by namespace. */
function message(
  namespaces: Record<string, { readonly [key: string]: Json }>,
  attributes: Record<string, string> = {},
) {
  const filterMetadata = Object.fromEntries(Object.entries(namespaces).map(([name, json]) => [name, structOf(json)]));
  return decodeProcessingRequest(
    service.Process.requestSerialize({
      requestHeaders: {},
      metadataContext: { filterMetadata },
      attributes: { 'envoy.filters.http.ext_proc': structOf(attributes) },
    }),
  );
}

function claims(tokens: { readonly [key: string]: Json }, ...names: string[]): Record<string, readonly string[]> {
  const { metadata } = message({ other: { p: { sub: 'somebody else' } }, 'envoy.filters.http.jwt_authn': tokens });
  return Object.fromEntries(jwtClaims(metadata ?? Buffer.alloc(0), names));
}

const TOKEN = {
  sub: 'alice',
  age: 42,
  admin: true,
  nothing: null,
  roles: ['clerk', 7, false, null, ['deep'], { a: 1 }],
  realm_access: { roles: ['a', 'b'], 'x.y': 'dotted' },
  'https://example/claim': 'by address',
  empty: [],
};

test('claims of every kind, and those within others', () => {
  const names = [...Object.keys(TOKEN), 'realm_access.roles', 'realm_access.x.y', 'sub.more', 'missing', ''];
  assert.deepEqual(claims({ provider: TOKEN }, ...names), {
    sub: ['alice'],
    age: ['42'],
    admin: ['true'],
    nothing: [],
    roles: ['clerk', '7', 'false'],
    realm_access: [],
    'https://example/claim': ['by address'],
    empty: [],
    'realm_access.roles': ['a', 'b'],
  });
});

test('a claim with dots in its name comes before one within others', () => {
  assert.deepEqual(claims({ p: { 'a.b': 'whole', a: { b: 'within' } } }, 'a.b'), { 'a.b': ['whole'] });
});

test('of several tokens, only one may have the claim', () => {
  const tokens = { one: { sub: 'alice', role: 'clerk' }, two: { sub: 'bob' } };
  assert.deepEqual(claims(tokens, 'role'), { role: ['clerk'] });
  assert.throws(() => claims(tokens, 'sub'), AssertionSubjectError);
});

test('more values than anybody has are refused', () => {
  const many = Array.from({ length: 257 }, (_, at) => `role-${at}`);
  assert.equal(claims({ p: { roles: many.slice(1) } }, 'roles').roles.length, 256);
  assert.throws(() => claims({ p: { roles: many } }, 'roles'), AssertionSubjectError);
});

test('nothing of it, when Envoy sends nothing, or of another filter', () => {
  assert.deepEqual(connectionFacts(message({}), { certificate: true, claims: ['sub'] }), { claims: new Map() });
  const other = message({ 'envoy.filters.http.lua': { p: { sub: 'mallory' } } });
  assert.equal(connectionFacts(other, { certificate: false, claims: ['sub'] }).claims?.size, 0);
});

test('the certificate that the client showed Envoy', () => {
  const facts = connectionFacts(
    message(
      {},
      {
        'connection.sha256_peer_certificate_digest': 'ab12',
        'connection.subject_peer_certificate': 'CN=alice',
        'connection.uri_san_peer_certificate': 'spiffe://x/alice',
        'connection.dns_san_peer_certificate': '',
      },
    ),
    { certificate: true, claims: [] },
  );
  const expected = { sha256: 'ab12', subject: 'CN=alice', uri: 'spiffe://x/alice', dns: undefined };
  assert.deepEqual(facts, { certificate: expected });
});

test('any bytes are metadata or a ProtobufError', () => {
  const { metadata = Buffer.alloc(0) } = message({ 'envoy.filters.http.jwt_authn': { provider: TOKEN } });
  const mutated = fc
    .array(fc.tuple(fc.nat(metadata.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map((edits) => {
      const bytes = Buffer.from(metadata);
      for (const [at, byte] of edits) bytes[at] = byte;
      return bytes;
    });
  const any = fc.oneof(
    mutated,
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(any, (bytes) => {
      try {
        jwtClaims(bytes, ['sub', 'roles', 'realm_access.roles']);
      } catch (error) {
        assert.ok(error instanceof ProtobufError || error instanceof AssertionSubjectError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
