/** `waxseal export`, `import` and `usage` against a real API server. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { exportCommand } from '../../cli/export.ts';
import { importCommand } from '../../cli/import.ts';
import { usageCommand } from '../../cli/usage.ts';
import { readArchive } from '../../policy/archive/archive.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { installCrds } from '../../scripts/local/kubernetes/envoy-gateway.ts';
import { until } from '../../scripts/local/until.ts';
import { runCommand } from '../support/waxseal-command.ts';

const namespace = (name: string): KubernetesObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const policy = (name: string, spec: object): KubernetesObject => ({
  ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'WSSecurityPolicy', metadata: { name, namespace: 'shop' }, spec },
});
const SECRET: KubernetesObject = {
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', namespace: 'prod' } },
  stringData: { username: 'acme', password: 'TOP-SECRET-VALUE' },
};
const credentials = { secretRef: { name: 'login' } };
const orders = { request: { secure: { usernameToken: { credentials, passwordType: 'Digest' } } } };

/** Admission that refuses policies of a name. */
function denial(name: string): KubernetesObject[] {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const rule = { apiGroups: ['waxseal.dev'], apiVersions: ['*'], operations: ['*'], resources: ['*'] };
  return [
    {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicy', metadata: { name: 'denial' } },
      spec: {
        matchConstraints: { resourceRules: [rule] },
        validations: [{ expression: `object.metadata.name != '${name}'`, message: 'denied by a test' }],
      },
    },
    {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name: 'denial' } },
      spec: { policyName: 'denial', validationActions: ['Deny'] },
    },
  ];
}

