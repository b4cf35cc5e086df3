/** The cluster that the other tests run on does what theirs rely on. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { startCluster } from '../../scripts/local/kubernetes/cluster.ts';
import type { TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { publishEndpoints } from '../../scripts/local/kubernetes/endpoints.ts';
import { helm } from '../../scripts/local/kubernetes/helm.ts';
import { hostAddress } from '../../scripts/local/kubernetes/host-address.ts';
import { until } from '../../scripts/local/until.ts';

const NAMESPACE: KubernetesObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } };

describe('cluster', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster({ controllers: true, audit: true });
    await cluster.apply(NAMESPACE);
  });
  after(() => cluster?.stop());

  test('keeps what is applied, over a stop of its API server', async () => {
    await cluster.apply(configMap('kept', { key: 'value' }));
    await cluster.stopApiServer();
    await assert.rejects(cluster.get('configmap', 'kept', '-n', 'demo'), /refused/);
    await cluster.startApiServer();
    const { data } = await cluster.get('configmap', 'kept', '-n', 'demo');
    assert.deepEqual(data, { key: 'value' });
  });

  test('refuses what a service account has no right to, allows what it has, and logs both', async () => {
    await cluster.apply(...reader());
    const kubeconfig = await cluster.serviceAccountKubeconfig('demo', 'reader');
    assert.equal(await cluster.kubectlAs(kubeconfig, ['get', 'configmaps', '-o', 'name', '-n', 'demo']), await names());
    await assert.rejects(cluster.kubectlAs(kubeconfig, ['get', 'secrets']), /secrets is forbidden/);
    const log = await cluster.audit('system:serviceaccount:demo:reader');
    const decisions = log.map(({ objectRef, responseStatus }) => `${objectRef?.resource} ${responseStatus?.code}`);
    assert.ok(decisions.includes('configmaps 200'), decisions.join());
    assert.ok(decisions.includes('secrets 403'), decisions.join());
  });

  test('deletes what belongs to a deleted owner', async () => {
    await cluster.apply(configMap('owner'));
    const { metadata } = await cluster.get('configmap', 'owner', '-n', 'demo');
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid ?? '' };
    const owned = configMap('owned');
    await cluster.apply({ ...owned, metadata: { ...owned.metadata, ownerReferences: [owner] } });
    await cluster.kubectl(['delete', 'configmap', 'owner', '-n', 'demo']);
    await until('owned is deleted', async () => !(await names()).includes('configmap/owned'));
  });

  test('has a process of this machine as endpoint of every Service that selects it', async () => {
    await cluster.apply(service('first'), service('second'));
    const pod = await publishEndpoints(cluster, { namespace: 'demo', service: 'first', ports: { 'ext-proc': 40123 } });
    const expected = `${await hostAddress()}:40123 true`;
    for (const name of ['first', 'second']) await until(name, async () => (await endpoints(name)) === expected);
    await pod.setReady(false);
    await until('not ready', async () => (await endpoints('first')) === expected.replace('true', 'false'));
    await pod.remove();
    await until('none', async () => (await endpoints('first')) === '');
  });

  test('has releases of Helm charts', async () => {
    assert.match(await helm(['list', '-A'], cluster), /^NAME/);
    await assert.rejects(helm(['status', 'nothing', '-n', 'demo'], cluster), /release: not found/);
  });

  test('says which component has ended by itself', async (t) => {
    const told = t.mock.method(console, 'error', () => {});
    const broken = await startCluster();
    try {
      broken.component('kube-apiserver')?.signal('SIGKILL');
      await until('it is told', () => told.mock.callCount() > 0);
      await assert.rejects(broken.kubectl(['get', 'ns']), /kube-apiserver ended by itself \(signal SIGKILL\)/);
    } finally {
      await broken.stop();
    }
  });

  const names = () => cluster.kubectl(['get', 'configmaps', '-n', 'demo', '-o', 'name']);

  /** `address:port ready` of the endpoints of a Service. */
  async function endpoints(service: string): Promise<string> {
    const { items } = await cluster.get<{ items: EndpointSlice[] }>(
      ...['endpointslices', '-n', 'demo', '-l', `kubernetes.io/service-name=${service}`],
    );
    const each = items.flatMap(({ endpoints, ports }) =>
      (endpoints ?? []).map(
        ({ addresses, conditions }) => `${addresses.join()}:${ports?.[0]?.port} ${conditions.ready}`,
      ),
    );
    return each.join();
  }
});

interface EndpointSlice {
  readonly endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions: { ready: boolean } }[];
  readonly ports?: readonly { readonly port: number }[];
}

function configMap(name: string, data: Record<string, string> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'demo' }, data };
}

function service(name: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'demo' },
    spec: { selector: { app: 'waxseal' }, ports: [{ name: 'grpc', port: 9002, targetPort: 'ext-proc' }] },
  };
}

/** A service account that may read ConfigMaps. */
function reader(): KubernetesObject[] {
  const metadata = { name: 'reader', namespace: 'demo' };
  const rbac = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
  ];
}
