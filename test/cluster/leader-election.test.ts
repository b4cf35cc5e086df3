import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { loadCluster, type Cluster } from '../../operator/kubernetes/client.ts';
import { LEASES } from '../../operator/kubernetes/resources.ts';
import { LeaderElection, type LeaderElectionTiming } from '../../operator/leader-election.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { until } from '../../scripts/local/until.ts';
import { FaultyProxy } from './support/faulty-proxy.ts';

const logger = pino({ level: 'silent' });
const QUICK: LeaderElectionTiming = { leaseMs: 3000, renewMs: 2000, retryMs: 200 };

interface Elector {
  readonly election: LeaderElection;
  /** Its own way to the API server. */
  readonly proxy: FaultyProxy;
  readonly cluster: Cluster;
  readonly epochs: number[];
}

describe('leader election', () => {
  let server: TestCluster;
  let admin: Cluster;
  let electors: Elector[] = [];
  let count = 0;

  before(async () => {
    server = await startCluster();
    admin = loadCluster({ kubeconfig: server.kubeconfig });
  });
  after(async () => {
    await stopAll();
    admin?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    await stopAll();
    count++;
  });

  async function stopAll(): Promise<void> {
    for (const { election, proxy, cluster } of electors.splice(0)) {
      await election.stop();
      cluster.close();
      await proxy.stop();
    }
  }

  async function elect(names: readonly string[], timing?: LeaderElectionTiming): Promise<Elector[]> {
    electors = await Promise.all(
      names.map(async (identity) => {
        const proxy = await FaultyProxy.start(server);
        const cluster = loadCluster({ kubeconfig: proxy.kubeconfig });
        const name = `lease-${count}`;
        const election = new LeaderElection({
          ...{ cluster, logger, identity, name, namespace: 'default' },
          ...(timing !== undefined && { timing }),
        });
        const epochs: number[] = [];
        election.onChange(({ leading, epoch }) => {
          if (leading) epochs.push(epoch);
        });
        election.start();
        return { election, proxy, cluster, epochs };
      }),
    );
    return electors;
  }

  const leaders = (): Elector[] => electors.filter(({ election }) => election.leading);
  const lease = (): Promise<KubernetesObject & { spec: Record<string, unknown> }> =>
    admin.get(LEASES, 'default', `lease-${count}`);

  /** Watches, until it is stopped, that there are never two leaders. */
  function watchForTwo(): () => void {
    let two = false;
    const timer = setInterval(() => (two ||= leaders().length > 1), 1);
    return () => {
      clearInterval(timer);
      assert.equal(two, false, 'there were two leaders at a time');
    };
  }

  void test('one of several leads, and the next one as soon as it stops', async () => {
    const check = watchForTwo();
    await elect(['a', 'b', 'c'], QUICK);
    await until('one leads', () => leaders().length === 1);
    await sleep(1000);
    const [first] = leaders();
    assert.deepEqual(first?.epochs, [1]);
    assert.ok(electors.every(({ election }) => election.epoch === 1));
    await first?.election.stop();
    assert.equal(first?.election.leading, false);
    const took = await until('another leads', () => leaders().length === 1);
    assert.ok(took < QUICK.leaseMs, `the hand-over took ${took} ms`);
    assert.deepEqual(leaders()[0]?.epochs, [2]);
    const { spec } = await lease();
    assert.equal(spec['leaseTransitions'], 2);
    assert.match(String(spec['renewTime']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    check();
  });

  void test('a leader that is cut off stops before another begins, and follows when it is back', async () => {
    const check = watchForTwo();
    await elect(['a', 'b'], QUICK);
    await until('one leads', () => leaders().length === 1);
    const [first] = leaders();
    first?.proxy.freeze();
    const stopped = await until('it stops', () => first?.election.leading === false);
    const taken = await until('the other leads', () => leaders().length === 1);
    assert.ok(stopped < QUICK.renewMs + 500, `it led for ${stopped} ms more`);
    assert.ok(stopped + taken < 2 * QUICK.leaseMs + 1000, `the hand-over took ${stopped + taken} ms`);
    first?.proxy.thaw();
    first?.proxy.cut();
    await until('it follows', () => first?.election.epoch === 2);
    assert.equal(first?.election.leading, false);
    check();
  });

  void test('nobody leads while the API server hangs for long, and one again when it is back', async () => {
    const check = watchForTwo();
    await elect(['a', 'b'], QUICK);
    const process = server.component('kube-apiserver');
    for (const pause of [500, 4500, 2500]) {
      await until('one leads', () => leaders().length === 1);
      process?.signal('SIGSTOP');
      await sleep(pause);
      assert.equal(leaders().length, pause > QUICK.renewMs ? 0 : 1);
      process?.signal('SIGCONT');
    }
    await until('one leads', () => leaders().length === 1);
    check();
  });

  void test('a Lease that somebody deletes or takes is put in order again, with one leader at a time', async () => {
    const check = watchForTwo();
    await elect(['a', 'b'], QUICK);
    await until('one leads', () => leaders().length === 1);
    const [first] = leaders();
    await admin.delete(await lease());
    await until('it is there again', () =>
      lease().then(
        ({ spec }) => spec['leaseTransitions'] === 1,
        () => false,
      ),
    );
    assert.deepEqual(leaders(), [first]);
    const held = await lease();
    await admin.replace({ ...held, spec: { ...held.spec, holderIdentity: 'somebody', leaseTransitions: 7 } });
    await until('it stops leading', () => leaders().length === 0);
    await until('one leads again', () => leaders().length === 1);
    assert.equal(leaders()[0]?.election.epoch, 8);
    check();
  });

  void test('with the times of the default, a killed leader is replaced in less than 20 s', async () => {
    const check = watchForTwo();
    await elect(['a', 'b']);
    await until('one leads', () => leaders().length === 1);
    await sleep(3000);
    const [first] = leaders();
    // As far as the others can tell it is dead.
    first?.proxy.freeze();
    const began = performance.now();
    await until('another leads', () => electors.some((each) => each !== first && each.election.leading));
    const took = performance.now() - began;
    assert.ok(took < 20_000, `the hand-over took ${took} ms`);
    check();
  });
});
