import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { stringify } from 'yaml';
import { runCommand } from '../test/support/waxseal-command.ts';
import { keySecret, pki } from '../test/support/policies.ts';
import { writeZip } from '../policy/archive/zip.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';

let folder: string;
let target: string;
const runWaxseal = ([name, ...args]: readonly string[]) =>
  runCommand(name === 'export' ? exportCommand() : importCommand(), args);
const at = (name: string): string => path.join(folder, name);

const ROUTE = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' };
const orders = {
  apiVersion: 'waxseal.dev/v1alpha1',
  kind: 'WSSecurityPolicy',
  metadata: {
    name: 'orders',
    namespace: 'shop',
    ...{ uid: 'u', resourceVersion: '7', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z', managedFields: [] },
    labels: { team: 'a', 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'kept' },
  },
  spec: {
    targetRefs: [{ ...ROUTE, name: 'orders' }],
    request: {
      secure: {
        timestamp: { ttl: '5m' },
        signature: { keyRef: { name: 'gateway', namespace: 'shop' } },
        usernameToken: { credentials: { secretRef: { name: 'login', namespace: 'shared' } }, passwordType: 'Digest' },
      },
    },
    response: {
      verify: { timestamp: {}, signature: { trustRefs: [{ kind: 'ConfigMap', name: 'ca', key: 'ca.crt' }] } },
    },
  },
  status: { ancestors: [] },
};
const guard = { ...orders, metadata: { name: 'guard', namespace: 'shop' }, spec: { unmatched: 'Refuse' }, status: {} };
const tokens = {
  ...guard,
  metadata: { name: 'tokens', namespace: 'shop' },
  spec: {
    request: {
      secure: {
        securityToken: {
          serviceRef: { name: 'sts', namespace: 'shop' },
          ...{ onSecurityFault: 'Retry', retryUrl: 'http://127.0.0.1:10081' },
        },
      },
    },
    response: { secure: { securityToken: { serviceRef: { name: 'central', namespace: 'shared' } } } },
  },
};
const sts = {
  ...guard,
  kind: 'SecurityTokenService',
  metadata: { name: 'sts', namespace: 'shop' },
  spec: {
    wsTrust: {
      ...{ url: 'https://sts.test/issue', appliesTo: 'https://backend.test' },
      authentication: { usernameToken: {} },
    },
    credentials: [{ name: 'acme', default: true, secretRef: { name: 'sts-login' } }],
  },
};
const other = { ...guard, metadata: { name: 'other', namespace: 'elsewhere' } };

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'waxseal-import-'));
  await mkdir(at('source'));
  await writeFile(at('source/policies.yaml'), [orders, guard, other].map((item) => stringify(item)).join('---\n'));
  await writeFile(at('source/keys.json'), keySecret('gateway', pki.signer));
  const { code, out, err } = await runWaxseal(['export', '-n', 'shop', '-o', at('shop.zip'), '--config', at('source')]);
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /2 of namespace shop\n {2}WSSecurityPolicy\/guard\n {2}WSSecurityPolicy\/orders\n/);
  assert.match(out, /Secret shared\/login \(username and password\), used by WSSecurityPolicy\/orders/);
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  target = await mkdtemp(path.join(folder, 'target-'));
});

const map = async (content: object): Promise<string> => {
  const file = path.join(target, '.map');
  await writeFile(file, stringify(content));
  return file;
};
const importInto = (namespace: string, ...args: string[]) =>
  runWaxseal(['import', at('shop.zip'), '-n', namespace, '--config', target, ...args]);
const read = (name: string) => readFile(path.join(target, name), 'utf8');

