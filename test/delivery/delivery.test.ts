import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SPECS } from '../support/policies.ts';
import { material, newAuthority, tlsFiles } from './support/certificates.ts';
import { manyPolicies, published, startOperator, startReplica, until } from './support/delivery.ts';

const authority = await newAuthority();
const operatorTls = await material(authority, 'operator');
const extprocTls = await material(authority, 'extproc');
const one = published({ one: SPECS.sign });
const changed = published({ one: SPECS.verify });
const versionOf = (policies: typeof one, id = 'shop/one') => policies.get(id)?.version;

test('what is published is in use, changes follow, and the operator knows', async (t) => {
  const operator = await startOperator(t, { certificates: operatorTls });
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [operator.port], files);
  await until(() => operator.lines.some((line) => line.includes('has connected')));
  await sleep(100);
  assert.deepEqual(replica.taken, [], 'nothing has been published');
  operator.server.publish(one);
  await until(() => replica.running('shop/one') === versionOf(one));
  await until(() => operator.states('shop/one')[0] === `Running ${versionOf(one)?.slice(0, 8)}`);
  operator.server.publish(changed);
  await until(() => replica.running('shop/one') === versionOf(changed));
  await until(() => operator.states('shop/one')[0] === `Running ${versionOf(changed)?.slice(0, 8)}`);
  operator.server.publish(new Map());
  await until(() => operator.states('shop/one')[0] === 'absent ');
  assert.equal(replica.running('shop/one'), versionOf(changed), 'a removed policy is enforced for a while');
  assert.doesNotMatch([...operator.lines, ...replica.lines].join(''), /PRIVATE|BEGIN/);
});

test('no policies at all are a configuration, too', async (t) => {
  const operator = await startOperator(t, { certificates: operatorTls });
  operator.server.publish(new Map());
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [operator.port], files);
  await until(() => replica.taken.length === 1);
  assert.equal(replica.taken[0]?.size, 0);
});

test('the leader delivers, and another one when the lead is handed over; a stale leader does not', async (t) => {
  const operators = [
    await startOperator(t, { certificates: operatorTls }),
    await startOperator(t, { certificates: operatorTls }),
  ] as const;
  const [a, b] = operators;
  for (const { server } of operators) server.publish(one);
  a.server.setRole({ leading: true, epoch: 4 });
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(
    t,
    operators.map(({ port }) => port),
    files,
  );
  await until(() => replica.subscribedTo() === 0 && a.server.replicas().length === 1, 'subscribing to the leader');
  assert.equal(b.server.replicas().length, 0);
  b.server.setRole({ leading: true, epoch: 5 });
  await until(() => replica.subscribedTo() === 1, 'following the lead');
  await until(() => a.server.replicas().length === 0, 'leaving the old leader');
  a.server.setRole({ leading: true, epoch: 4 });
  a.server.publish(changed);
  await sleep(200);
  assert.equal(replica.subscribedTo(), 1);
  assert.equal(replica.running('shop/one'), versionOf(one));
  const before = replica.taken.length;
  await b.server.stop();
  await until(() => replica.running('shop/one') === versionOf(changed), 'delivery by whoever is left');
  assert.equal(replica.taken.length, before + 1);
});

test('a change of one of a thousand policies sends just that, and is in use within a second', async (t) => {
  const policies = manyPolicies(1000, SPECS.sign);
  const operator = await startOperator(t, { certificates: operatorTls });
  operator.server.publish(policies);
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [operator.port], files);
  await until(() => replica.taken.length > 0);
  assert.equal(replica.taken[0]?.size, 1000, 'all at once');
  await until(() => operator.states('shop/p999')[0]?.startsWith('Running') ?? false);
  const bytes = await operator.metric('waxseal_delivery_bytes_sent_total');
  const size = bytes / 1000;
  const kept = replica.taken[0]?.get('shop/p1');
  const other = manyPolicies(1000, SPECS.verify);
  const next = new Map(policies).set('shop/p7', other.get('shop/p7') ?? assert.fail());
  const start = performance.now();
  operator.server.publish(next);
  await until(() => replica.running('shop/p7') === versionOf(next, 'shop/p7'));
  const took = performance.now() - start;
  t.diagnostic(`in use after ${took.toFixed(0)} ms, ${size.toFixed(0)} bytes a policy`);
  assert.ok(took < 1000, `${took} ms`);
  assert.ok((await operator.metric('waxseal_delivery_bytes_sent_total')) - bytes < 3 * size);
  assert.equal(await operator.metric('waxseal_delivery_policies_sent_total'), 1001);
  assert.equal(replica.taken.at(-1)?.get('shop/p1'), kept, 'what did not change is not compiled again');
});

test('a replica that comes back is sent what it lacks, and nothing else', async (t) => {
  const policies = manyPolicies(50, SPECS.sign);
  const [a, b] = [
    await startOperator(t, { certificates: operatorTls }),
    await startOperator(t, { certificates: operatorTls }),
  ];
  a.server.publish(policies);
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [a.port, b.port], files);
  await until(() => replica.running('shop/p49') !== undefined);
  const next = new Map(policies).set('shop/p8', manyPolicies(9, SPECS.verify).get('shop/p8') ?? assert.fail());
  next.delete('shop/p9');
  b.server.publish(next);
  await a.server.stop();
  await until(() => replica.running('shop/p8') === versionOf(next, 'shop/p8'));
  assert.equal(await b.metric('waxseal_delivery_policies_sent_total'), 1);
  await until(() => b.server.replicas()[0]?.policies.size === 49);
});

test('what a replica cannot use does not take the place of what works', async (t) => {
  const operator = await startOperator(t, { certificates: operatorTls });
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [operator.port], files);
  operator.server.publish(one);
  await until(() => replica.running('shop/one') !== undefined);
  const good = one.get('shop/one') ?? assert.fail();
  operator.server.publish(new Map([['shop/one', { ...good, version: 'notice', broken: 'its Secret is gone' }]]));
  await until(() => operator.states('shop/one')[0]?.startsWith('Kept') ?? false);
  assert.equal(replica.running('shop/one'), good.version);
  operator.server.publish(new Map([['shop/one', { ...good, version: 'no keys', material: {} }]]));
  await until(() => operator.states('shop/one')[0]?.startsWith('Refused') ?? false);
  assert.equal(operator.states('shop/one')[0], `Refused ${good.version.slice(0, 8)}`);
  assert.equal(replica.running('shop/one'), good.version);
  assert.match(operator.server.replicas()[0]?.policies.get('shop/one')?.reason ?? '', /Secret/);
  assert.match(replica.refused.join('\n'), /its Secret is gone/);
  operator.server.publish(one);
  await until(() => operator.states('shop/one')[0]?.startsWith('Running') ?? false);
  assert.deepEqual(replica.source.details['problems'], []);
});
