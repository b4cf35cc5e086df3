import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedPolicy } from '../../policy/bundle.ts';
import type { ReplicaState } from '../delivery/replica-session.ts';
import { deliveryOf, replicaPolicyStates } from './delivery.ts';

const current: ResolvedPolicy = { namespace: 'shop', name: 'orders', generation: 2, material: {}, version: 'new' };
const broken: ResolvedPolicy = { ...current, broken: 'a mistake' };
type There = NonNullable<ReturnType<ReplicaState['policies']['get']>>;

function replica(name: string, there?: There): ReplicaState {
  const policies = new Map(there === undefined ? [] : [['shop/orders', there]]);
  return { name, address: 'a', softwareVersion: '0', connectedSince: 0, policies };
}
const of = (policy: ResolvedPolicy, ...there: (There | undefined)[]) =>
  deliveryOf(
    'shop/orders',
    policy,
    there.map((each, index) => replica(`r${index}`, each)),
  );

test('replicas that run it, run the one before, have not heard of it, or refuse', () => {
  const delivery = of(
    current,
    { version: 'new', state: 'Running' },
    { version: 'old', state: 'Running' },
    undefined,
    { version: 'old', state: 'Refused', reason: 'a bad key' },
    { version: '', state: 'Refused', reason: 'a bad key' },
  );
  assert.deepEqual(delivery, {
    ...{ replicas: 5, running: 1, behind: 2 },
    refusals: [
      { replica: 'r3', reason: 'a bad key' },
      { replica: 'r4', reason: 'a bad key' },
    ],
  });
});

test('of a broken policy, its last good version counts and the broken one does not', () => {
  assert.deepEqual(of(broken, { version: 'old', state: 'Kept' }), { replicas: 1, running: 0, behind: 1, refusals: [] });
  assert.deepEqual(of(broken, { version: 'new', state: 'Running' }), {
    replicas: 1,
    running: 0,
    behind: 0,
    refusals: [],
  });
});

test('states over all replicas', () => {
  const replicas = [
    replica('a', { version: 'new', state: 'Running' }),
    replica('b', { version: 'old', state: 'Kept' }),
  ];
  assert.deepEqual(replicaPolicyStates(replicas), { Running: 1, Kept: 1, Refused: 0 });
});
