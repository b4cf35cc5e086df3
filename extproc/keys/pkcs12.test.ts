import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPki, pkcs12Bytes } from '../../test/support/pki.ts';
import { InvalidTokenError } from '../wss/errors.ts';
import { KeyFormatError } from './key-material-error.ts';
import { readPkcs12 } from './pkcs12.ts';

const pki = createPki();

test('passwords in any script, and the empty one', () => {
  for (const password of ['ä€😀 x', '']) {
    const options = { password, chain: [pki.intermediate], friendlyName: 'Grüße' };
    const store = readPkcs12(pkcs12Bytes(pki.signer, { ...options, algorithm: '3des' }), password);
    assert.ok(store.keys[0].key.equals(pki.signer.key));
    assert.deepEqual(store.certificates, [pki.signer.certificate, pki.intermediate.certificate]);
    assert.equal(store.keys[0].friendlyName, 'Grüße');
  }
});

test('damaged key stores give a key store or a typed error', () => {
  const good = readFileSync(new URL('testdata/openssl-unprotected.p12', import.meta.url));
  const change = fc.record({
    at: fc.nat(good.length - 1),
    octet: fc.nat(255),
    cut: fc.oneof(fc.constant(good.length), fc.nat(good.length)),
  });
  fc.assert(
    fc.property(change, ({ at, octet, cut }) => {
      const damaged = Buffer.from(good.subarray(0, cut));
      if (at < cut) damaged[at] = octet;
      try {
        readPkcs12(damaged, 'waxseal-test');
      } catch (error) {
        assert.ok(error instanceof KeyFormatError || error instanceof InvalidTokenError, String(error));
      }
    }),
    { numRuns: 1500 },
  );
});

test('nesting without end is refused', () => {
  const nested = Buffer.alloc(200_000, Buffer.from('3080', 'hex'));
  assert.throws(() => readPkcs12(nested, ''), KeyFormatError);
});
