/** The chart in a real cluster, with a namespace that takes only Pods of the `restricted` standard. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { helm } from '../../scripts/local/kubernetes/helm.ts';
import { until } from '../../scripts/local/until.ts';
import { CHART, NAMESPACE, render, VALUE_SETS } from './support/chart.ts';
import { openCrd } from './support/open-crd.ts';

interface List<T> {
  readonly items: readonly T[];
}
interface Pod extends KubernetesObject {
  readonly spec: {
    readonly automountServiceAccountToken?: boolean;
    readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
  };
}
interface Crd extends KubernetesObject {
  spec: { versions: { additionalPrinterColumns: { name: string; type: string; jsonPath: string }[] }[] };
}

const CRD = 'wssecuritypolicies.waxseal.dev';
const POLICY = {
  apiVersion: 'waxseal.dev/v1alpha1',
  kind: 'WSSecurityPolicy',
  metadata: { name: 'orders', namespace: 'shop' },
  spec: { request: { secure: { timestamp: { ttl: '5m' } } } },
};

describe('the chart in a cluster', () => {
  let cluster: TestCluster;
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-chart-'));

  before(async () => {
    cluster = await startCluster({ controllers: true });
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } },
      ...['shop', 'billing'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
      // Those of the Prometheus operator and of cert-manager are not here; their names are enough for our objects.
      openCrd('monitoring.coreos.com', 'v1', 'ServiceMonitor'),
      openCrd('monitoring.coreos.com', 'v1', 'PrometheusRule'),
      openCrd('cert-manager.io', 'v1', 'Issuer'),
      openCrd('cert-manager.io', 'v1', 'Certificate'),
    );
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  });
  after(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const release = (command: string, ...args: string[]): Promise<string> =>
    helm([command, 'waxseal', ...args, '--namespace', NAMESPACE], { kubeconfig: cluster.kubeconfig });
  const crd = (): Promise<Crd> => cluster.get<Crd>('crd', CRD);
  const columns = async (): Promise<string[]> =>
    ((await crd()).spec.versions[0]?.additionalPrinterColumns ?? []).map((column) => column.name);
  const replicas = async (deployment: string): Promise<number | undefined> =>
    (await cluster.get<KubernetesObject & { spec: { replicas?: number } }>('deployment', deployment, '-n', NAMESPACE))
      .spec.replicas;

  for (const [name, values] of Object.entries(VALUE_SETS)) {
    test(`every object is taken by the API server: ${name}`, async () => {
      const command = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
      const printed = await cluster.kubectl(command, await render(values));
      assert.match(printed, /pod\/\S+-test-readiness serverside-applied \(server dry run\)/);
    });
  }

  test('an object that is wrong is not', async () => {
    const wrong = (await render({})).replace('maxUnavailable: 1', 'maxUnavailable: 1\n  minimum: 1');
    await assert.rejects(
      cluster.kubectl(['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'], wrong),
      /unknown field|field not declared/,
    );
  });

  test('helm install: the CRD is there, Pods keep to the restricted standard', async () => {
    const notes = await release('install', CHART);
    assert.match(notes, /unmatched: Refuse/);
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', CRD, '--timeout=30s']);
    await cluster.apply(POLICY);
    let pods: readonly Pod[] = [];
    await until('four Pods are there', async () => {
      pods = (await cluster.get<List<Pod>>('pods', '-n', NAMESPACE)).items;
      return pods.length === 4;
    });
    const events = await cluster.kubectl(['get', 'events', '-n', NAMESPACE, '-o', 'jsonpath={.items[*].message}']);
    assert.doesNotMatch(events, /violates PodSecurity/);
    const extproc = pods.filter((pod) => pod.metadata.labels?.['app.kubernetes.io/component'] === 'extproc');
    assert.equal(extproc.length, 2);
    for (const { spec } of extproc) {
      assert.equal(spec.automountServiceAccountToken, false);
      assert.deepEqual(
        spec.volumes.map((volume) => volume.secret?.secretName ?? volume.name),
        ['waxseal-extproc-tls', 'compiled'],
      );
    }
  });

  test('the first policy of the notes is one that the API server takes', async () => {
    const notes = await helm(['get', 'notes', 'waxseal', '-n', NAMESPACE], { kubeconfig: cluster.kubeconfig });
    const policy = /<<EOF\n([^]*?)\nEOF\n/.exec(notes)?.[1] ?? '';
    await cluster.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], policy);
  });

  test('helm upgrade: a changed CRD is changed, policies stay', async () => {
    const next = join(folder, 'waxseal');
    cpSync(CHART, next, { recursive: true });
    const file = join(next, `crds-files/waxseal.dev_wssecuritypolicies.yaml`);
    const changed = parse(readFileSync(file, 'utf8')) as Crd;
    changed.spec.versions[0]?.additionalPrinterColumns.push({ name: 'New', type: 'string', jsonPath: '.spec.mode' });
    writeFileSync(file, stringify(changed, { aliasDuplicateObjects: false }));
    assert.ok(!(await columns()).includes('New'));
    await release('upgrade', next, '--set', 'extproc.replicas=5');
    assert.ok((await columns()).includes('New'));
    assert.equal(await replicas('waxseal-extproc'), 5);
    assert.equal((await cluster.get('wssp', 'orders', '-n', 'shop')).metadata.name, 'orders');
  });

  test('a refused upgrade changes nothing', async () => {
    await assert.rejects(release('upgrade', CHART, '--set', 'extproc.replicas=many'), /got string, want integer/);
    assert.equal(await replicas('waxseal-extproc'), 5);
  });

  test('helm rollback: back to what was, with the CRD', async () => {
    await release('rollback', '1');
    assert.ok(!(await columns()).includes('New'));
    assert.equal(await replicas('waxseal-extproc'), 2);
    assert.equal((await cluster.get('wssp', 'orders', '-n', 'shop')).metadata.name, 'orders');
  });

  test('with a HorizontalPodAutoscaler, an upgrade leaves the number of Pods alone', async () => {
    await release('upgrade', CHART, '--set', 'extproc.autoscaling.enabled=true');
    await cluster.kubectl(['scale', 'deployment', 'waxseal-extproc', '-n', NAMESPACE, '--replicas=7']);
    await release('upgrade', CHART, '--set', 'extproc.autoscaling.enabled=true,extproc.logLevel=debug');
    assert.equal(await replicas('waxseal-extproc'), 7);
  });

  test('helm uninstall: CRD and policies stay, nothing else', async () => {
    await release('uninstall');
    assert.equal((await cluster.get('wssp', 'orders', '-n', 'shop')).metadata.name, 'orders');
    const left = await cluster.kubectl([
      ...['get', 'deployments,services,serviceaccounts,roles,rolebindings,networkpolicies,pdb,hpa,configmaps'],
      ...['-n', NAMESPACE, '-l', 'app.kubernetes.io/instance=waxseal', '-o', 'name'],
    ]);
    assert.equal(left, '');
    const cluster_ = ['clusterroles,clusterrolebindings', '-l', 'app.kubernetes.io/instance=waxseal', '-o', 'name'];
    assert.equal(await cluster.kubectl(['get', ...cluster_]), '');
  });

  test('installed again, the release takes the CRD back; with crds.keep=false it goes with it', async () => {
    await release('install', CHART);
    await release('upgrade', CHART, '--set', 'crds.keep=false');
    assert.equal((await crd()).metadata.annotations?.['helm.sh/resource-policy'], undefined);
    await release('uninstall');
    await cluster.kubectl(['wait', '--for=delete', `crd/${CRD}`, '--timeout=30s']);
    await assert.rejects(crd(), /not found/);
  });
});
