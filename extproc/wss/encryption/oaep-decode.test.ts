import assert from 'node:assert/strict';
import { constants, createHash, createPublicKey, privateDecrypt, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { testKey } from '../../../test/support/test-keys.ts';
import { decodeOaep } from './oaep-decode.ts';
import { oaepEncrypt, xorMask } from './oaep.ts';

const privateKey = testKey('rsa2048', 'oaep');
const publicKey = createPublicKey(privateKey);
const EMPTY = Buffer.alloc(0);
const raw = (octets: Buffer): Buffer => privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, octets);
const hashes = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

test('decodes what was encoded with every pair of hashes', () => {
  for (const hash of hashes) {
    for (const mgf of hashes) {
      for (const length of [0, 1, 16, 32]) {
        const message = randomBytes(length);
        assert.deepEqual(decodeOaep(raw(oaepEncrypt(publicKey, message, hash, mgf)), hash, mgf, EMPTY), message);
      }
    }
  }
});

test('refuses other hashes, another label, and every single changed byte', () => {
  const encoded = raw(oaepEncrypt(publicKey, Buffer.alloc(32, 1), 'sha256', 'sha1'));
  assert.equal(decodeOaep(Buffer.from(encoded), 'sha256', 'sha256', EMPTY), undefined);
  assert.equal(decodeOaep(Buffer.from(encoded), 'sha1', 'sha1', EMPTY), undefined);
  assert.equal(decodeOaep(Buffer.from(encoded), 'sha256', 'sha1', Buffer.from('label')), undefined);
  for (let at = 0; at < encoded.length; at++) {
    const changed = Buffer.from(encoded);
    changed[at] ^= 1 << (at % 8);
    const decoded = decodeOaep(changed, 'sha256', 'sha1', EMPTY);
    // A change of the masked message itself changes only the message: OAEP gives no integrity for it by itself.
    assert.ok(decoded === undefined || !decoded.equals(Buffer.alloc(32, 1)), `byte ${at}`);
  }
});

/** An encoding whose data block is given, so that each way to be wrong can be built. */
function encodeBlock(first: number, block: Buffer): Buffer {
  const encoded = Buffer.concat([Buffer.of(first), Buffer.alloc(32, 9), block]);
  const seed = encoded.subarray(1, 33);
  xorMask(encoded.subarray(33), seed, 'sha1');
  xorMask(seed, encoded.subarray(33), 'sha1');
  return encoded;
}

test('refuses each way in which the padding can be wrong', () => {
  const label = createHash('sha256').update('').digest();
  const block = (...rest: number[]): Buffer => Buffer.concat([label, Buffer.from(rest), Buffer.alloc(40, 7)]);
  assert.deepEqual(decodeOaep(encodeBlock(0, block(0, 0, 1)), 'sha256', 'sha1', EMPTY), Buffer.alloc(40, 7));
  assert.deepEqual(decodeOaep(encodeBlock(0, block(1)), 'sha256', 'sha1', EMPTY), Buffer.alloc(40, 7));
  assert.deepEqual(
    decodeOaep(encodeBlock(0, block(1, 1, 0)), 'sha256', 'sha1', EMPTY)?.subarray(0, 2),
    Buffer.of(1, 0),
  );
  assert.equal(decodeOaep(encodeBlock(1, block(0, 0, 1)), 'sha256', 'sha1', EMPTY), undefined);
  assert.equal(decodeOaep(encodeBlock(0, block(0, 2, 1)), 'sha256', 'sha1', EMPTY), undefined);
  assert.equal(
    decodeOaep(encodeBlock(0, Buffer.concat([label, Buffer.alloc(40)])), 'sha256', 'sha1', EMPTY),
    undefined,
  );
  const otherLabel = block(0, 0, 1);
  otherLabel[31] ^= 0x80;
  assert.equal(decodeOaep(encodeBlock(0, otherLabel), 'sha256', 'sha1', EMPTY), undefined);
  assert.equal(decodeOaep(Buffer.alloc(65), 'sha256', 'sha1', EMPTY), undefined);
});
