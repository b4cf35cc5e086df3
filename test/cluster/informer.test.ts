import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import pino from 'pino';
import { loadCluster, type Cluster } from '../../operator/kubernetes/client.ts';
import { ForbiddenError } from '../../operator/kubernetes/errors.ts';
import { Informer, type InformerOptions } from '../../operator/kubernetes/informer.ts';
import {
  CONFIG_MAPS,
  EXTENSION_POLICIES,
  GATEWAY_CLASSES,
  TRAFFIC_POLICIES,
} from '../../operator/kubernetes/resources.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { until } from '../../scripts/local/until.ts';
import { FaultyProxy } from './support/faulty-proxy.ts';
import { openCrd } from './support/open-crd.ts';

const TIMING = { inactivityMs: 1500, absentMs: 200, backoff: { baseMs: 20, maxMs: 200 } };

describe('an informer', () => {
  let server: TestCluster;
  let admin: Cluster;
  let proxy: FaultyProxy;
  let through: Cluster;
  let namespace = '';
  let count = 0;
  const log: { level: string; msg: string; reason?: string; end?: string }[] = [];
  const logger = pino(
    { level: 'debug', formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => void log.push(JSON.parse(line) as (typeof log)[number]) },
  );
  const running: Informer<KubernetesObject>[] = [];

  before(async () => {
    server = await startCluster();
    admin = loadCluster({ kubeconfig: server.kubeconfig });
    proxy = await FaultyProxy.start(server);
    through = loadCluster({ kubeconfig: proxy.kubeconfig });
  });
  after(async () => {
    await stopAll();
    admin?.close();
    through?.close();
    await proxy?.stop();
    await server?.stop();
  });
  beforeEach(async () => {
    await stopAll();
    log.length = 0;
    proxy.status = undefined;
    proxy.lists.length = proxy.watches.length = 0;
    namespace = `n${++count}`;
    await server.kubectl(['create', 'namespace', namespace]);
  });

  async function stopAll(): Promise<void> {
    await Promise.all(running.splice(0).map((informer) => informer.stop()));
  }

  function inform(options: Partial<InformerOptions> = {}): { informer: Informer<KubernetesObject>; keys: string[] } {
    const informer = new Informer<KubernetesObject>({
      cluster: through,
      resource: CONFIG_MAPS,
      namespaces: [namespace],
      logger,
      timing: TIMING,
      ...options,
    });
    const keys: string[] = [];
    informer.onChange((key) => keys.push(key));
    informer.start();
    running.push(informer);
    return { informer, keys };
  }

  const configMap = (name: string, value = 'x', data: object = { value }): KubernetesObject => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } },
    data,
  });
  const valueOf = (informer: Informer<KubernetesObject>, name: string): unknown =>
    (informer.get(namespace, name)?.['data'] as { value?: string } | undefined)?.value;

  void test('knows what is there, what comes, changes and goes, without managedFields', async () => {
    await admin.apply(configMap('a', '1'));
    const { informer, keys } = inform();
    assert.equal(informer.synced, false);
    await informer.whenSynced();
    assert.equal(valueOf(informer, 'a'), '1');
    await admin.apply(configMap('b', '1'));
    await until('b is there', () => valueOf(informer, 'b') === '1');
    await admin.apply(configMap('b', '2'));
    await until('b changes', () => valueOf(informer, 'b') === '2');
    await admin.delete(configMap('a'));
    await until('a is gone', () => informer.get(namespace, 'a') === undefined);
    assert.deepEqual(
      keys,
      ['a', 'b', 'b', 'a'].map((name) => `${namespace}/${name}`),
    );
    const items = [...informer.items()];
    assert.deepEqual(
      items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, 'managedFields' in metadata]),
      [['ConfigMap', 'v1', false]],
    );
  });

  void test('reads long lists page by page, and sees the identical object where nothing has changed', async () => {
    const names = Array.from({ length: 501 }, (_, index) => `m${index}`);
    while (names.length > 0) await Promise.all(names.splice(0, 50).map((name) => admin.create(configMap(name))));
    const { informer, keys } = inform();
    await informer.whenSynced();
    assert.equal([...informer.items()].length, 501);
    assert.equal(proxy.lists.length, 2);
    const before = informer.get(namespace, 'm7');
    keys.length = 0;
    await until('it watches', () => proxy.open === 1);
    // Something that no watch can go on after, so that everything is listed again.
    proxy.inject('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n');
    await until('a second list', () => proxy.lists.length === 4 && proxy.watches.length > 1);
    assert.equal(informer.get(namespace, 'm7'), before);
    assert.deepEqual(keys, []);
  });

  void test('misses nothing while the connection is cut, and goes on from where it was', async () => {
    await admin.apply(configMap('kept'));
    const { informer } = inform();
    await informer.whenSynced();
    await admin.apply(configMap('last', '1'));
    await until('the watch delivers', () => valueOf(informer, 'last') === '1');
    const { resourceVersion } = informer.get(namespace, 'last')?.metadata ?? {};
    proxy.lists.length = proxy.watches.length = 0;
    proxy.status = 503;
    proxy.cut();
    await admin.delete(configMap('kept'));
    await admin.apply(configMap('new', '1'));
    await until('it has tried', () => proxy.watches.length >= 2);
    proxy.status = undefined;
    await until('the deletion is noticed', () => informer.get(namespace, 'kept') === undefined);
    await until('the new one is noticed', () => valueOf(informer, 'new') === '1');
    assert.equal(proxy.watches[0], resourceVersion);
    assert.deepEqual(proxy.lists, []);
  });

  void test('notices by the next list what was deleted when the watch cannot go on', async () => {
    for (const name of ['a', 'b', 'c']) await admin.apply(configMap(name, '1'));
    const { informer, keys } = inform();
    await informer.whenSynced();
    keys.length = 0;
    proxy.status = 410;
    proxy.cut();
    await admin.delete(configMap('b'));
    await admin.delete(configMap('c'));
    await admin.apply(configMap('c', 'another'));
    const lists = proxy.lists.length;
    await until('it lists again, in vain yet', () => proxy.lists.length > lists);
    proxy.status = undefined;
    await until('b is gone', () => informer.get(namespace, 'b') === undefined);
    await until('c is another', () => valueOf(informer, 'c') === 'another');
    assert.ok(keys.includes(`${namespace}/b`) && keys.includes(`${namespace}/c`));
    assert.ok(!keys.includes(`${namespace}/a`));
  });

  void test('gives up a connection on which nothing comes any more', async () => {
    const { informer } = inform();
    await informer.whenSynced();
    await until('it watches', () => proxy.open === 1);
    proxy.freeze();
    await admin.apply(configMap('meanwhile', '1'));
    proxy.thaw();
    await until('it is noticed', () => valueOf(informer, 'meanwhile') === '1');
    assert.ok(log.some(({ end }) => end === 'silent'));
  });

  void test('survives garbage, half events and answers that are none', async () => {
    const { informer } = inform();
    await informer.whenSynced();
    await until('it watches', () => proxy.open === 1);
    const garbage = [
      'garbage\n',
      '{"type":"ADDED"}\n',
      '{"type":"ADDED","object":{}}\n',
      '{"type":"SOMETHING","object":{"metadata":{"name":"x","resourceVersion":"1"}}}\n',
      'null\n',
      '\u0000\n',
      `${'x'.repeat(17 * 1024 * 1024)}`,
    ];
    for (const [index, text] of garbage.entries()) {
      const before = proxy.watches.length;
      proxy.inject(text);
      await until(`it watches again after ${text.slice(0, 30)}`, () => proxy.watches.length > before);
      await admin.apply(configMap('after', String(index)));
      await until(`it works after ${text.slice(0, 30)}`, () => valueOf(informer, 'after') === String(index));
    }
    for (const status of [200, 401, 403, 404, 429, 500, 502]) {
      proxy.status = status;
      proxy.cut();
      const before = proxy.watches.length + proxy.lists.length;
      await until(`it has tried against ${status}`, () => proxy.watches.length + proxy.lists.length > before + 1);
      proxy.status = undefined;
      await admin.apply(configMap('after', `status ${status}`));
      await until(`it works after ${status}`, () => valueOf(informer, 'after') === `status ${status}`);
    }
  });

  void test('a kind of which there are objects is not taken for gone because it is unknown for a moment', async () => {
    await admin.apply(configMap('a', '1'));
    const { informer, keys } = inform();
    await informer.whenSynced();
    proxy.status = 404;
    const before = proxy.watches.length + proxy.lists.length;
    proxy.cut();
    await until('it has tried', () => proxy.watches.length + proxy.lists.length > before + 1);
    assert.equal(valueOf(informer, 'a'), '1');
    proxy.status = undefined;
    await admin.apply(configMap('a', '2'));
    await until('it watches again', () => valueOf(informer, 'a') === '2');
    proxy.status = 404;
    proxy.cut();
    await until('it is taken for gone in the end', () => valueOf(informer, 'a') === undefined);
    assert.ok(keys.length >= 3);
  });

  void test('what a handler throws is logged and keeps nothing from the others', async () => {
    const { informer } = inform();
    const seen: string[] = [];
    informer.onChange(() => {
      throw new Error('the handler is broken');
    });
    informer.onChange((key) => seen.push(key));
    await informer.whenSynced();
    await admin.apply(configMap('a'));
    await admin.apply(configMap('b'));
    await until('both are told', () => seen.length === 2);
    assert.equal(log.filter(({ level, msg }) => level === 'error' && msg === 'a handler failed').length, 2);
  });

  void test('a kind that is not installed counts as read and empty, and is noticed when it appears', async () => {
    const { informer, keys } = inform({ resource: TRAFFIC_POLICIES });
    await informer.whenSynced();
    assert.deepEqual([...informer.items()], []);
    const crd = openCrd('gateway.envoyproxy.io', 'v1alpha1', 'ClientTrafficPolicy');
    await server.apply(crd);
    await server.kubectl(['wait', '--for=condition=Established', 'crd', crd.metadata.name]);
    const object = { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'ClientTrafficPolicy' };
    await server.apply({ ...object, metadata: { name: 'a', namespace } });
    await until('it is there', () => informer.get(namespace, 'a') !== undefined);
    await server.kubectl(['delete', 'crd', crd.metadata.name]);
    await until('it is gone with its kind', () => informer.get(namespace, 'a') === undefined);
    assert.deepEqual([...new Set(keys)], [`${namespace}/a`]);
    assert.deepEqual(
      log.filter(({ level }) => level === 'warn' || level === 'error'),
      [],
    );
  });

  void test('a kind that must be installed and is not, is not read', async () => {
    const { informer } = inform({ resource: TRAFFIC_POLICIES, required: true });
    await until('it says so', () => log.some(({ reason }) => reason?.includes('clienttrafficpolicies') === true));
    assert.equal(informer.synced, false);
  });

  void test('watches some namespaces or all of them', async () => {
    const other = `${namespace}-other`;
    await server.kubectl(['create', 'namespace', other]);
    await server.kubectl(['create', 'configmap', 'elsewhere', '-n', other]);
    await admin.apply(configMap('here'));
    const some = inform({ namespaces: [namespace, 'not-there'] }).informer;
    const all = inform({ namespaces: undefined }).informer;
    await Promise.all([some.whenSynced(), all.whenSynced()]);
    assert.deepEqual(
      [...some.items()].map(({ metadata }) => metadata.name),
      ['here'],
    );
    assert.ok(all.get(other, 'elsewhere') !== undefined && all.get(namespace, 'here') !== undefined);
    // A kind without namespaces is watched as a whole, whatever the namespaces.
    const classes = inform({ resource: GATEWAY_CLASSES }).informer;
    await classes.whenSynced();
    assert.ok(proxy.lists.some((url) => url.startsWith('/apis/gateway.networking.k8s.io/v1/gatewayclasses?')));
  });

  void test('without rights it says once which are missing, and begins when they are given', async () => {
    const account = ['create', 'serviceaccount', 'poor', '-n', namespace];
    await server.kubectl(account);
    const poor = loadCluster({ kubeconfig: await server.serviceAccountKubeconfig(namespace, 'poor') });
    const errors: unknown[] = [];
    const { informer } = inform({ cluster: poor, onError: (error) => errors.push(error) });
    await until('it has tried', () => errors.length > 3);
    assert.equal(informer.synced, false);
    const [warning, ...more] = log.filter(({ level }) => level === 'warn');
    assert.deepEqual(more, []);
    assert.equal(
      warning?.reason,
      `system:serviceaccount:${namespace}:poor may not list configmaps in namespace ${namespace}: the Role bound to it in ` +
        `namespace ${namespace} (or its ClusterRole) lacks verb "list" on resource "configmaps" of API group ""`,
    );
    assert.ok(errors[0] instanceof ForbiddenError);
    await server.kubectl(['create', 'role', 'r', '-n', namespace, '--verb=list,watch', '--resource=configmaps']);
    await server.kubectl([
      'create',
      'rolebinding',
      'r',
      '-n',
      namespace,
      '--role=r',
      `--serviceaccount=${namespace}:poor`,
    ]);
    await informer.whenSynced();
    await admin.apply(configMap('a', '1'));
    await until('it watches', () => valueOf(informer, 'a') === '1');
    poor.close();
  });

  void test('a renewed token in the kubeconfig is taken up', async () => {
    const config = await readFile(server.kubeconfig, 'utf8');
    const file = join(server.folder, 'renewed.kubeconfig');
    // What was read first has expired meanwhile; the file has a new one.
    const spoilt = JSON.parse(config) as { users: { user: { token: string } }[] };
    for (const { user } of spoilt.users) user.token = 'expired';
    await writeFile(file, JSON.stringify(spoilt));
    const late = loadCluster({ kubeconfig: file });
    await writeFile(file, config);
    await inform({ cluster: late }).informer.whenSynced();
    assert.ok(log.some(({ reason }) => reason?.includes('credentials are wrong or have expired') === true));
    late.close();
  });

  void test('outlives the API server', async () => {
    for (const name of ['a', 'b']) await admin.apply(configMap(name, '1'));
    const own = loadCluster({ kubeconfig: server.kubeconfig });
    const { informer } = inform({ cluster: own });
    const { informer: absent } = inform({ cluster: own, resource: EXTENSION_POLICIES });
    await Promise.all([informer.whenSynced(), absent.whenSynced()]);
    await server.stopApiServer();
    await until('it is noticed', () => log.some(({ level }) => level === 'warn'));
    assert.equal(valueOf(informer, 'a'), '1');
    await server.startApiServer();
    await admin.delete(configMap('a'));
    await admin.apply(configMap('b', '2'));
    await until('the deletion is noticed', () => informer.get(namespace, 'a') === undefined);
    await until('the change is noticed', () => valueOf(informer, 'b') === '2');
    assert.ok(log.some(({ msg }) => msg === 'watching again'));
    own.close();
  });
});
