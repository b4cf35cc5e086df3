import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePolicies, SPECS } from '../../test/support/policies.ts';
import { versioned, type ResolvedPolicy } from '../../policy/bundle.ts';
import type { Update } from '../../proto/bundle-service.ts';
import { DeliveredPolicies, DeliveryError } from './delivered-policies.ts';

const [sign, verify] = [SPECS.sign, SPECS.verify].map((spec) => {
  const [policy] = compilePolicies({ one: spec }).bundle.policies;
  return policy ?? assert.fail();
});
assert.ok(sign && verify);
const without = (policy: ResolvedPolicy): ResolvedPolicy => versioned({ ...policy, material: {} });
const notice = (policy: ResolvedPolicy): ResolvedPolicy => versioned({ ...policy, broken: 'gone' });

function update(policies: readonly ResolvedPolicy[], removals: readonly string[] = []): Update {
  const upserts = policies.map((policy) => ({
    ...{ id: `${policy.namespace}/${policy.name}`, version: policy.version },
    json: Buffer.from(JSON.stringify(policy)),
  }));
  return { subscription: 1, nonce: 1, upserts, removals, complete: true };
}

function start() {
  let left = 0;
  const delivered = new DeliveredPolicies(() => left++);
  return {
    delivered,
    left: () => left,
    deliver: async (...policies: ResolvedPolicy[]) => {
      await delivered.stage(update(policies));
      return delivered.apply().map(({ state, version, reason }) => ({ state, version, reason }));
    },
    remove: async (id: string) => {
      await delivered.stage(update([], [id]));
      delivered.apply();
    },
    running: () => delivered.present.policies.get('shop/one')?.version,
  };
}

test('parts take effect together', async () => {
  const { delivered } = start();
  await delivered.stage(update([sign]));
  assert.equal(delivered.present.policies.size, 0);
  await delivered.stage(update([versioned({ ...sign, name: 'two' })]));
  delivered.apply();
  assert.equal(delivered.present.policies.size, 2);
  await delivered.stage(update([], ['shop/two']));
  delivered.reset();
  assert.deepEqual(delivered.apply(), [], 'forgotten when another operator delivers');
});

test('a notice keeps what works; where nothing works, traffic is refused', async () => {
  const { deliver, running, delivered } = start();
  const broken = notice(sign);
  assert.deepEqual(await deliver(broken), [{ state: 'RUNNING', version: broken.version, reason: '' }]);
  assert.equal(delivered.present.policies.get('shop/one')?.broken, 'gone');
  await deliver(verify);
  assert.deepEqual(await deliver(broken), [{ state: 'KEPT', version: verify.version, reason: 'gone' }]);
  assert.equal(running(), verify.version);
  assert.deepEqual(delivered.inventory, [{ id: 'shop/one', version: '' }], 'to be told of it again');
  assert.deepEqual(delivered.counts, { running: 0, kept: 1, refused: 0, leaving: 0 });
  await deliver(verify);
  assert.deepEqual(delivered.inventory, [{ id: 'shop/one', version: verify.version }]);
});

test('what does not compile is refused; what worked before stays', async () => {
  const { deliver, running, delivered } = start();
  const [first] = await deliver(without(sign));
  assert.equal(first?.state, 'REFUSED');
  assert.equal(first?.version, '');
  assert.match(delivered.present.policies.get('shop/one')?.broken ?? '', /Secret/);
  await deliver(verify);
  const [second] = await deliver(without(sign));
  assert.deepEqual([second?.state, second?.version], ['REFUSED', verify.version]);
  assert.equal(running(), verify.version);
});

test('a removed policy is enforced for 30 seconds more, and one that returns stays', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { deliver, remove, running, left, delivered } = start();
  await deliver(sign);
  await remove('shop/one');
  assert.equal(running(), sign.version);
  assert.deepEqual(delivered.inventory, []);
  t.mock.timers.tick(29_000);
  assert.equal(running(), sign.version);
  await deliver(notice(verify));
  assert.equal(running(), notice(verify).version, 'what was removed is no version that worked before');
  t.mock.timers.tick(29_000);
  assert.equal(running(), notice(verify).version);
  await remove('shop/one');
  await remove('shop/one');
  t.mock.timers.tick(30_000);
  assert.equal(running(), undefined);
  assert.equal(left(), 1);
});

test('a name that is none ends the stream', async () => {
  for (const id of ['', 'one', '/one', 'shop/', 'a/b/c', `a/${'b'.repeat(400)}`]) {
    const { delivered } = start();
    const upserts = [{ id, version: 'v', json: Buffer.from('{}') }];
    await assert.rejects(delivered.stage({ ...update([]), upserts }), DeliveryError, id);
  }
});

test('any JSON at all is a policy that refuses, and never an exception', async () => {
  const text = JSON.stringify(sign);
  const json = fc.oneof(
    fc.json(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.nat(text.length).map((length) => text.slice(0, length)),
    fc.jsonValue().map((spec) => JSON.stringify({ ...sign, spec })),
    fc.jsonValue().map((material) => JSON.stringify({ ...sign, material })),
    fc.jsonValue().map((request) => JSON.stringify({ ...sign, spec: { ...sign.spec, request } })),
  );
  await fc.assert(
    fc.asyncProperty(json, async (given) => {
      const { delivered } = start();
      const upserts = [{ id: 'shop/one', version: sign.version, json: Buffer.from(given) }];
      await delivered.stage({ ...update([]), upserts });
      const [state] = delivered.apply();
      assert.ok(state?.state === 'RUNNING' || state?.state === 'REFUSED');
      assert.doesNotMatch(state.reason, /PRIVATE/);
    }),
    { numRuns: 300 },
  );
});

test('a notice that a right was taken away keeps nothing', async () => {
  const { deliver, delivered } = start();
  await deliver(sign);
  const revoked = versioned({ ...sign, broken: 'no grant', revoked: true });
  assert.deepEqual(await deliver(revoked), [{ state: 'RUNNING', version: revoked.version, reason: '' }]);
  assert.equal(delivered.present.policies.get('shop/one')?.broken, 'no grant');
});