test('an archive holds nothing of Secrets, of the cluster, or of the tools that applied it, and is always the same', async () => {
  const bytes = await readFile(at('shop.zip'));
  const { strFromU8, unzipSync } = await import('fflate');
  const entries = Object.entries(unzipSync(bytes)).map(([name, content]) => [name, strFromU8(content)]);
  assert.deepEqual(
    entries.map(([name]) => name),
    ['waxseal.json', 'wssecuritypolicies/guard.yaml', 'wssecuritypolicies/orders.yaml'],
  );
  const text = entries.map(([, content]) => content).join('\n');
  for (const absent of [
    'PRIVATE KEY',
    'tls.key:',
    'uid',
    'resourceVersion',
    'status',
    'Helm',
    'last-applied',
    'namespace: shop',
  ]) {
    assert.ok(!text.includes(absent), absent);
  }
  assert.match(text, /note: kept/);
  await runWaxseal(['export', '-n', 'shop', '-o', at('again.zip'), '--config', at('source')]);
  assert.deepEqual(await readFile(at('again.zip')), bytes);
});

test('into another environment: under its names, and with what it lacks', async () => {
  const file = await map({
    ...{ secrets: { gateway: 'prod-keys', 'shared/login': 'prod-login' }, configMaps: { ca: 'prod-ca' } },
    ...{
      policies: { orders: 'orders-v2' },
      targets: { 'HTTPRoute/orders': 'public' },
      namespaces: { shared: 'common' },
    },
  });
  await writeFile(path.join(target, 'keys.json'), keySecret('prod-keys', pki.signer).replaceAll('"shop"', '"prod"'));
  const dry = await importInto('prod', '--map', file, '--dry-run');
  assert.deepEqual([dry.code, dry.err], [0, '']);
  assert.match(dry.out, /create {4}WSSecurityPolicy prod\/orders-v2/);
  assert.match(dry.out, /Missing:\n {2}ConfigMap prod\/prod-ca .*\n {2}Secret common\/prod-login /);
  assert.doesNotMatch(dry.out, /Secret prod\/prod-keys/);
  assert.match(dry.out, /no ReferenceGrant in namespace common allows it/);
  assert.match(dry.out, /nothing was written/);
  assert.deepEqual(await readdir(target), ['.map', 'keys.json']);

  assert.equal((await importInto('prod', '--map', file)).code, 0);
  const written = await read('wssecuritypolicy.prod.orders-v2.yaml');
  assert.match(written, /name: orders-v2\n {2}namespace: prod/);
  assert.match(written, /kind: HTTPRoute\n {6}name: public/);
  assert.match(written, /name: prod-login\n {12}namespace: common/);
  assert.match((await importInto('prod', '--map', file)).out, /0 created, 0 changed, 2 unchanged/);
});

test('what was imported is changed; what was not, or was edited since, only with --overwrite', async () => {
  await importInto('shop');
  const file = 'wssecuritypolicy.shop.orders.yaml';
  const changed = await importInto('shop', '--map', await map({ secrets: { gateway: 'new' } }));
  assert.equal(changed.code, 0);
  assert.match(
    changed.out,
    /change {4}WSSecurityPolicy shop\/orders\n +- spec.request.secure.signature.keyRef.name: "gateway"\n +\+ spec.request.secure.signature.keyRef.name: "new"\n/,
  );
  const edited = (await read(file)).replace('5m', '6m');
  await writeFile(path.join(target, file), edited);
  const refused = await importInto('shop');
  assert.equal(refused.code, 2);
  assert.match(
    refused.err,
    /orders is there already, and it was edited after it was imported; change it with --overwrite\nnothing was written/,
  );
  assert.equal(await read(file), edited);
  assert.equal((await importInto('shop', '--overwrite')).code, 0);
  assert.match(await read(file), /ttl: 5m/);
});

test('what was never imported is not taken over unasked, nor a file with other objects in it', async () => {
  await writeFile(path.join(target, 'mine.yaml'), stringify({ ...guard, spec: { enabled: false } }));
  const refused = await importInto('shop');
  assert.equal(refused.code, 2);
  assert.match(refused.err, /guard is there already, and it was not imported/);
  assert.deepEqual(await readdir(target), ['mine.yaml'], 'nothing of the rest either');
  assert.equal((await importInto('shop', '--overwrite')).code, 0);
  assert.match(await read('mine.yaml'), /unmatched: Refuse/);
  await writeFile(
    path.join(target, 'mine.yaml'),
    [{ ...guard, spec: {} }, other].map((item) => stringify(item)).join('---\n'),
  );
  assert.match((await importInto('shop', '--overwrite')).err, /mine.yaml, which holds other objects too/);
});

