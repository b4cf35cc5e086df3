import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { keySecret, manifestFile, objectManifests, pki, policyManifest, SPECS } from '../../test/support/policies.ts';
import { PolicyFolder } from './policy-folder.ts';

async function start(t: TestContext, prepare: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(path.join(tmpdir(), 'policies-'));
  await prepare(folder);
  const taken: { version: string; policies: string[] }[] = [];
  const refused: string[] = [];
  const watched = new PolicyFolder(folder, {
    now: Date.now,
    taken: (bundle, policies) =>
      taken.push({
        version: bundle.version,
        policies: [...policies.values()].map(({ id, broken }) => (broken === undefined ? id : `${id} broken`)),
      }),
    refused: (problems) => refused.push(problems.map(({ message }) => message).join('; ')),
  });
  await watched.start();
  t.after(async () => {
    await watched.close();
    await rm(folder, { recursive: true });
  });
  return { folder, watched, taken, refused };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    assert.ok(waited < 10_000, 'it did not happen');
    await sleep(20);
  }
}

const write = (folder: string, name: string, text: string) => writeFile(path.join(folder, name), text);

test('changed, new and removed files take effect', async (t) => {
  const { folder, taken, refused } = await start(t, (folder) =>
    write(folder, 'a.yaml', manifestFile({ one: SPECS.sign })),
  );
  assert.deepEqual(taken.at(-1)?.policies, ['shop/one']);
  await write(folder, 'b.yaml', policyManifest('two', SPECS.sign));
  await until(() => taken.length === 2);
  assert.deepEqual(taken.at(-1)?.policies, ['shop/one', 'shop/two']);
  await write(folder, 'b.yaml', policyManifest('two', SPECS.login));
  await until(() => taken.length === 3);
  assert.notEqual(taken[2]?.version, taken[1]?.version);
  await rm(path.join(folder, 'b.yaml'));
  await until(() => taken.length === 4);
  assert.deepEqual(taken.at(-1)?.policies, ['shop/one']);
  assert.equal(taken[3]?.version, taken[0]?.version);
  assert.deepEqual(refused, []);
});

test('a broken file leaves all policies as they were, and says so', async (t) => {
  const { folder, watched, taken, refused } = await start(t, async (folder) => {
    await write(folder, 'a.yaml', manifestFile({ one: SPECS.sign }));
    await write(folder, 'b.yaml', policyManifest('two', SPECS.sign));
  });
  const wrong: [string, RegExp][] = [
    ['{', /b\.yaml:/],
    [policyManifest('two', { requst: {} }), /requst/],
    [
      policyManifest('two', { request: { secure: { kerberos: { servicePrincipal: 'a', keytabRef: { name: 'b' } } } } }),
      /clientPrincipal must be given/,
    ],
  ];
  for (const [text, problem] of wrong) {
    const before = refused.length;
    await write(folder, 'a.yaml', manifestFile({ one: SPECS.login }));
    await write(folder, 'b.yaml', text);
    await until(() => refused.length > before);
    assert.match(watched.details.problems.join('\n'), problem);
  }
  assert.equal(taken.length, 1);
  await write(folder, 'b.yaml', policyManifest('two', SPECS.sign));
  await until(() => taken.length === 2);
  assert.deepEqual(watched.details.problems, []);
});

test('a key that does not fit its certificate is half a change; a Secret that is gone is meant', async (t) => {
  const { folder, taken, refused } = await start(t, async (folder) => {
    await write(folder, 'policy.yaml', policyManifest('one', SPECS.sign));
    await write(folder, 'keys.yaml', keySecret('gateway', pki.signer));
  });
  await write(folder, 'keys.yaml', keySecret('gateway', { ...pki.signer, privateKeyPem: pki.recipient.privateKeyPem }));
  await until(() => refused.length === 1);
  await rm(path.join(folder, 'keys.yaml'));
  await until(() => taken.length === 2);
  assert.deepEqual(taken[1]?.policies, ['shop/one broken']);
  await write(folder, 'keys.yaml', keySecret('gateway', pki.recipient));
  await until(() => taken.length === 3);
  assert.deepEqual(taken[2]?.policies, ['shop/one']);
});

test('a key of another namespace is in use while a ReferenceGrant allows it, and no longer', async (t) => {
  const grant = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ReferenceGrant',
    metadata: { name: 'to-shop', namespace: 'keys' },
    spec: {
      from: [{ group: 'waxseal.dev', kind: 'WSSecurityPolicy', namespace: 'shop' }],
      to: [{ group: '', kind: 'Secret', name: 'gateway' }],
    },
  };
  const { folder, taken, refused } = await start(t, async (folder) => {
    const signature = { keyRef: { name: 'gateway', namespace: 'keys' } };
    await write(folder, 'policy.yaml', policyManifest('one', { request: { secure: { timestamp: {}, signature } } }));
    const secret = JSON.parse(keySecret('gateway', pki.signer)) as { metadata: object };
    secret.metadata = { ...secret.metadata, namespace: 'keys' };
    await write(folder, 'keys.json', JSON.stringify(secret));
    await write(folder, 'grant.json', JSON.stringify(grant));
  });
  assert.deepEqual(taken[0]?.policies, ['shop/one']);
  await rm(path.join(folder, 'grant.json'));
  await until(() => taken.length === 2);
  assert.deepEqual(taken[1]?.policies, ['shop/one broken']);
  assert.deepEqual(refused, []);
});

test('at the start good policies work beside broken ones', async (t) => {
  const { taken } = await start(t, async (folder) => {
    await write(folder, 'a.yaml', manifestFile({ one: SPECS.sign }));
    await write(folder, 'b.yaml', policyManifest('two', { requst: {} }));
  });
  assert.deepEqual(taken[0]?.policies, ['shop/one', 'shop/two broken']);
});

test('a folder that is not there is no configuration, until it is', async (t) => {
  const { folder, taken, refused } = await start(t, (folder) => rm(folder, { recursive: true }));
  assert.equal(taken.length, 0);
  assert.equal(refused.length, 1);
  await mkdir(folder);
  await write(folder, 'a.yaml', manifestFile({ one: SPECS.sign }));
  await until(() => taken.length > 0);
  assert.deepEqual(taken[0]?.policies, ['shop/one']);
});

test('a mounted ConfigMap changes by a link that is exchanged', async (t) => {
  const version = async (folder: string, name: string, text: string) => {
    await mkdir(path.join(folder, name));
    await write(folder, `${name}/policy.yaml`, text);
    await symlink(name, path.join(folder, '..next'));
    await rename(path.join(folder, '..next'), path.join(folder, '..data'));
  };
  const { folder, taken } = await start(t, async (folder) => {
    await version(folder, '..v1', policyManifest('one', SPECS.sign));
    await symlink('..data/policy.yaml', path.join(folder, 'policy.yaml'));
    await write(folder, 'keys.yaml', objectManifests().join('\n---\n'));
  });
  assert.deepEqual(taken[0]?.policies, ['shop/one']);
  await version(folder, '..v2', policyManifest('two', SPECS.sign));
  await until(() => taken.length === 2);
  assert.deepEqual(taken[1]?.policies, ['shop/two']);
});
