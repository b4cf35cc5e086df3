import assert from 'node:assert/strict';
import { createPublicKey, createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { testKey, type TestKeyKind } from '../../../test/support/test-keys.ts';
import { scan } from '../../xml/scan.ts';
import { KeyNotAcceptedError } from '../errors.ts';
import { DS } from '../namespaces.ts';
import { keyReference } from './create.ts';
import { keyValue } from './key-value.ts';
import { readKeyInfo } from './read.ts';

test('a key that was written is read as the same key', () => {
  for (const kind of ['rsa2048', 'ec256', 'ec384', 'ec521', 'ed25519'] satisfies TestKeyKind[]) {
    const privateKey = testKey(kind, 'key-value');
    const text = keyValue(privateKey);
    assert.equal(keyValue(createPublicKey(privateKey)), text);
    const index = scan(Buffer.from(`<ds:KeyInfo xmlns:ds="${DS}">${text}</ds:KeyInfo>`));
    const [hint] = readKeyInfo(index, 0);
    assert.ok(hint.kind === 'keyValue' && hint.key.equals(createPublicKey(privateKey)), kind);
  }
});

test('keys that cannot be written or are secret are refused', () => {
  assert.throws(() => keyValue(testKey('secp256k1', 'key-value')), KeyNotAcceptedError);
  const secret = { key: createSecretKey(Buffer.alloc(32)), name: 'shared' };
  assert.throws(() => keyReference('KeyValue', secret, ''), KeyNotAcceptedError);
  assert.throws(() => keyReference('IssuerSerial', secret, ''), KeyNotAcceptedError);
});
