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

/** A token service that needs the Secret `login`, in its own namespace or in `vault`. */
function tokenService(generation: number, from?: 'vault', namespace = 'shop'): KubernetesObject {
  const secretRef = { name: 'login', ...(from && { namespace: from }) };
  return {
    apiVersion: 'waxseal.dev/v1alpha1',
    kind: 'SecurityTokenService',
    metadata: { name: 'sts', namespace, uid: 's1', generation },
    spec: {
      wsTrust: { url: 'https://sts.example', authentication: { usernameToken: {} } },
      credentials: [{ name: 'a', default: true, secretRef }],
    },
  };
}

const tokenPolicy = (namespace = 'shop'): KubernetesObject => ({
  ...policy(1),
  spec: { request: { secure: { securityToken: { serviceRef: { name: 'sts', namespace } } } } },
});

function planTokens(
  planner: Planner,
  service: KubernetesObject | undefined,
  from: ClusterSources,
  user = tokenPolicy(),
) {
  const all = { ...inventory(user), tokenServices: service ? [service] : [] };
  const plan = planner.plan(all, from, NOW);
  return { ...plan, published: plan.published.get('shop/orders'), service: plan.tokenServices[0] };
}

test('a policy changes with its token service, and with what that refers to', () => {
  const planner = new Planner(OPTIONS, 'here');
  const first = planTokens(planner, tokenService(1), sources(LOGIN)).published;
  assert.equal(first?.broken, undefined);
  assert.equal(planTokens(planner, tokenService(1), sources(LOGIN)).published, first, 'nothing is different');
  const other = { ...LOGIN, data: { ...LOGIN.data, password: 'cTE=' } };
  const second = planTokens(planner, tokenService(1), sources(other)).published;
  assert.notEqual(second?.version, first?.version);
  assert.match(JSON.stringify(second?.tokenServices), /cTE=/);
  assert.notEqual(planTokens(planner, tokenService(2), sources(other)).published, second);
});

test('a token service that is broken or gone leaves the last good version of its policy published', () => {
  const planner = new Planner(OPTIONS, 'here');
  const good = planTokens(planner, tokenService(1), sources(LOGIN)).published;
  assert.equal(planTokens(planner, undefined, sources(LOGIN)).published, good);
  const half = { ...LOGIN, data: { username: 'dQ==' } };
  const after = planTokens(planner, tokenService(1), sources(half));
  assert.equal(after.published, good);
  assert.match(after.policies.get('shop/orders')?.current.broken ?? '', /shop\/sts cannot be used: .*password/);
  assert.match(after.service?.problems[0]?.message ?? '', /password/);
});

test('a grant that is taken back from a token service takes the last good version of its policy with it', () => {
  const planner = new Planner(OPTIONS, 'here');
  assert.equal(planTokens(planner, tokenService(1, 'vault'), sources(LOGIN)).published?.broken, undefined);
  const after = planTokens(planner, tokenService(1, 'vault'), sources(LOGIN, { granted: false }));
  assert.equal(after.published?.revoked, true);
  assert.doesNotMatch(JSON.stringify(after.published), /cA==/);
  assert.equal(after.service?.problems[0]?.reason, 'RefNotPermitted');
});

test('a grant to a token service of another namespace is taken back in the same way', () => {
  const planner = new Planner(OPTIONS, 'here');
  const use = (granted: boolean) =>
    planTokens(planner, tokenService(1, undefined, 'vault'), sources(LOGIN, { granted }), tokenPolicy('vault'))
      .published;
  assert.equal(use(true)?.broken, undefined);
  assert.equal(use(false)?.revoked, true);
});

test('what an unused token service refers to is looked for, and its policies wait for it', () => {
  const planner = new Planner(OPTIONS, 'here');
  const all = { ...inventory(), tokenServices: [tokenService(1)] };
  assert.deepEqual(planner.references(all, sources(undefined)), [{ kind: 'Secret', namespace: 'shop', name: 'login' }]);
  const { policies, service } = planTokens(planner, tokenService(1), sources(undefined, { settled: false }));
  assert.deepEqual([policies.get('shop/orders')?.settled, service?.settled], [false, false]);
});
