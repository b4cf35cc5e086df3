import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { loadCluster, type Cluster } from '../../operator/kubernetes/client.ts';
import {
  ConflictError,
  ForbiddenError,
  NotFoundError,
  RefusedError,
  UnauthorizedError,
  UnavailableError,
  UnreachableError,
} from '../../operator/kubernetes/errors.ts';
import { CONFIG_MAPS, POLICIES, SECRETS } from '../../operator/kubernetes/resources.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { FaultyProxy } from './support/faulty-proxy.ts';
import { openCrd } from './support/open-crd.ts';

interface Status {
  readonly ancestors: readonly string[];
}

describe('the client of the API server', () => {
  let server: TestCluster;
  let cluster: Cluster;
  let proxy: FaultyProxy;
  let through: Cluster;

  before(async () => {
    server = await startCluster();
    cluster = loadCluster({ kubeconfig: server.kubeconfig });
    proxy = await FaultyProxy.start(server);
    through = loadCluster({ kubeconfig: proxy.kubeconfig });
    const crd = openCrd('waxseal.dev', 'v1alpha1', 'WSSecurityPolicy');
    const [version] = crd['spec'] ? (crd['spec'] as { versions: object[] }).versions : [];
    Object.assign(version ?? {}, { subresources: { status: {} } });
    await server.apply(crd);
    await server.kubectl(['wait', '--for=condition=Established', 'crd', crd.metadata.name]);
  });
  after(async () => {
    for (const each of [cluster, through]) each?.close();
    await proxy?.stop();
    await server?.stop();
  });
  beforeEach(() => {
    proxy.status = undefined;
    proxy.lists.length = 0;
  });

  const configMap = (name: string, data: object): KubernetesObject => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } },
    data,
  });

  void test('knows where it is', () => {
    assert.equal(cluster.namespace, 'default');
    assert.equal(cluster.source, `--kubeconfig ${server.kubeconfig}`);
  });

  void test("applies its own fields, takes back what it no longer wants, and leaves others' alone", async () => {
    await cluster.apply(configMap('shared', { ours: '1', old: '1' }));
    await server.kubectl(['patch', 'configmap', 'shared', '-p', '{"data":{"theirs":"1"}}']);
    await cluster.apply(configMap('shared', { ours: '2' }));
    const { data } = await cluster.get(CONFIG_MAPS, 'default', 'shared');
    assert.deepEqual(data, { ours: '2', theirs: '1' });
  });

  void test('deletes the very object that it knows, and not another of its name', async () => {
    const first = await cluster.apply(configMap('named', {}));
    await cluster.delete(first);
    await cluster.delete(first);
    await cluster.apply(configMap('named', {}));
    await cluster.delete(first);
    assert.ok(await cluster.get(CONFIG_MAPS, 'default', 'named'));
    await cluster.delete(configMap('named', {}));
    await assert.rejects(cluster.get(CONFIG_MAPS, 'default', 'named'), NotFoundError);
  });

  void test('changes a status that others change meanwhile, and loses nothing of theirs', async () => {
    const metadata = { name: 'orders', namespace: 'default' };
    const policy = await cluster.apply({ apiVersion: 'waxseal.dev/v1alpha1', kind: 'WSSecurityPolicy', metadata });
    const add =
      (entry: string) =>
      (current: KubernetesObject): Status => {
        const { ancestors = [] } = (current['status'] ?? {}) as Partial<Status>;
        return { ancestors: [...ancestors, entry] };
      };
    await Promise.all(['a', 'b', 'c', 'd'].map((entry) => cluster.changeStatus(policy, add(entry))));
    const after = await cluster.get(POLICIES, 'default', 'orders');
    assert.deepEqual((after['status'] as Status).ancestors.toSorted(), ['a', 'b', 'c', 'd']);
    const same = await cluster.changeStatus(after, () => undefined);
    assert.equal(same, after);
    await cluster.delete(after);
    await cluster.apply({ apiVersion: 'waxseal.dev/v1alpha1', kind: 'WSSecurityPolicy', metadata });
    await assert.rejects(cluster.changeStatus(after, add('late')), NotFoundError);
  });

  void test('says of each failure what it is', async () => {
    await cluster.apply(configMap('there', {}));
    await assert.rejects(cluster.create(configMap('there', {})), ConflictError);
    await assert.rejects(cluster.create(configMap('Not A Name', {})), RefusedError);
    await server.kubectl(['create', 'serviceaccount', 'poor']);
    const poor = loadCluster({ kubeconfig: await server.serviceAccountKubeconfig('default', 'poor') });
    await assert.rejects(poor.get(SECRETS, 'default', 'keys'), (error: unknown) => {
      assert.ok(error instanceof ForbiddenError);
      assert.match(error.message, /^system:serviceaccount:default:poor may not get secrets in namespace default: /);
      return true;
    });
    await assert.rejects(
      poor.list({ resource: POLICIES }),
      /lacks verb "list" on resource "wssecuritypolicies" of API group "waxseal.dev"/,
    );
    poor.close();
  });

  void test('asks again what can be asked again, and a few times only', async () => {
    const get = (): Promise<KubernetesObject> => through.get(CONFIG_MAPS, 'default', 'kube-root-ca.crt');
    for (const [status, times, kind] of [
      [503, 3, UnavailableError],
      [429, 3, UnavailableError],
      [401, 3, UnauthorizedError],
      [400, 1, RefusedError],
    ] as const) {
      proxy.status = status;
      proxy.lists.length = 0;
      await assert.rejects(get(), kind);
      assert.equal(proxy.lists.length, times, `status ${status}`);
    }
    proxy.status = 503;
    setTimeout(() => (proxy.status = undefined), 50);
    await assert.rejects(get(), NotFoundError);
  });

  void test('does not wait for ever', async () => {
    proxy.freeze();
    const place = { resource: CONFIG_MAPS, namespace: 'default', name: 'x' };
    await assert.rejects(through.request('GET', place, { timeoutMs: 100, attempts: 2 }), (error: unknown) => {
      assert.ok(error instanceof UnreachableError);
      assert.match(error.message, /no answer within 0.1 s/);
      return true;
    });
    proxy.thaw();
  });
});
