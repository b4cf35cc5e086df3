import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pSha1 } from './p-sha1.ts';

const SECRET = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const SEED = Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex');
/** `openssl kdf -keylen 64 -kdfopt digest:SHA1 -kdfopt hexsecret:… -kdfopt hexseed:… TLS1-PRF`, which is P_hash then. */
const EXPECTED =
  'b5da176e61002a235a671a034166d54a203998192b875a7b06b04f67f2a45697' +
  'b02b5928a0c673ca9d2d8d00142a339b6ef7d39c3a84eed5461c55d231952d4a';

test('derives what OpenSSL derives', () => {
  assert.equal(pSha1(SECRET, SEED, 64).toString('hex'), EXPECTED);
  assert.equal(
    pSha1(Buffer.from('a'), Buffer.from('b'), 20).toString('hex'),
    '20b77d90d83e598d5b750e4c8022baba0edaf777',
  );
});

test('a shorter key is the beginning of a longer one', () => {
  const octets = fc.uint8Array({ minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(octets, octets, fc.nat(100), fc.nat(100), (secret, seed, a, b) => {
      const [short, long] = [pSha1(secret, seed, Math.min(a, b)), pSha1(secret, seed, Math.max(a, b))];
      assert.equal(long.length, Math.max(a, b));
      assert.deepEqual(long.subarray(0, short.length), short);
    }),
  );
});
