import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aliasName } from './alias.ts';

test('an alias begins with the name of the policy and ends with a digest of namespace and name', () => {
  assert.match(aliasName('shop/orders'), /^wssp-orders-[0-9a-f]{16}$/);
  assert.notEqual(aliasName('shop/orders'), aliasName('bank/orders'));
  assert.notEqual(aliasName('shop/orders.v1'), aliasName('shop/orders-v1'));
});

test('any name that Kubernetes allows gives a DNS label', () => {
  const character = fc.constantFrom(...'abz019-.');
  const name = fc
    .array(character, { minLength: 1, maxLength: 253 })
    .map((all) => all.join(''))
    .filter((text) => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text));
  fc.assert(fc.property(name, (text) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(aliasName(`shop/${text}`))));
});
