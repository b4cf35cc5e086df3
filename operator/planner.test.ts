import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Inventory } from '../policy/attach/types.ts';
import type { Material } from '../policy/bundle.ts';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import { Planner, type ClusterSources } from './planner.ts';

const OPTIONS = {
  systemNamespace: 'waxseal-system',
  service: { name: 'waxseal-extproc', port: 9002, selector: { app: 'extproc' } },
  messageTimeout: '10s',
};
const LOGIN: Material = { kind: 'Secret', name: 'login', data: { username: 'dQ==', password: 'cA==' } };
const NOW = Date.parse('2026-03-01T12:00:00Z');

/** A policy that needs the Secret `login`, in its own namespace or in `vault`. */
function policy(generation: number, from?: 'vault', uid = 'u1', passwordType = 'Digest'): KubernetesObject {
  const secretRef = { name: 'login', ...(from && { namespace: from }) };
  return {
    apiVersion: 'waxseal.dev/v1alpha1',
    kind: 'WSSecurityPolicy',
    metadata: { name: 'orders', namespace: 'shop', uid, generation },
    spec: { request: { secure: { usernameToken: { credentials: { secretRef }, passwordType } } } },
  };
}

function inventory(...policies: KubernetesObject[]): Inventory {
  return {
    policies,
    tokenServices: [],
    ...{ gatewayClasses: [], gateways: [], httpRoutes: [], services: [] },
    ...{ extensionPolicies: [], trafficPolicies: [], envoyFilters: [] },
  };
}

function sources(material: Material | undefined, { granted = true, settled = true } = {}): ClusterSources {
  return { material: () => material, granted: () => granted, settled: () => settled, forbidden: () => undefined };
}

const published = (planner: Planner, object: KubernetesObject, from: ClusterSources) =>
  planner.plan(inventory(object), from, NOW).published.get('shop/orders');

test('what breaks a policy leaves its last good version published', () => {
  const planner = new Planner(OPTIONS, 'here');
  const good = published(planner, policy(1), sources(LOGIN));
  assert.equal(good?.broken, undefined);
  assert.equal(published(planner, policy(2, undefined, 'u1', 'Nonsense'), sources(LOGIN)), good);
  assert.equal(published(planner, policy(3), sources(undefined)), good, 'its Secret is gone');
  const unusable = { ...LOGIN, data: { username: 'dQ==' } };
  assert.equal(published(planner, policy(3), sources(unusable)), good, 'its Secret lacks the password');
  assert.equal(published(planner, policy(3), sources(LOGIN))?.generation, 3);
});

test('a policy that never worked, or is another one of the same name, has nothing to stay with', () => {
  const planner = new Planner(OPTIONS, 'here');
  assert.match(published(planner, policy(1), sources(undefined))?.broken ?? '', /no Secret shop\/login/);
  assert.equal(published(planner, policy(1), sources(LOGIN))?.broken, undefined);
  assert.match(published(planner, policy(1, undefined, 'u2'), sources(undefined))?.broken ?? '', /no Secret/);
});

test('a grant that is taken back takes the last good version with it', () => {
  const planner = new Planner(OPTIONS, 'here');
  assert.equal(published(planner, policy(1, 'vault'), sources(LOGIN))?.broken, undefined);
  const after = published(planner, policy(1, 'vault'), sources(LOGIN, { granted: false }));
  assert.equal(after?.revoked, true);
  assert.ok(after.broken);
  assert.doesNotMatch(JSON.stringify(after), /cA==/);
});

test('what has not changed is not translated again', () => {
  const planner = new Planner(OPTIONS, 'here');
  const [from, object] = [sources(LOGIN), policy(1)];
  const first = planner.plan(inventory(object), from, NOW).policies.get('shop/orders')?.current;
  const touched = { ...object, metadata: { ...object.metadata, resourceVersion: '9' } };
  assert.equal(planner.plan(inventory(touched), from, NOW).policies.get('shop/orders')?.current, first);
  const renewed = planner.plan(inventory(touched), sources({ ...LOGIN }), NOW).policies.get('shop/orders')?.current;
  assert.notEqual(renewed, first);
  assert.deepEqual(planner.references(inventory(object), from), [{ kind: 'Secret', namespace: 'shop', name: 'login' }]);
});

test('a policy is not settled before its references have been looked for', () => {
  const planner = new Planner(OPTIONS, 'here');
  const { policies } = planner.plan(inventory(policy(1)), sources(undefined, { settled: false }), NOW);
  assert.equal(policies.get('shop/orders')?.settled, false);
});

test('what may not be read is told apart from what is not there', () => {
  const planner = new Planner(OPTIONS, 'here');
  const from = { ...sources(undefined), forbidden: () => new Error('no right to get secrets in shop') };
  const [first] = planner.plan(inventory(policy(1)), from, NOW).policies.get('shop/orders')?.problems ?? [];
  assert.match(first?.message ?? '', /may not read.*no right to get secrets in shop/);
});
