import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Material, ResolvedTokenService } from './bundle.ts';
import { manifestOf } from './load.ts';
import type { MaterialObject, ObjectReference } from './reference-grants.ts';
import { resolvePolicy } from './resolve-policy.ts';
import type { Sources } from './sources.ts';

const object = (spec: object, metadata: object = {}): Parameters<typeof manifestOf>[0] => ({
  apiVersion: 'waxseal.dev/v1alpha1',
  kind: 'WSSecurityPolicy',
  metadata: { name: 'orders', namespace: 'shop', generation: 3, ...metadata },
  spec,
});

const signing = (namespace?: string): object => ({
  request: { secure: { signature: { keyRef: { name: 'gateway', ...(namespace !== undefined && { namespace }) } } } },
});

const material = (value = 'AAAA'): Material => ({ kind: 'Secret', name: 'gateway', data: { 'tls.key': value } });

/** Sources that remember what they were asked for. */
function sources(found: Material | null | undefined, granted = true): Sources & { asked: ObjectReference[] } {
  const asked: ObjectReference[] = [];
  return {
    asked,
    material(kind, namespace, name) {
      asked.push({ kind, namespace, name });
      return found;
    },
    granted: () => granted,
    tokenService: () => undefined,
  };
}

test('an object of a cluster needs no file', () => {
  const { policy, problems, references } = resolvePolicy(manifestOf(object(signing())), sources(material()));
  assert.deepEqual(problems, []);
  assert.deepEqual([policy.namespace, policy.name, policy.generation], ['shop', 'orders', 3]);
  assert.deepEqual(policy.material, { 'Secret/gateway': material() });
  assert.deepEqual(references, [{ kind: 'Secret', namespace: 'shop', name: 'gateway' }]);
});

test('targets are not spoken of as if there were no cluster', () => {
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'orders' }];
  const spec = { ...signing(), targetRefs, unmatched: 'Refuse' };
  assert.deepEqual(resolvePolicy(manifestOf(object(spec)), sources(material())).problems, []);
});

test('a reference that is not granted is not looked up, and is told among the references', () => {
  const from = sources(material(), false);
  const { policy, problems, references } = resolvePolicy(manifestOf(object(signing('keys'))), from);
  assert.deepEqual(from.asked, []);
  assert.deepEqual(policy.material, {});
  assert.match(policy.broken ?? '', /no ReferenceGrant in namespace keys allows it/);
  assert.deepEqual(
    problems.map(({ reason, field }) => [reason, field]),
    [['RefNotPermitted', 'spec.request.secure.signature.keyRef.namespace']],
  );
  assert.deepEqual(references, [{ kind: 'Secret', namespace: 'keys', name: 'gateway' }]);
});

test('a granted one is in the bundle under its namespace', () => {
  const { policy } = resolvePolicy(manifestOf(object(signing('keys'))), sources(material()));
  assert.equal(policy.broken, undefined);
  assert.deepEqual(Object.keys(policy.material), ['Secret/keys/gateway']);
});

test('each object is told once, also where it is missing or named with and without its namespace', () => {
  const secure = { signature: { keyRef: { name: 'gateway' } } };
  const decryption = { keyRefs: [{ name: 'gateway', namespace: 'shop' }, { name: 'former' }] };
  const spec = { request: { secure }, response: { verify: { decryption } } };
  const { references } = resolvePolicy(manifestOf(object(spec)), sources(undefined));
  assert.deepEqual(
    references.map(({ namespace, name }) => `${namespace}/${name}`),
    ['shop/gateway', 'shop/former'],
  );
});

const tokens = (namespace: string): object => ({
  request: { secure: { securityToken: { serviceRef: { name: 'sts', namespace } } } },
});

test('a token service is one of the references; what it refers to is told by its own resolution', () => {
  const service = { namespace: 'security', name: 'sts', spec: {}, material: {} } as unknown as ResolvedTokenService;
  const own: MaterialObject = { kind: 'Secret', namespace: 'security', name: 'login' };
  const from: Sources = {
    ...sources(undefined),
    tokenService: () => ({ service, problems: [], references: [own] }),
  };
  const { policy, references, tokenServices } = resolvePolicy(manifestOf(object(tokens('security'))), from);
  assert.equal(policy.tokenServices?.request, service);
  assert.deepEqual(references, []);
  assert.deepEqual(tokenServices, [{ kind: 'SecurityTokenService', namespace: 'security', name: 'sts' }]);
});

test('a token service that is not granted is not looked up', () => {
  const from: Sources = { ...sources(undefined, false), tokenService: () => assert.fail('it was looked up') };
  const { policy } = resolvePolicy(manifestOf(object(tokens('security'))), from);
  assert.match(policy.broken ?? '', /to group "waxseal.dev", kind SecurityTokenService, name sts/);
  assert.equal(policy.revoked, true);
});

test('the version changes with whatever the data plane gets, and with nothing else', () => {
  const version = (spec: object, metadata: object, value?: string): string =>
    resolvePolicy(manifestOf(object(spec, metadata)), sources(material(value))).policy.version;
  const first = version(signing(), {});
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.equal(version(signing(), { resourceVersion: '77', labels: { a: 'b' }, uid: 'u' }), first);
  assert.notEqual(version({ ...signing(), enabled: false }, {}), first);
  assert.notEqual(version(signing(), { generation: 4 }), first);
  assert.notEqual(version(signing(), { name: 'other' }), first);
  assert.notEqual(version(signing(), {}, 'BBBB'), first);
});
