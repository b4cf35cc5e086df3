import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CacheKey } from './cache-keys.ts';
import { open, seal, SEAL_BYTES } from './sealed-box.ts';

const newKey = (): CacheKey => ({ id: randomBytes(8), sealing: createSecretKey(randomBytes(32)) });
const key = newKey();
const holding = (...keys: CacheKey[]) => ({ find: (id: Buffer) => keys.find((candidate) => candidate.id.equals(id)) });

test('what is sealed opens with its key, at its place', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (plain, place) => {
      const sealed = seal(key, place, plain);
      assert.equal(sealed.length, plain.length + SEAL_BYTES);
      assert.deepEqual(open(holding(newKey(), key), place, sealed), Buffer.from(plain));
      assert.equal(open(holding(newKey()), place, sealed), undefined);
      assert.equal(open(holding(key), `${place}x`, sealed), undefined);
    }),
  );
});

test('no two seals of one value are alike', () => {
  assert.notDeepEqual(seal(key, 'place', Buffer.from('a')), seal(key, 'place', Buffer.from('a')));
});

test('every changed bit and every cut is noticed', () => {
  const sealed = seal(key, 'place', Buffer.from('token'));
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(open(holding(key), 'place', changed), undefined, `bit ${bit}`);
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(open(holding(key), 'place', sealed.subarray(0, length)), undefined, `${length} bytes`);
  }
  assert.equal(open(holding(key), 'place', Buffer.concat([sealed, Buffer.of(0)])), undefined);
});

test('a key under the identifier of another does not open', () => {
  const sealed = seal(key, 'place', Buffer.from('token'));
  assert.equal(open(holding({ ...newKey(), id: key.id }), 'place', sealed), undefined);
});

test('any bytes are taken or are nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const known = Buffer.concat([Buffer.of(1), key.id, bytes]);
      assert.equal(open(holding(key), 'place', Buffer.from(bytes)), undefined);
      assert.equal(open(holding(key), 'place', known), undefined);
    }),
  );
});
