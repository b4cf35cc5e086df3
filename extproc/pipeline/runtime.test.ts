import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aliasName } from '../../policy/alias.ts';
import { makeBundle, type Bundle, type ResolvedPolicy } from '../../policy/bundle.ts';
import { compilePolicies, SPECS } from '../../test/support/policies.ts';
import { compileBundle, type CompiledPolicy } from './compile.ts';
import { NoConfigurationError, PolicyUnknownError } from './errors.ts';
import { RuntimeStore } from './runtime.ts';
import { WorkerPool } from './worker-pool.ts';

const { bundle: both } = compilePolicies({ one: SPECS.sign, two: SPECS.login });
const { bundle: changed } = compilePolicies({ one: SPECS.verify, two: SPECS.login });

/** Tells what reaches the threads. */
class RecordingPool extends WorkerPool {
  readonly seen: string[] = [];

  constructor() {
    super({ size: 0, onLost: (error) => assert.fail(String(error)) });
  }

  override addPolicy(policy: ResolvedPolicy): void {
    this.seen.push(`add ${policy.name} ${policy.version}`);
  }

  override retirePolicy(version: string): void {
    this.seen.push(`retire ${version}`);
  }
}

function start() {
  const pool = new RecordingPool();
  const store = new RuntimeStore(pool);
  let policies: ReadonlyMap<string, CompiledPolicy> | undefined;
  return {
    pool,
    store,
    use: (bundle: Bundle) => {
      ({ policies } = compileBundle(bundle, policies));
      store.replace(bundle, policies);
    },
  };
}

const versionOf = (bundle: Bundle, name: string) => bundle.policies.find((policy) => policy.name === name)?.version;
const [one, newOne, two] = [versionOf(both, 'one'), versionOf(changed, 'one'), versionOf(both, 'two')];

test('a change of one policy compiles and hands over just that one', () => {
  const { pool, store, use } = start();
  use(both);
  assert.deepEqual(pool.seen.splice(0), [`add one ${one}`, `add two ${two}`]);
  const before = store.current?.policies.get('shop/two');
  use(changed);
  assert.deepEqual(pool.seen, [`add one ${newOne}`, `retire ${one}`]);
  assert.equal(store.current?.policies.get('shop/two'), before, 'the same object');
  assert.equal(store.current?.version, changed.version);
});

test('an exchange ends under the version it began with', () => {
  const { pool, store, use } = start();
  use(both);
  const lease = store.lease('shop/one');
  use(changed);
  assert.equal(lease.policy.version, one);
  assert.equal(store.lease('shop/one').policy.version, newOne);
  assert.ok(!pool.seen.includes(`retire ${one}`));
  lease.release();
  lease.release();
  assert.deepEqual(pool.seen.slice(-1), [`retire ${one}`]);
});

test('a version that comes back and goes again stays as long as its first exchange', () => {
  const { pool, store, use } = start();
  use(both);
  const lease = store.lease('shop/one');
  use(changed);
  use(both);
  assert.equal(store.current?.policies.get('shop/one'), lease.policy);
  use(changed);
  assert.ok(!pool.seen.includes(`retire ${one}`));
  lease.release();
  assert.equal(pool.seen.filter((event) => event === `retire ${one}`).length, 1);
});

test('policies that are gone are unknown, by name and by alias', () => {
  const { store, use } = start();
  assert.throws(() => store.lease('shop/one'), NoConfigurationError);
  assert.throws(() => store.policyOfAlias(aliasName('shop/one')), NoConfigurationError);
  use(both);
  assert.equal(store.policyOfAlias(aliasName('shop/one')), 'shop/one');
  use(makeBundle(both.policies.slice(1)));
  assert.throws(() => store.lease('shop/one'), PolicyUnknownError);
  assert.throws(() => store.policyOfAlias(aliasName('shop/one')), PolicyUnknownError);
  assert.equal(store.policyOfAlias(aliasName('shop/two')), 'shop/two');
});
