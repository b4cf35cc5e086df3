import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HeldToken } from '../sts/held-token.ts';
import { decodeHeldToken, encodeHeldToken } from './held-token-codec.ts';

const text = fc.string({ unit: 'grapheme' });
const time = fc.integer({ min: 0, max: 8.64e15 });
const held: fc.Arbitrary<HeldToken> = fc.record(
  {
    token: fc.record(
      {
        bytes: fc.uint8Array({ minLength: 1 }),
        secret: fc.uint8Array(),
        reference: fc.record(
          {
            form: fc.constantFrom('KeyIdentifier' as const, 'Direct' as const),
            value: text,
            valueType: text,
            tokenType: text,
          },
          { requiredKeys: ['form', 'value'], noNullPrototype: true },
        ),
      },
      { requiredKeys: ['bytes'], noNullPrototype: true },
    ),
    obtained: time,
    expires: time,
  },
  { noNullPrototype: true },
);

test('a token comes back as it was', () => {
  fc.assert(fc.property(held, (token) => assert.deepEqual(decodeHeldToken(encodeHeldToken(token)), token)));
});

test('what comes back does not share memory with what it was read from', () => {
  const encoded = encodeHeldToken({ token: { bytes: Buffer.from('<t/>') }, obtained: 1, expires: 2 });
  const bytes = decodeHeldToken(encoded)?.token.bytes;
  assert.equal(bytes?.buffer.byteLength, 4);
});

test('a cut, an addition, another format and unknown flags are no token', () => {
  fc.assert(
    fc.property(held, (token) => {
      const encoded = encodeHeldToken(token);
      for (let length = 0; length < encoded.length; length++) {
        assert.equal(decodeHeldToken(encoded.subarray(0, length)), undefined);
      }
      assert.equal(decodeHeldToken(Buffer.concat([encoded, Buffer.of(0)])), undefined);
      for (const [offset, value] of [
        [0, 2],
        [17, encoded[17] | 32],
      ]) {
        const changed = Buffer.from(encoded);
        changed[offset] = value;
        assert.equal(decodeHeldToken(changed), undefined);
      }
    }),
    { numRuns: 30 },
  );
});

test('times that are no numbers, parts of a reference without one, and broken text are no token', () => {
  const base: HeldToken = { token: { bytes: Buffer.from('<t/>') }, obtained: 1, expires: 2 };
  assert.equal(decodeHeldToken(encodeHeldToken({ ...base, obtained: NaN })), undefined);
  assert.equal(decodeHeldToken(encodeHeldToken({ ...base, expires: Infinity })), undefined);
  assert.equal(decodeHeldToken(encodeHeldToken({ ...base, token: { bytes: new Uint8Array() } })), undefined);
  const withReference = encodeHeldToken({
    ...base,
    token: { ...base.token, reference: { form: 'Direct', value: 'id' } },
  });
  const bare = encodeHeldToken(base);
  bare[17] = 4;
  assert.equal(decodeHeldToken(bare), undefined);
  withReference[withReference.length - 1] = 0xff;
  assert.equal(decodeHeldToken(withReference), undefined);
});

test('any bytes are a token or nothing, and quickly', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.integer({ min: 0, max: 31 }), fc.uint8Array({ maxLength: 100 })).map(([flags, rest]) => {
      const head = Buffer.alloc(18);
      head[0] = 1;
      head[17] = flags;
      return Buffer.concat([head, rest]);
    }),
  );
  fc.assert(
    fc.property(bytes, (encoded) => {
      const decoded = decodeHeldToken(Buffer.from(encoded));
      if (decoded !== undefined) assert.deepEqual(encodeHeldToken(decoded), Buffer.from(encoded));
    }),
    { numRuns: 2000 },
  );
});
