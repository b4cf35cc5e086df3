import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metadata } from '@grpc/grpc-js';
import { aliasName } from '../../policy/alias.ts';
import { PolicyAmbiguousError, PolicyNotNamedError, PolicyUnknownError } from '../pipeline/errors.ts';
import { policyIdentity, type PolicySource } from './policy-identity.ts';

const aliases = {
  policyOfAlias(alias: string): string {
    if (alias === aliasName('shop/orders')) return 'shop/orders';
    throw new PolicyUnknownError(alias);
  },
};

function identity(sources: PolicySource[], said: { metadata?: string; authority?: string; route?: string }): string {
  const metadata = new Metadata();
  if (said.metadata !== undefined) metadata.set('x-wss-policy', said.metadata);
  const attributes = said.route === undefined ? undefined : new Map([['xds.route_name', said.route]]);
  return policyIdentity({ metadata, authority: said.authority ?? 'waxseal:9002', attributes }, sources, aliases);
}

const orders = `${aliasName('shop/orders')}.waxseal-system`;

test('an alias Service names its policy, with a port or without', () => {
  for (const authority of [orders, `${orders}:9002`, `${orders}.svc.cluster.local:9002`])
    assert.equal(identity(['authority', 'metadata'], { authority }), 'shop/orders');
});

test('an alias that is none of ours is refused, whatever else is said', () => {
  for (const authority of ['wssp-orders.x', `${aliasName('shop/other')}.x:1`, 'wssp-'])
    assert.throws(
      () => identity(['authority', 'metadata'], { authority, metadata: 'shop/orders' }),
      PolicyUnknownError,
    );
});

test('the name of another Service names nothing', () => {
  for (const authority of ['waxseal-extproc.waxseal:9002', 'orders.shop:9002', '', '127.0.0.1:9002']) {
    assert.throws(() => identity(['authority'], { authority }), PolicyNotNamedError);
    assert.equal(identity(['authority', 'metadata'], { authority, metadata: 'shop/a' }), 'shop/a');
  }
});

test('authority and metadata must not contradict each other', () => {
  for (const sources of [
    ['authority', 'metadata'],
    ['metadata', 'authority'],
  ] as PolicySource[][]) {
    assert.throws(() => identity(sources, { authority: orders, metadata: 'shop/a' }), PolicyAmbiguousError);
    assert.equal(identity(sources, { authority: orders, metadata: 'shop/orders' }), 'shop/orders');
  }
  assert.throws(
    () => identity(['route-name', 'metadata'], { route: 'shop/b', metadata: 'shop/a' }),
    PolicyAmbiguousError,
  );
});

test('a route may be called anything where something else names the policy', () => {
  assert.equal(identity(['metadata', 'route-name'], { route: 'route-7', metadata: 'shop/a' }), 'shop/a');
  assert.equal(identity(['metadata', 'route-name'], { route: 'shop/b' }), 'shop/b');
});

test('only what is asked for is looked at', () => {
  assert.throws(() => identity(['route-name'], { authority: orders, metadata: 'shop/a' }), PolicyNotNamedError);
});