const mistakes: [string, object, RegExp][] = [
  [
    'a name that is not in the archive',
    { secrets: { gatewai: 'x' } },
    /secrets: the archive has no gatewai; it has gateway, shared\/login/,
  ],
  ['a section that does not exist', { secret: {} }, /no section secret; the sections are secrets, configMaps/],
  ['no name', { policies: { orders: 'Not A Name' } }, /policies: orders: "Not A Name" is no name/],
  ['one name for two', { policies: { orders: 'guard' } }, /two objects would be WSSecurityPolicy\/guard/],
  [
    'a target that is not in the archive',
    { targets: { 'Gateway/orders': 'x' } },
    /targets: the archive has no Gateway\/orders/,
  ],
];
for (const [name, content, message] of mistakes) {
  test(`a map with a mistake writes nothing: ${name}`, async () => {
    const { code, err } = await importInto('shop', '--map', await map(content));
    assert.equal(code, 2);
    assert.match(err, message);
    assert.deepEqual(await readdir(target), ['.map']);
  });
}

const good = Buffer.from(JSON.stringify({ format: 1, namespace: 'shop' }));
const entry = (object: object): Buffer => Buffer.from(stringify(object));
const policy = { ...guard, metadata: { name: 'guard' } };
const archives: [string, Record<string, Uint8Array>, RegExp][] = [
  ['no index', { 'wssecuritypolicies/guard.yaml': entry(policy) }, /has no waxseal.json/],
  ['another format', { 'waxseal.json': Buffer.from('{"format":2}') }, /its format is 2; this version reads format 1/],
  ['nothing in it', { 'waxseal.json': good }, /holds no policy/],
  [
    'a way out of the folder',
    { 'waxseal.json': good, '../evil.yaml': entry(policy) },
    /"\.\.\/evil.yaml" does not belong/,
  ],
  [
    'a Secret',
    { 'waxseal.json': good, 'wssecuritypolicies/guard.yaml': entry({ ...policy, apiVersion: 'v1', kind: 'Secret' }) },
    /v1 Secret guard, which does not belong/,
  ],
  [
    'another name inside',
    { 'waxseal.json': good, 'wssecuritypolicies/orders.yaml': entry(policy) },
    /which does not belong there/,
  ],
  [
    'two objects in a file',
    {
      'waxseal.json': good,
      'wssecuritypolicies/guard.yaml': Buffer.concat([entry(policy), Buffer.from('---\n'), entry(policy)]),
    },
    /must hold one object/,
  ],
  ['no YAML', { 'waxseal.json': good, 'wssecuritypolicies/guard.yaml': Buffer.from('a: [') }, /not valid YAML/],
  [
    'a policy with a mistake',
    { 'waxseal.json': good, 'wssecuritypolicies/guard.yaml': entry({ ...policy, spec: { unmatched: 'Refuze' } }) },
    /shop\/guard: error: spec.unmatched: "Refuze" is not one of/,
  ],
  [
    'a name that steers the terminal',
    { 'waxseal.json': good, 'wssecuritypolicies/guard.yaml': entry({ ...policy, spec: { '\u001b[2J': 1 } }) },
    /there is no field "\?\[2J"/,
  ],
];
for (const [name, entries, message] of archives) {
  test(`an archive that is refused: ${name}`, async () => {
    const file = path.join(target, '.zip');
    await writeFile(file, writeZip(new Map(Object.entries(entries))));
    const { code, err } = await runWaxseal(['import', file, '-n', 'shop', '--config', target]);
    assert.equal(code, 2);
    assert.match(err, message);
    assert.deepEqual(await readdir(target), ['.zip']);
  });
}

