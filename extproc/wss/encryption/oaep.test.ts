import assert from 'node:assert/strict';
import { constants, createPublicKey, privateDecrypt, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { testKey } from '../../../test/support/test-keys.ts';
import { KeyNotAcceptedError } from '../errors.ts';
import { oaepEncrypt, xorMask } from './oaep.ts';

const privateKey = testKey('rsa2048', 'recipient');
const publicKey = createPublicKey(privateKey);

test('the mask is MGF1: it has the value of another implementation, and twice gives back', () => {
  // Computed with Python's hashlib after RFC 8017 §B.2.1.
  const mask = Buffer.alloc(30);
  xorMask(mask, Buffer.from([0]), 'sha1');
  assert.equal(mask.toString('hex'), 'a10909c2cdcaf5adb7e6b092a4faba558b62bd96ae7fca60943c2ef2f6cf');
  xorMask(mask, Buffer.from([0]), 'sha1');
  assert.deepEqual(mask, Buffer.alloc(30));
});

test('a key that is too short for the data is refused', () => {
  const short = createPublicKey(testKey('rsa1024', 'short'));
  assert.throws(() => oaepEncrypt(short, randomBytes(32), 'sha512', 'sha1'), KeyNotAcceptedError);
  assert.throws(() => oaepEncrypt(short, randomBytes(32), 'sha512', 'sha512'), KeyNotAcceptedError);
  assert.equal(oaepEncrypt(short, randomBytes(32), 'sha256', 'sha1').length, 128);
});

test('the same data is never encrypted the same way', () => {
  const data = randomBytes(16);
  for (const mgf of ['sha1', 'sha256']) {
    const [a, b] = [oaepEncrypt(publicKey, data, 'sha256', mgf), oaepEncrypt(publicKey, data, 'sha256', mgf)];
    assert.notDeepEqual(a, b);
  }
  const native = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  assert.deepEqual(privateDecrypt(native, oaepEncrypt(publicKey, data, 'sha256', 'sha256')), data);
});
