/** What the chart's service accounts may do: exactly that, as the API server's authorizer says. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { helm } from '../../scripts/local/kubernetes/helm.ts';
import { CHART, NAMESPACE } from './support/chart.ts';
import { openCrd } from './support/open-crd.ts';

interface RulesReview {
  readonly status: {
    readonly incomplete: boolean;
    readonly resourceRules: readonly {
      readonly verbs: readonly string[];
      readonly apiGroups: readonly string[];
      readonly resources: readonly string[];
      readonly resourceNames?: readonly string[];
    }[];
  };
}

const READ = ['get', 'list', 'watch'];
/** By server-side apply. */
const WRITE = ['create', 'delete', 'patch'];

const CLUSTER_WIDE = each(READ, ['gatewayclasses.gateway.networking.k8s.io']);
const WATCHED = [
  ...each(READ, [
    ...['secrets', 'configmaps', 'services', 'wssecuritypolicies.waxseal.dev', 'securitytokenservices.waxseal.dev'],
    ...['gateways', 'httproutes', 'referencegrants'].map((name) => `${name}.gateway.networking.k8s.io`),
  ]),
  ...each(['update'], ['wssecuritypolicies/status.waxseal.dev', 'securitytokenservices/status.waxseal.dev']),
  ...each(
    [...READ, ...WRITE],
    [
      ...['clienttrafficpolicies', 'envoyextensionpolicies'].map((name) => `${name}.gateway.envoyproxy.io`),
      'envoyfilters.networking.istio.io',
    ],
  ),
  ...each(['create', 'patch'], ['events.events.k8s.io']),
];
const CERTIFICATES = ['waxseal-ca', 'waxseal-operator-tls', 'waxseal-extproc-tls'].map((name) => `secrets ${name}`);
const SYSTEM = [
  ...each(['get', 'update'], ['leases.coordination.k8s.io waxseal-operator']),
  'create leases.coordination.k8s.io',
  ...each(WRITE, ['services', 'referencegrants.gateway.networking.k8s.io']),
];

/** `verb resource.group` or `verb resource.group name`, for each of each. */
function each(verbs: readonly string[], objects: readonly string[]): string[] {
  return verbs.flatMap((verb) => objects.map((object) => `${verb} ${object}`));
}

const sorted = (rights: readonly string[]): string[] => [...new Set(rights)].sort();

