import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { Events, type EventLimits } from '../../operator/events.ts';
import { loadCluster, type Cluster } from '../../operator/kubernetes/client.ts';
import { EVENTS } from '../../operator/kubernetes/resources.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { until } from '../../scripts/local/until.ts';

const logger = pino({ level: 'silent' });

describe('Events', () => {
  let server: TestCluster;
  let cluster: Cluster;
  let events: Events;
  let namespace = '';
  let count = 0;
  let about: KubernetesObject;

  before(async () => {
    server = await startCluster();
    cluster = loadCluster({ kubeconfig: server.kubeconfig });
  });
  after(async () => {
    await events?.stop();
    cluster?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    await events?.stop();
    namespace = `n${++count}`;
    await server.kubectl(['create', 'namespace', namespace]);
    about = await cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'orders', namespace } });
  });

  const make = (limits?: Partial<EventLimits>): Events =>
    (events = new Events({ cluster, logger, identity: 'operator-0', ...(limits && { limits }) }));
  const list = async (): Promise<KubernetesObject[]> => (await cluster.list({ resource: EVENTS, namespace })).items;

  void test('stand beside the object, where kubectl shows them', async () => {
    make().tell(about, { type: 'Warning', reason: 'Invalid', message: `spec.mode: ${'ä'.repeat(1000)}` });
    await until('it is there', async () => (await list()).length === 1);
    const [event] = await list();
    assert.deepEqual(
      [event?.['type'], event?.['reason'], event?.['reportingController'], event?.['reportingInstance']],
      ['Warning', 'Invalid', 'waxseal.dev/operator', 'operator-0'],
    );
    const note = String(event?.['note']);
    assert.ok(Buffer.byteLength(note) <= 1024 && note.startsWith('spec.mode: ää') && note.endsWith('ä…'));
    const shown = await server.kubectl(['events', '-n', namespace, '--for', 'configmap/orders']);
    assert.match(shown, /Warning +Invalid +ConfigMap\/orders/);
  });

  void test('that happen again are one, with their number', async () => {
    make({ repeatMs: 100 });
    for (let i = 0; i < 50; i++) {
      events.tell(about, { type: 'Warning', reason: 'Invalid', message: 'again' });
      if (i === 25) await sleep(300);
    }
    await until('all are counted', async () => {
      const [event] = await list();
      return (event?.['series'] as { count?: number } | undefined)?.count === 50;
    });
    assert.equal((await list()).length, 1);
  });

  void test('that are gone are made anew', async () => {
    make({ repeatMs: 50 }).tell(about, { type: 'Normal', reason: 'Programmed', message: 'well' });
    await until('it is there', async () => (await list()).length === 1);
    const [first] = await list();
    assert.ok(first);
    await cluster.delete(first);
    events.tell(about, { type: 'Normal', reason: 'Programmed', message: 'well' });
    await until('there is another', async () =>
      (await list()).some(({ metadata }) => metadata.uid !== first.metadata.uid),
    );
  });

  void test('are sent no faster than the limit, and dropped when too many wait', async () => {
    make({ burst: 3, perSecond: 1, maxPending: 5 });
    for (let i = 0; i < 20; i++) events.tell(about, { type: 'Normal', reason: 'Programmed', message: String(i) });
    await until('the first are there', async () => (await list()).length >= 3);
    assert.ok((await list()).length <= 4);
    assert.equal(events.dropped, 15);
  });

  void test('trouble no one when they cannot be sent', async () => {
    const gone = { ...about, metadata: { ...about.metadata, namespace: 'not-there' } };
    make().tell(gone, { type: 'Warning', reason: 'Invalid', message: 'x' });
    await until('it is dropped', () => events.dropped === 1);
    events.tell(about, { type: 'Warning', reason: 'Invalid', message: 'y' });
    await until('the next is there', async () => (await list()).length === 1);
  });
});
