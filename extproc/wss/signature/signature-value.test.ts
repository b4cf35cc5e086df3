import assert from 'node:assert/strict';
import { createPublicKey, createSecretKey, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { testKey } from '../../../test/support/test-keys.ts';
import { KeyNotAcceptedError } from '../errors.ts';
import { checkSigningKey, signatureValue, type Signer } from './signature-value.ts';

const data = Buffer.from('canonical');
const here: Signer = (hash, input, key) => sign(hash, input, key);
const pool: Signer = (hash, input, key) => Promise.resolve(sign(hash, input, key));

test('ECDSA values are r and s side by side, also when one of them is short', async () => {
  for (const [kind, algorithm, hash, bytes] of [
    ['ec256', 'ECDSA-SHA256', 'sha256', 64],
    ['ec384', 'ECDSA-SHA384', 'sha384', 96],
    ['ec521', 'ECDSA-SHA512', 'sha512', 132],
  ] as const) {
    const key = testKey(kind, 'signature-value');
    let short = false;
    // One in 128 values has a leading zero byte in r or s; with P-521 nearly every one.
    for (let i = 0; i < 2 || !short; i++) {
      const value = await signatureValue(algorithm, key, data, i % 2 === 0 ? here : pool);
      assert.equal(value.length, bytes);
      short ||= value[0] === 0 || value[bytes / 2] === 0;
      assert.ok(verify(hash, data, { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' }, value));
    }
  }
});

test('a key signs with the algorithms of its kind only', () => {
  const keys = {
    rsa: testKey('rsa2048', 'signer'),
    ec: testKey('ec256', 'signature-value'),
    ed25519: testKey('ed25519', 'signature-value'),
    secret: createSecretKey(Buffer.alloc(32)),
  };
  const algorithms = { rsa: 'RSA-PSS-SHA256', ec: 'ECDSA-SHA256', ed25519: 'Ed25519', secret: 'HMAC-SHA256' } as const;
  for (const [kind, key] of Object.entries(keys)) {
    for (const [wanted, algorithm] of Object.entries(algorithms)) {
      if (kind === wanted) checkSigningKey(algorithm, key);
      else assert.throws(() => checkSigningKey(algorithm, key), KeyNotAcceptedError, `${kind} ${algorithm}`);
    }
  }
  assert.throws(() => checkSigningKey('ECDSA-SHA256', testKey('secp256k1', 'signature-value')), KeyNotAcceptedError);
});