describe('rights of the service accounts', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster({ controllers: true });
    const names = [NAMESPACE, 'shop', 'billing', 'other'];
    await cluster.apply(
      ...names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
      openCrd('cert-manager.io', 'v1', 'Issuer'),
      openCrd('cert-manager.io', 'v1', 'Certificate'),
    );
    await install({});
  });
  after(() => cluster.stop());

  async function install(values: object): Promise<void> {
    const args = ['upgrade', '--install', 'waxseal', CHART, '--namespace', NAMESPACE, '-f', '-'];
    await helm(args, { kubeconfig: cluster.kubeconfig, input: JSON.stringify(values) });
  }

  /** Everything that a service account of the release may do in a namespace, without what everybody may. */
  async function rights(account: string, namespace: string): Promise<string[]> {
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
    const group = `system:serviceaccounts:${NAMESPACE}`;
    const printed = await cluster.kubectl(
      [
        ...[
          'create',
          '--validate=false',
          '-f',
          '-',
          '-o',
          'json',
          `--as=system:serviceaccount:${NAMESPACE}:${account}`,
        ],
        ...['--as-group=system:serviceaccounts', `--as-group=${group}`, '--as-group=system:authenticated'],
      ],
      JSON.stringify(review),
    );
    const { status } = JSON.parse(printed) as RulesReview;
    assert.equal(status.incomplete, false);
    const all = status.resourceRules.flatMap(({ verbs, apiGroups, resources, resourceNames }) => {
      const objects = resources.flatMap((resource) =>
        apiGroups.map((api) => (api === '' ? resource : `${resource}.${api}`)),
      );
      const named = objects.flatMap((object) => resourceNames?.map((name) => `${object} ${name}`) ?? [object]);
      return each(verbs, named);
    });
    return sorted(all.filter((right) => !/ self\w+\.(authorization|authentication)\.k8s\.io$/.test(right)));
  }

  const mayI = async (account: string, verb: string, resource: string, namespace: string): Promise<boolean> => {
    const as = `--as=system:serviceaccount:${NAMESPACE}:${account}`;
    // It exits with 1 on "no".
    const answer = await cluster.kubectl(['auth', 'can-i', verb, resource, '-n', namespace, as]).catch(() => 'no');
    return answer.trim() === 'yes';
  };

  test('the data plane: none, anywhere', async () => {
    for (const namespace of [NAMESPACE, 'shop', 'default', 'kube-system']) {
      assert.deepEqual(await rights('waxseal-extproc', namespace), []);
    }
    assert.equal(await mayI('waxseal-extproc', 'get', 'secrets', NAMESPACE), false);
  });

  test('the operator elsewhere: reads what policies name, writes only what attaches them', async () => {
    assert.deepEqual(await rights('waxseal-operator', 'shop'), sorted([...CLUSTER_WIDE, ...WATCHED]));
    assert.equal(await mayI('waxseal-operator', 'get', 'secrets/partner', 'shop'), true);
    for (const verb of ['create', 'update', 'patch', 'delete', 'deletecollection']) {
      assert.equal(await mayI('waxseal-operator', verb, 'secrets', 'shop'), false, verb);
    }
    for (const resource of ['pods', 'pods/exec', 'serviceaccounts/token', 'deployments.apps', 'nodes', 'namespaces']) {
      assert.equal(await mayI('waxseal-operator', 'create', resource, 'shop'), false, resource);
    }
  });

  test('the operator in its own namespace: leases, alias Services and their grants, its three Secrets', async () => {
    assert.deepEqual(
      await rights('waxseal-operator', NAMESPACE),
      sorted([...[...CLUSTER_WIDE, ...WATCHED, ...SYSTEM, 'create secrets'], ...each(['get', 'update'], CERTIFICATES)]),
    );
    assert.equal(await mayI('waxseal-operator', 'update', 'secrets/waxseal-ca', NAMESPACE), true);
    assert.equal(await mayI('waxseal-operator', 'update', 'secrets/sh.helm.release.v1.waxseal.v1', NAMESPACE), false);
    assert.equal(await mayI('waxseal-operator', 'update', 'leases/another', NAMESPACE), false);
  });

  test('with cert-manager, the operator writes no Secret at all', async () => {
    await install({ certificates: { mode: 'certManager' } });
    assert.deepEqual(
      await rights('waxseal-operator', NAMESPACE),
      sorted([...CLUSTER_WIDE, ...WATCHED, ...SYSTEM, ...each(['get'], CERTIFICATES)]),
    );
  });

  test('with watchNamespaces, it has rights in those and its own only', async () => {
    await install({ operator: { watchNamespaces: ['shop', 'billing'] } });
    for (const namespace of ['shop', 'billing']) {
      assert.deepEqual(await rights('waxseal-operator', namespace), sorted([...CLUSTER_WIDE, ...WATCHED]));
    }
    for (const namespace of ['other', 'kube-system']) {
      assert.deepEqual(await rights('waxseal-operator', namespace), sorted(CLUSTER_WIDE));
    }
    assert.deepEqual(
      await rights('waxseal-operator', NAMESPACE),
      sorted([...CLUSTER_WIDE, ...WATCHED, ...SYSTEM, 'create secrets', ...each(['get', 'update'], CERTIFICATES)]),
    );
    assert.equal(await mayI('waxseal-operator', 'get', 'secrets', 'other'), false);
  });

  test('who may view or edit a namespace may do so with its policies', async () => {
    await cluster.kubectl(['create', 'rolebinding', 'viewer', '--clusterrole=view', '--user=vera', '-n', 'shop']);
    await cluster.kubectl(['create', 'rolebinding', 'editor', '--clusterrole=edit', '--user=ed', '-n', 'shop']);
    const can = async (user: string, verb: string): Promise<string> => {
      const answer = await cluster
        .kubectl(['auth', 'can-i', verb, 'wssecuritypolicies.waxseal.dev', '-n', 'shop', `--as=${user}`])
        .catch(() => 'no');
      return answer.trim();
    };
    assert.deepEqual([await can('vera', 'list'), await can('vera', 'create')], ['yes', 'no']);
    assert.deepEqual([await can('ed', 'list'), await can('ed', 'create')], ['yes', 'yes']);
  });
});
