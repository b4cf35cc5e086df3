import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyWraps, type KeyWrap } from '../algorithms.ts';
import { keyWrapFor, unwrapKey, wrapKey } from './aes-key-wrap.ts';

const KEK = '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F';
const DATA = '00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F';
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** RFC 3394 §4.1 to §4.6: bytes of key-encryption key and of data, and the outcome. */
const vectors: [KeyWrap, number, string][] = [
  ['AES128-KW', 16, '1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5'],
  ['AES192-KW', 16, '96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D'],
  ['AES256-KW', 16, '64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7'],
  ['AES192-KW', 24, '031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2'],
  ['AES256-KW', 24, 'A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1'],
  ['AES256-KW', 32, '28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21'],
];
for (const [algorithm, bytes, expected] of vectors) {
  test(`RFC 3394: ${algorithm} of ${bytes} bytes`, () => {
    const kek = hex(KEK).subarray(0, keyWraps[algorithm].keyBytes);
    const data = hex(DATA).subarray(0, bytes);
    assert.equal(wrapKey(algorithm, kek, data).toString('hex').toUpperCase(), expected);
    assert.deepEqual(unwrapKey(algorithm, kek, hex(expected)), data);
  });
}

test('what was not wrapped with the key is not unwrapped, whatever it is', () => {
  const kek = randomBytes(32);
  const wrapped = wrapKey('AES256-KW', kek, randomBytes(32));
  assert.equal(unwrapKey('AES256-KW', randomBytes(32), wrapped), undefined);
  fc.assert(
    fc.property(fc.nat(wrapped.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const other = Buffer.from(wrapped);
      other[at] ^= change;
      assert.equal(unwrapKey('AES256-KW', kek, other), undefined);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (octets) => {
      assert.equal(unwrapKey('AES256-KW', kek, Buffer.from(octets)), undefined);
    }),
  );
});

test('the length of the key-encryption key says which algorithm it is for', () => {
  assert.deepEqual([16, 24, 32, 17, undefined].map(keyWrapFor), [
    'AES128-KW',
    'AES192-KW',
    'AES256-KW',
    undefined,
    undefined,
  ]);
});
