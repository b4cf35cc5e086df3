import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { agreedKey, type Agreement } from './key-agreement.ts';
import { concatKdf, deriveKey } from './key-derivation.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

test('ConcatKDF gives the key of RFC 7518 appendix C', () => {
  const secret = hex('9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4');
  const lengthOf = (text: string): Buffer => Buffer.concat([Buffer.of(0, 0, 0, text.length), Buffer.from(text)]);
  const otherInfo = Buffer.concat([lengthOf('A128GCM'), lengthOf('Alice'), lengthOf('Bob'), Buffer.of(0, 0, 0, 128)]);
  assert.equal(concatKdf('sha256', secret, otherInfo, 16).toString('base64url'), 'VqqN6vgjbSBcIijNcacQGg');
});

test('ConcatKDF goes on with the counter where one hash is too short', () => {
  const [short, long] = [32, 80].map((length) => concatKdf('sha256', hex('00'), Buffer.of(1), length));
  assert.deepEqual(long.subarray(0, 32), short);
  assert.equal(long.length, 80);
  assert.notDeepEqual(long.subarray(32, 64), short);
});

test('HKDF gives the key of RFC 5869 A.1', () => {
  const derivation = {
    ...({ function: 'HKDF', digest: 'SHA256' } as const),
    salt: hex('000102030405060708090a0b0c'),
    info: hex('f0f1f2f3f4f5f6f7f8f9'),
  };
  assert.equal(
    deriveKey(hex('0b'.repeat(22)), derivation, 42).toString('hex'),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  );
});

/** RFC 7748 §6: the public key of one, the private key of the other, and the secret they agree on. */
const agreements: [Agreement['algorithm'], other: string, own: string, secret: string][] = [
  [
    'X25519',
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  ],
  [
    'X448',
    '3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609',
    '9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b',
    '07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56fd2464c335543936521c24403085d59a449a5037514a879d',
  ],
];
for (const [algorithm, other, own, secret] of agreements) {
  test(`${algorithm} agrees on the secret of RFC 7748`, () => {
    const jwk = { kty: 'OKP', crv: algorithm, x: hex(other).toString('base64url') };
    const key = createPrivateKey({ key: { ...jwk, d: hex(own).toString('base64url') }, format: 'jwk' });
    const otherInfo = Buffer.of(0);
    const agreement: Agreement = {
      algorithm,
      derivation: { function: 'ConcatKDF', digest: 'SHA256', otherInfo },
      originator: createPublicKey({ key: jwk, format: 'jwk' }),
      recipient: [],
    };
    assert.deepEqual(agreedKey(agreement, key, 32), concatKdf('sha256', hex(secret), otherInfo, 32));
  });
}
