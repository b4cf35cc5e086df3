/** The operator with the arguments and the rights that the chart gives it: it is refused nothing, by the audit log. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Condition, KubernetesObject } from '../../policy/kubernetes.ts';
import { Child } from '../../scripts/local/child.ts';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { GATEWAY_CLASS, installCrds } from '../../scripts/local/kubernetes/envoy-gateway.ts';
import { helm } from '../../scripts/local/kubernetes/helm.ts';
import { stablePort } from '../../scripts/local/ports.ts';
import { until } from '../../scripts/local/until.ts';
import { CHART, NAMESPACE } from './support/chart.ts';

interface Deployment extends KubernetesObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { args: readonly string[] }[] } };
  };
}
interface Policy extends KubernetesObject {
  readonly status?: { readonly ancestors?: readonly { readonly conditions: readonly Condition[] }[] };
}

const WAXSEAL = join(import.meta.dirname, '../../cli/waxseal.js');
const USER = `system:serviceaccount:${NAMESPACE}:waxseal-operator`;
const GATEWAY_API = 'gateway.networking.k8s.io';

/** A Gateway, a route, a Secret and a policy that signs with it. */
const OBJECTS: readonly KubernetesObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: `${GATEWAY_API}/v1`,
    kind: 'GatewayClass',
    metadata: { name: GATEWAY_CLASS },
    spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
  },
  {
    apiVersion: `${GATEWAY_API}/v1`,
    kind: 'Gateway',
    metadata: { name: 'public', namespace: 'shop' },
    spec: { gatewayClassName: GATEWAY_CLASS, listeners: [{ name: 'http', port: 8080, protocol: 'HTTP' }] },
  },
  {
    apiVersion: `${GATEWAY_API}/v1`,
    kind: 'HTTPRoute',
    metadata: { name: 'orders', namespace: 'shop' },
    spec: { parentRefs: [{ name: 'public' }], rules: [{ backendRefs: [{ name: 'orders', port: 80 }] }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace: 'shop' },
    stringData: { username: 'acme', password: 'a password' },
  },
  {
    apiVersion: 'waxseal.dev/v1alpha1',
    kind: 'WSSecurityPolicy',
    metadata: { name: 'orders', namespace: 'shop' },
    spec: {
      targetRefs: [{ group: GATEWAY_API, kind: 'HTTPRoute', name: 'orders' }],
      request: { secure: { usernameToken: { credentials: { secretRef: { name: 'login' } } } } },
    },
  },
];

describe('the operator as the chart runs it', () => {
  let cluster: TestCluster;
  let operator: Child | undefined;
  let admin = '';

  before(async () => {
    cluster = await startCluster({ controllers: true, audit: true });
    await installCrds(cluster);
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  });
  afterEach(() => operator?.stop());
  after(() => cluster.stop());

  async function start(values: object): Promise<void> {
    const install = [
      'upgrade',
      '--install',
      'waxseal',
      CHART,
      '--namespace',
      NAMESPACE,
      '--create-namespace',
      '-f',
      '-',
    ];
    await helm(install, { kubeconfig: cluster.kubeconfig, input: JSON.stringify(values) });
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    await cluster.apply(...OBJECTS);
    const { spec } = await cluster.get<Deployment>('deployment', 'waxseal-operator', '-n', NAMESPACE);
    const kubeconfig = await cluster.serviceAccountKubeconfig(NAMESPACE, 'waxseal-operator');
    admin = `127.0.0.1:${await stablePort()}`;
    // On loopback, and with the Pod's name as the kubelet would put it in.
    const args = (spec.template.spec.containers[0]?.args ?? []).map((argument) =>
      argument
        .replace('--listen=0.0.0.0:9443', '--listen=127.0.0.1:0')
        .replace('--admin=0.0.0.0:9003', `--admin=${admin}`)
        .replace('$(POD_NAME)', 'waxseal-operator-0'),
    );
    operator = new Child('waxseal operator', process.execPath, [WAXSEAL, ...args, '--kubeconfig', kubeconfig]);
    await operator.until(async () => (await fetch(`http://${admin}/readyz`).catch(() => undefined))?.ok ?? false);
  }

  async function accepted(): Promise<boolean> {
    const { status } = await cluster.get<Policy>('wssp', 'orders', '-n', 'shop');
    const conditions = status?.ancestors?.[0]?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'Accepted' && status === 'True');
  }

  for (const [name, values] of [
    ['everywhere', {}],
    ['in some namespaces', { operator: { watchNamespaces: ['shop'] } }],
  ] as const) {
    test(`attaches a policy and takes it off again, and is refused nothing: ${name}`, async () => {
      const before = (await cluster.audit(USER)).length;
      await start(values);
      await until('the policy is accepted', accepted);
      const attached = async (): Promise<string> =>
        await cluster.kubectl(['get', 'envoyextensionpolicies', '-n', 'shop', '-o', 'name']);
      await until('it is attached', async () => (await attached()) !== '');
      const made = async (kind: string): Promise<string> =>
        await cluster.kubectl([
          'get',
          kind,
          '-n',
          NAMESPACE,
          '-l',
          'app.kubernetes.io/managed-by=waxseal',
          '-o',
          'name',
        ]);
      for (const kind of ['services', `referencegrants.${GATEWAY_API}`]) {
        await until(`its ${kind} are there`, async () => (await made(kind)) !== '');
      }
      await cluster.kubectl(['delete', 'wssp', 'orders', '-n', 'shop']);
      await until('it is taken off', async () => (await attached()) === '');
      for (const kind of ['services', `referencegrants.${GATEWAY_API}`]) {
        await until(`its ${kind} are gone`, async () => (await made(kind)) === '');
      }

      const events = (await cluster.audit(USER)).slice(before);
      assert.ok(events.length > 20);
      // An apply that may patch and may not create is allowed at the door and refused behind it.
      const refused = events.filter(({ responseStatus }) => responseStatus?.code === 403);
      assert.deepEqual(
        refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`),
        [],
      );
    });
  }
});
