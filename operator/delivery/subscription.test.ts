import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResolvedPolicy } from '../../policy/bundle.ts';
import { MAX_POLICY_BYTES, PART_BYTES, type Update } from '../../proto/bundle-service.ts';
import { Subscription } from './subscription.ts';

const policy = (name: string, version: string, bytes = 0): ResolvedPolicy => {
  const data = { any: 'x'.repeat(bytes) };
  const material = { 'Secret/any': { kind: 'Secret', name: 'any', data } } as const;
  return { namespace: 'shop', name, version, generation: 1, material };
};
const publish = (...policies: ResolvedPolicy[]) => new Map(policies.map((item) => [`shop/${item.name}`, item]));
const said = (update: Update | undefined) =>
  update && [
    update.upserts.map(({ id, version }) => `${id} ${version}`).join(),
    update.removals.join(),
    update.complete,
  ];
const ack = (
  nonce: number,
  states: { id: string; version: string; state: 'RUNNING' | 'REFUSED'; reason: string }[] = [],
) => ({
  subscription: 1,
  nonce,
  states,
});

test('what differs from the inventory is sent, even when that is nothing', () => {
  const subscription = new Subscription(1, [
    { id: 'shop/a', version: '1' },
    { id: 'shop/gone', version: '1' },
  ]);
  const published = publish(policy('a', '1'), policy('b', '1'));
  assert.deepEqual(said(subscription.next(published)), ['shop/b 1', 'shop/gone', true]);
  const same = new Subscription(2, [{ id: 'shop/a', version: '1' }]);
  assert.deepEqual(said(same.next(publish(policy('a', '1')))), ['', '', true]);
  assert.ok(same.acknowledge(ack(1)));
  assert.equal(same.next(publish(policy('a', '1'))), undefined);
});

test('a replica that has not answered is sent nothing, and then only the newest', () => {
  const subscription = new Subscription(1, []);
  subscription.next(publish(policy('a', '1')));
  for (const version of ['2', '3', '4']) assert.equal(subscription.next(publish(policy('a', version))), undefined);
  assert.equal(subscription.acknowledge(ack(9)), false);
  assert.ok(subscription.acknowledge(ack(1)));
  assert.equal(subscription.acknowledge(ack(1)), false, 'only once');
  assert.deepEqual(said(subscription.next(publish(policy('a', '4')))), ['shop/a 4', '', true]);
});

test('much is sent in parts, of which the last is complete', () => {
  const subscription = new Subscription(1, [{ id: 'shop/gone', version: '1' }]);
  const published = publish(...['a', 'b', 'c'].map((name) => policy(name, '1', PART_BYTES)));
  assert.deepEqual(said(subscription.next(published)), ['shop/a 1', '', false]);
  assert.deepEqual(said(subscription.next(published)), ['shop/b 1', '', false]);
  const less = publish(policy('a', '1'), policy('b', '1'));
  assert.deepEqual(said(subscription.next(less)), ['', 'shop/gone', true], 'what went away meanwhile is not sent');
});

test('a policy too large to be sent is sent as broken', () => {
  const [upsert] = new Subscription(1, []).next(publish(policy('a', '1', MAX_POLICY_BYTES)))?.upserts ?? [];
  assert.match(
    (JSON.parse(upsert?.json.toString() ?? '') as ResolvedPolicy).broken ?? '',
    /at most \d+ can be delivered/,
  );
});

test('states are of policies that were sent, and go with them', () => {
  const subscription = new Subscription(1, [{ id: 'shop/a', version: '1' }]);
  assert.equal(subscription.states.get('shop/a')?.state, 'Running');
  subscription.next(publish(policy('a', '2')));
  const refused = { version: '1', state: 'REFUSED', reason: 'x'.repeat(9999) } as const;
  subscription.acknowledge(
    ack(1, [
      { id: 'shop/a', ...refused },
      { id: 'shop/other', ...refused },
    ]),
  );
  assert.equal(subscription.states.get('shop/a')?.state, 'Refused');
  assert.equal(subscription.states.get('shop/a')?.reason?.length, 500);
  assert.equal(subscription.states.size, 1);
  subscription.next(publish());
  subscription.acknowledge(ack(2));
  assert.equal(subscription.states.size, 0);
});

test('whatever is published and whenever it is answered, the replica ends with what was published last', () => {
  const versions = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2', '3'), {
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(versions, fc.array(fc.tuple(versions, fc.boolean())), (inventory, steps) => {
      const replica = new Map<string, string>(
        Object.entries(inventory).map(([name, version]) => [`shop/${name}`, version]),
      );
      const subscription = new Subscription(
        1,
        [...replica].map(([id, version]) => ({ id, version })),
      );
      const published = (set: Record<string, string>) =>
        publish(...Object.entries(set).map(([name, version]) => policy(name, version, PART_BYTES / 2)));
      let waiting: number | undefined;
      const take = (update: Update | undefined): boolean => {
        for (const { id, version } of update?.upserts ?? []) replica.set(id, version);
        for (const id of update?.removals ?? []) replica.delete(id);
        if (update?.complete === true) waiting = update.nonce;
        return update !== undefined;
      };
      const answer = () => {
        if (waiting !== undefined) assert.ok(subscription.acknowledge(ack(waiting)));
        waiting = undefined;
      };
      for (const [set, answers] of steps) {
        take(subscription.next(published(set)));
        if (answers) answer();
      }
      const last = steps.at(-1)?.[0] ?? {};
      do answer();
      while (take(subscription.next(published(last))));
      assert.deepEqual(
        [...replica].sort(),
        Object.entries(last)
          .map(([name, version]) => [`shop/${name}`, version])
          .sort(),
      );
    }),
    { numRuns: 60 },
  );
});
