import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { kubeConfigSource } from './kubeconfig.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'waxseal-kubeconfig-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function kubeconfig(name: string, server: string): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  const content = {
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(file, JSON.stringify(content));
  return file;
}

void test('the file that is given goes before $KUBECONFIG, and that before the usual place', async () => {
  const given = await kubeconfig('given', 'https://given');
  const named = await kubeconfig('named', 'https://named');
  await kubeconfig('home/.kube/config', 'https://usual');
  const HOME = path.join(folder, 'home');
  const serverOf = (file: string | undefined, env: NodeJS.ProcessEnv): string | undefined =>
    kubeConfigSource(file, env).load().getCurrentCluster()?.server;
  assert.equal(serverOf(given, { KUBECONFIG: named, HOME }), 'https://given');
  assert.equal(serverOf(undefined, { KUBECONFIG: named, HOME }), 'https://named');
  assert.equal(serverOf(undefined, { HOME }), 'https://usual');
});

void test('without any it says where it looked', () => {
  const HOME = path.join(folder, 'nobody');
  assert.throws(
    () => kubeConfigSource(undefined, { HOME }),
    /no --kubeconfig, no service account .*, no \$KUBECONFIG and no .*nobody\/\.kube\/config/,
  );
});

void test('one that cannot be read or has no current cluster is named', async () => {
  const broken = path.join(folder, 'broken');
  await writeFile(broken, '{ "clusters": [');
  const empty = path.join(folder, 'empty');
  await writeFile(empty, '{}');
  assert.throws(() => kubeConfigSource(broken).load(), /^Error: --kubeconfig .*broken cannot be read: /);
  assert.throws(() => kubeConfigSource(empty).load(), /^Error: --kubeconfig .*empty names no current cluster$/);
  assert.throws(() => kubeConfigSource(path.join(folder, 'missing')).load(), /missing cannot be read: ENOENT/);
});

void test('it is read again each time, as tokens in it are renewed', async () => {
  const file = await kubeconfig('renewed', 'https://before');
  const source = kubeConfigSource(file);
  assert.equal(source.load().getCurrentCluster()?.server, 'https://before');
  await kubeconfig('renewed', 'https://after');
  assert.equal(source.load().getCurrentCluster()?.server, 'https://after');
});
