import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileBundle } from '../extproc/pipeline/compile.ts';
import { makeBundle } from './bundle.ts';
import { parseManifests, type Manifest } from './load.ts';
import { resolve } from './resolve.ts';

const read = (name: string): readonly Manifest[] =>
  parseManifests(readFileSync(new URL(name, import.meta.url), 'utf8')).manifests;
const manifests = read('testdata/every-field.in.yaml');
const [policy, ...objects] = manifests;

/** Every path below a value. */
function pathsOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (value === null || typeof value !== 'object') return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

function replaced(manifest: Manifest, path: readonly (string | number)[], value: unknown): Manifest {
  const object = structuredClone(manifest.object) as Record<string | number, unknown>;
  let at = object;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  at[path.at(-1) ?? ''] = value;
  return { ...manifest, object };
}

const anyValue = fc.oneof(
  fc.constantFrom(null, {}, [], '', 0, -1, 1.5, true, '0s', '99999h', 'Default', '__proto__', '(', [null], [{}]),
  fc.jsonValue({ maxDepth: 3 }),
);

test('whatever stands in a field, the policy works or is broken and says why; nothing throws', () => {
  const paths = pathsOf(policy.object.spec, ['spec']);
  fc.assert(
    fc.property(fc.constantFrom(...paths), anyValue, (path, replacement) => {
      const { bundle, problems } = resolve([replaced(policy, path, replacement), ...objects]);
      const errors = problems.filter(({ severity }) => severity === 'error');
      assert.equal(bundle.policies.length, 1);
      assert.equal(bundle.policies[0].broken === undefined, errors.length === 0);
      compileBundle(bundle);
    }),
    { numRuns: 400 },
  );
});

test('whatever stands in a field of a token service, it works or its policy is broken and says so; nothing throws', () => {
  const all = ['ws-trust', 'symmetric', 'external'].flatMap((name) =>
    read(`../crds/testdata/accepted/token-service-${name}.yaml`),
  );
  const user = { apiVersion: 'waxseal.dev/v1alpha1', kind: 'WSSecurityPolicy', namespace: 'default', name: 'user' };
  const paths = all.flatMap((service) => pathsOf(service.object.spec, ['spec']).map((path) => ({ service, path })));
  fc.assert(
    fc.property(fc.constantFrom(...paths), anyValue, ({ service, path }, replacement) => {
      const securityToken = { serviceRef: { name: service.name } };
      const spec = {
        request: { verify: { usernameToken: { usersRef: { name: 'users' } } }, secure: { securityToken } },
      };
      const changed = replaced(service, path, replacement);
      const { bundle, tokenServices, problems } = resolve([{ ...user, object: { spec } }, changed]);
      const errors = problems.filter(
        ({ severity, tokenService }) => severity === 'error' && tokenService !== undefined,
      );
      assert.equal(tokenServices.length, errors.length === 0 ? 1 : 0);
      const said = /SecurityTokenService \S+ cannot be used: ./.test(bundle.policies[0]?.broken ?? '');
      assert.equal(said, errors.length > 0);
      compileBundle(bundle);
    }),
    { numRuns: 400 },
  );
});

test('the version is that of the content, whatever the order of files and fields', () => {
  const reversed = (manifest: Manifest): Manifest => ({
    ...manifest,
    object: { ...manifest.object, spec: Object.fromEntries(Object.entries(manifest.object.spec as object).reverse()) },
  });
  const { version } = resolve(manifests).bundle;
  assert.match(version, /^[0-9a-f]{64}$/);
  assert.equal(resolve([...objects, policy]).bundle.version, version);
  assert.equal(resolve([reversed(policy), ...objects]).bundle.version, version);
  assert.notEqual(resolve([replaced(policy, ['spec', 'enabled'], false), ...objects]).bundle.version, version);
  const [login] = objects.filter(({ name }) => name === 'acme-login');
  const others = manifests.filter((manifest) => manifest !== login);
  const changed = replaced(login, ['stringData', 'password'], 'another');
  assert.notEqual(resolve([...others, changed]).bundle.version, version);
});

test('the bundle is plain JSON and holds only what policies refer to', () => {
  const { bundle } = resolve(manifests);
  assert.equal(JSON.stringify(structuredClone(bundle)), JSON.stringify(bundle));
  assert.ok(!Object.keys(bundle.policies[0].material).includes('Secret/not-referred-to'));
  assert.equal(makeBundle(bundle.policies).version, bundle.version);
});

test('resolving leaves the manifests as they were', () => {
  const before = JSON.stringify(manifests.map(({ object }) => object));
  resolve(manifests);
  assert.equal(JSON.stringify(manifests.map(({ object }) => object)), before);
});