test('what cannot be read says so', async () => {
  const cases: [string[], RegExp][] = [
    [['export', '-n', 'none', '-o', at('x.zip'), '--config', at('source')], /namespace none has no policies/],
    [['export', '-n', 'shop', '-o', at('no/x.zip'), '--config', at('source')], /cannot be written/],
    [['export', '-n', 'shop', '-o', at('x.zip'), '--config', at('absent')], /no such file/],
    [['export', '-n', 'shop', '-o', at('x.zip'), '--kubeconfig', at('absent')], /absent cannot be read/],
    [['import', at('absent.zip'), '-n', 'shop', '--config', target], /no such file/],
    [['import', at('source/keys.json'), '-n', 'shop', '--config', target], /no ZIP archive/],
    [['import', at('shop.zip'), '-n', 'Shop', '--config', target], /no name of a namespace/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await runWaxseal(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(err, message);
  }
});

test('token services move with the policies: under other names and addresses, and with what they lack', async () => {
  const source = path.join(target, '.source');
  await mkdir(source);
  await writeFile(path.join(source, 'all.yaml'), [tokens, sts].map((item) => stringify(item)).join('---\n'));
  const zip = path.join(target, '.tokens.zip');
  const { out: exported } = await runWaxseal(['export', '-n', 'shop', '-o', zip, '--config', source]);
  assert.match(exported, /SecurityTokenService shared\/central, used by WSSecurityPolicy\/tokens/);
  assert.match(
    exported,
    /Secret shop\/sts-login \(username and password, tls.crt and tls.key, or authorization\), used by SecurityTokenService\/sts/,
  );
  assert.doesNotMatch(exported, /SecurityTokenService shop\/sts,/, 'it is in the archive');

  const file = await map({
    ...{ tokenServices: { sts: 'corporate', 'shared/central': 'main' }, namespaces: { shared: 'common' } },
    ...{ secrets: { 'sts-login': 'corporate-login' } },
    urls: { 'https://sts.test/issue': 'https://sts.prod', 'http://127.0.0.1:10081': 'http://127.0.0.1:10082' },
  });
  const { code, out, err } = await runWaxseal(['import', zip, '-n', 'prod', '--map', file, '--config', target]);
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /Missing:\n {2}Secret prod\/corporate-login .*\n {2}SecurityTokenService common\/main, used by/);
  const service = await read('securitytokenservice.prod.corporate.yaml');
  assert.match(service, /url: https:\/\/sts.prod\n {4}appliesTo: https:\/\/backend.test/);
  const policy = await read('wssecuritypolicy.prod.tokens.yaml');
  assert.match(policy, /serviceRef:\n {10}name: corporate\n/);
  assert.match(policy, /retryUrl: http:\/\/127.0.0.1:10082/);
  assert.match(policy, /name: main\n {10}namespace: common/);

  const mistake = await map({ urls: { 'https://sts.test': 'nowhere' } });
  const refused = await runWaxseal(['import', zip, '-n', 'prod', '--map', mistake, '--config', target]);
  assert.match(refused.err, /urls: https:\/\/sts.test: "nowhere" is no address/);
});

test('a token service with a mistake is refused; one that lacks a Secret is not', async () => {
  const file = path.join(target, '.zip');
  const metadata = { name: 'sts' };
  const wrong = { ...sts, metadata, spec: { ...sts.spec, wsTrust: { url: 'http://sts.test' } } };
  await writeFile(
    file,
    writeZip(
      new Map([
        ['waxseal.json', good],
        ['securitytokenservices/sts.yaml', entry(wrong)],
      ]),
    ),
  );
  const { code, err } = await runWaxseal(['import', file, '-n', 'shop', '--config', target]);
  assert.equal(code, 2);
  assert.match(err, /shop\/sts: error: spec.wsTrust.url: the URL must begin with https/);
});