describe('from one namespace to another', () => {
  let cluster: TestCluster;
  let folder: string;
  let zip: string;
  const flags = (): string[] => ['--kubeconfig', cluster.kubeconfig];
  const importInto = (...args: string[]) => runCommand(importCommand(), [zip, '-n', 'prod', ...flags(), ...args]);
  const inProd = (name: string) => cluster.get<{ spec?: { mode?: string } }>('wssp', name, '-n', 'prod');
  const namesInProd = async () =>
    (await cluster.get<{ items: KubernetesObject[] }>('wssp', '-n', 'prod')).items.map(({ metadata }) => metadata.name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waxseal-archive-'));
    zip = join(folder, 'shop.zip');
    cluster = await startCluster();
    for (const file of ['waxseal.dev_wssecuritypolicies.yaml', 'waxseal.dev_securitytokenservices.yaml']) {
      const crd = readFileSync(new URL(`../../crds/${file}`, import.meta.url), 'utf8');
      await cluster.kubectl(['apply', '--server-side', '-f', '-'], crd);
    }
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s']);
    await cluster.apply(namespace('shop'), namespace('prod'), SECRET);
    await cluster.apply(policy('orders', orders), policy('guard', { unmatched: 'Refuse' }));
  });
  after(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true });
  });

  test('export: what users wrote, without what the API server added', async () => {
    const { code, err } = await runCommand(exportCommand(), ['-n', 'shop', '-o', zip, ...flags()]);
    assert.deepEqual([code, err], [0, '']);
    const archive = readArchive(readFileSync(zip));
    assert.deepEqual(
      archive.objects.map(({ metadata }) => metadata),
      [{ name: 'guard' }, { name: 'orders' }],
    );
    assert.deepEqual(archive.needs, [
      { kind: 'Secret', name: 'login', keys: ['username and password'], usedBy: ['WSSecurityPolicy/orders'] },
    ]);
  });

  test('a dry run writes nothing; then everything is created, and is unchanged the next time', async () => {
    const dry = await importInto('--dry-run');
    assert.equal(dry.code, 0, dry.err);
    assert.match(dry.out, /2 created, 0 changed, 0 unchanged; nothing was written/);
    assert.doesNotMatch(dry.out, /Missing|TOP-SECRET/);
    assert.deepEqual(await namesInProd(), []);
    assert.equal((await importInto()).code, 0);
    assert.deepEqual(await namesInProd(), ['guard', 'orders']);
    assert.match((await importInto()).out, /0 created, 0 changed, 2 unchanged/);
  });

  test('what was edited in the cluster is changed with --overwrite only', async () => {
    await cluster.kubectl(['patch', 'wssp', 'guard', '-n', 'prod', '--type=merge', '-p', '{"spec":{"mode":"Audit"}}']);
    const refused = await importInto();
    assert.equal(refused.code, 2);
    assert.match(refused.err, /guard is there already, and it was edited after it was imported/);
    assert.equal((await inProd('guard')).spec?.mode, 'Audit');
    const changed = await importInto('--overwrite');
    assert.match(changed.out, /- spec.mode: "Audit"\n +\+ spec.mode: "Enforce"/);
    assert.match((await importInto()).out, /2 unchanged/);
  });

  test('all or nothing: what admission refuses keeps the rest away', async () => {
    await cluster.kubectl(['delete', 'wssp', '--all', '-n', 'prod']);
    await cluster.apply(...denial('orders'));
    const denied = async () => {
      const text = JSON.stringify({ ...policy('orders', orders), metadata: { name: 'orders', namespace: 'prod' } });
      const asked = cluster.kubectl(['create', '--dry-run=server', '-f', '-'], text);
      return asked.then(
        () => false,
        () => true,
      );
    };
    await until('admission refuses', denied);
    const refused = await importInto();
    assert.equal(refused.code, 2, refused.out);
    assert.match(refused.err, /denied by a test/);
    assert.deepEqual(await namesInProd(), []);
    await cluster.kubectl(['delete', 'validatingadmissionpolicybinding', 'denial']);
    await until('admission accepts', async () => !(await denied()));
  });

  test('Secrets that may not be read are not said to be missing', async () => {
    await cluster.kubectl(['create', 'serviceaccount', 'deployer', '-n', 'prod']);
    await cluster.kubectl([
      'create',
      'role',
      'deployer',
      '-n',
      'prod',
      '--verb=*',
      '--resource=wssecuritypolicies.waxseal.dev,securitytokenservices.waxseal.dev',
    ]);
    await cluster.kubectl([
      'create',
      'rolebinding',
      'deployer',
      '-n',
      'prod',
      '--role=deployer',
      '--serviceaccount=prod:deployer',
    ]);
    const kubeconfig = await cluster.serviceAccountKubeconfig('prod', 'deployer');
    const { code, out, err } = await runCommand(importCommand(), [zip, '-n', 'prod', '--kubeconfig', kubeconfig]);
    assert.equal(code, 0, err);
    assert.match(out, /Not known: Secret prod\/login .*you may not read it/);
    assert.doesNotMatch(out, /Missing/);
  });

  test('a context that the kubeconfig does not have', async () => {
    const { code, err } = await importInto('--context', 'moon');
    assert.equal(code, 2);
    assert.match(err, /has no context moon; it has: /);
  });

  test('usage, also where Gateway API is not installed', async () => {
    const bare = await runCommand(usageCommand(), flags());
    assert.equal(bare.code, 0, bare.err);
    assert.match(bare.out, /^shop\/orders +Enforce +where Envoy's own configuration names it$/m);
    const group = 'gateway.networking.k8s.io';
    await installCrds(cluster);
    const at = (kind: string, name: string, spec: object) => ({
      ...{ apiVersion: `${group}/v1`, kind, metadata: { name, namespace: 'shop' }, spec },
    });
    await cluster.apply(
      at('Gateway', 'public', {
        gatewayClassName: 'absent',
        listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
      }),
      at('HTTPRoute', 'web', { parentRefs: [{ name: 'public' }], rules: [{}] }),
    );
    const { out } = await runCommand(usageCommand(), flags());
    assert.match(out, /^shop\/web +shop\/public +none: open$/m);
  });
});
