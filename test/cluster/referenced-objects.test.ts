import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import pino from 'pino';
import { loadCluster, type Cluster } from '../../operator/kubernetes/client.ts';
import { ForbiddenError } from '../../operator/kubernetes/errors.ts';
import { ReferencedObjects } from '../../operator/kubernetes/referenced-objects.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import type { MaterialObject } from '../../policy/reference-grants.ts';
import { startCluster, type TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { until } from '../../scripts/local/until.ts';
import { FaultyProxy } from './support/faulty-proxy.ts';

const logger = pino({ level: 'silent' });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('objects that policies refer to', () => {
  let server: TestCluster;
  let admin: Cluster;
  let cluster: Cluster;
  let objects: ReferencedObjects;
  let namespace = '';
  let count = 0;
  const told: string[] = [];

  before(async () => {
    server = await startCluster();
    admin = loadCluster({ kubeconfig: server.kubeconfig });
  });
  after(async () => {
    await objects?.stop();
    for (const each of [admin, cluster]) each?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    await objects?.stop();
    cluster?.close();
    namespace = `n${++count}`;
    await server.kubectl(['create', 'namespace', namespace]);
    await server.kubectl(['create', 'serviceaccount', 'operator', '-n', namespace]);
    cluster = loadCluster({ kubeconfig: await server.serviceAccountKubeconfig(namespace, 'operator') });
    objects = new ReferencedObjects({ cluster, logger });
    told.length = 0;
    objects.onChange(({ kind, name }) => told.push(`${kind}/${name}`));
  });

  async function grant(resources = 'secrets,configmaps'): Promise<void> {
    const rules = ['--verb=get,list,watch', `--resource=${resources}`];
    await server.kubectl(['create', 'role', 'reader', '-n', namespace, ...rules]);
    const account = `--serviceaccount=${namespace}:operator`;
    await server.kubectl(['create', 'rolebinding', 'reader', '-n', namespace, '--role=reader', account]);
  }

  const secret = (name: string, value: string): KubernetesObject => ({
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: 'Opaque' },
    data: { value: base64(value) },
  });
  const refer = (name: string, kind: MaterialObject['kind'] = 'Secret'): MaterialObject => ({
    kind,
    namespace,
    name,
  });
  const valueOf = (name: string): string | undefined => {
    const value = objects.get('Secret', namespace, name)?.data['value'];
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
  };

  void test('are known as they are, as they change, when they go and when they come again', async () => {
    await grant();
    await admin.apply(secret('keys', 'one'));
    await admin.apply({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ca', namespace } },
      data: { 'ca.crt': 'text' },
    });
    objects.want([refer('keys'), refer('ca', 'ConfigMap'), refer('missing')]);
    assert.equal(objects.synced, false);
    assert.equal(objects.settled(refer('keys')), false);
    await until('all are settled', () => objects.synced);
    assert.equal(valueOf('keys'), 'one');
    assert.deepEqual({ ...objects.get('ConfigMap', namespace, 'ca')?.data }, { 'ca.crt': base64('text') });
    assert.equal(objects.get('Secret', namespace, 'missing'), undefined);
    assert.deepEqual(told.toSorted(), ['ConfigMap/ca', 'Secret/keys', 'Secret/missing']);

    await admin.apply(secret('keys', 'two'));
    const rotation = await until('the rotation is seen', () => valueOf('keys') === 'two');
    await admin.delete(secret('keys', ''));
    await until('the deletion is seen', () => objects.get('Secret', namespace, 'keys') === undefined);
    await admin.apply(secret('keys', 'three'));
    await until('the new one is seen', () => valueOf('keys') === 'three');
    await admin.apply(secret('missing', 'here'));
    await until('what was missing is seen', () => valueOf('missing') === 'here');
    assert.ok(rotation < 2000, `the rotation took ${rotation} ms`);
  });

  void test('stay the identical object, and nobody is told, while their data is the same', async () => {
    await grant();
    await admin.apply(secret('keys', 'one'));
    objects.want([refer('keys')]);
    await until('it is there', () => objects.synced);
    const before = objects.get('Secret', namespace, 'keys');
    told.length = 0;
    await server.kubectl(['label', 'secret', 'keys', '-n', namespace, 'team=a']);
    await admin.apply(secret('other', 'x'));
    objects.want([refer('other'), refer('keys')]);
    await until('the other is there', () => valueOf('other') === 'x');
    assert.equal(objects.get('Secret', namespace, 'keys'), before);
    assert.ok(told.length > 0 && told.every((name) => name === 'Secret/other'));
  });

  void test('are the only ones whose data is asked for, among hundreds', async () => {
    await grant();
    const names = Array.from({ length: 600 }, (_, index) => `s${index}`);
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((name) => admin.create(secret(name, name))));
    }
    const wanted = names.filter((_, index) => index % 60 === 0);
    const proxy = await FaultyProxy.start(server);
    const through = loadCluster({ kubeconfig: proxy.kubeconfig });
    const chunks: Buffer[] = [];
    proxy.onData = (chunk) => chunks.push(chunk);
    const own = new ReferencedObjects({ cluster: through, logger });
    own.want(wanted.map((name) => refer(name)));
    await until('all are settled', () => own.synced);
    await Promise.all(names.slice(0, 20).map((name) => admin.apply(secret(name, `new ${name}`))));
    const value = (name: string): string | undefined => own.get('Secret', namespace, name)?.data['value'];
    await until('the change is seen', () => value('s0') === base64('new s0'));
    assert.deepEqual(wanted.slice(1).map(value), wanted.slice(1).map(base64));
    await own.stop();
    through.close();
    await proxy.stop();

    const paths = proxy.lists.filter((url) => !url.includes('?')).map((url) => url.split('/').at(-1));
    assert.deepEqual(new Set(paths), new Set(wanted));
    const sent = Buffer.concat(chunks).toString('latin1');
    const seen = names.filter(
      (name) => sent.includes(`"${base64(name)}"`) || sent.includes(`"${base64(`new ${name}`)}"`),
    );
    assert.deepEqual(seen, wanted);
  });

  void test('are not watched any more when nobody refers to them', async () => {
    await grant();
    await admin.apply(secret('keys', 'one'));
    objects.want([refer('keys')]);
    await until('it is there', () => valueOf('keys') === 'one');
    objects.want([]);
    assert.equal(objects.synced, true);
    assert.equal(objects.get('Secret', namespace, 'keys'), undefined);
    told.length = 0;
    await admin.apply(secret('keys', 'two'));
    objects.want([refer('keys')]);
    await until('it is there again', () => valueOf('keys') === 'two');
    assert.deepEqual(told, ['Secret/keys']);
  });

  void test('that may not be read are settled with the reason, and come when they may', async () => {
    await grant('configmaps');
    await admin.apply(secret('keys', 'one'));
    objects.want([refer('keys'), refer('ca', 'ConfigMap')]);
    await until('all are settled', () => objects.synced);
    const reason = objects.forbidden(refer('keys'));
    assert.ok(reason instanceof ForbiddenError);
    assert.match(reason.message, /lacks verb "list" on resource "secrets"/);
    assert.deepEqual([valueOf('keys'), objects.forbidden(refer('ca', 'ConfigMap'))], [undefined, undefined]);
    await server.kubectl(['delete', 'role,rolebinding', 'reader', '-n', namespace]);
    await grant();
    await until('it is there', () => valueOf('keys') === 'one');
    assert.equal(objects.forbidden(refer('keys')), undefined);
  });

  void test('are read again after the API server was away, with nothing missed', async () => {
    await grant();
    for (const name of ['a', 'b']) await admin.apply(secret(name, 'one'));
    objects.want([refer('a'), refer('b')]);
    await until('both are there', () => valueOf('a') === 'one' && valueOf('b') === 'one');
    await server.stopApiServer();
    await server.startApiServer();
    await admin.delete(secret('a', ''));
    await admin.apply(secret('b', 'two'));
    await until('both changes are seen', () => valueOf('a') === undefined && valueOf('b') === 'two');
  });
});
