import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Registry } from 'prom-client';
import { until } from '../../scripts/local/until.ts';
import { createLogger } from '../observe/log.ts';
import { CacheKeys, CacheKeysError } from './cache-keys.ts';
import { RedisMetrics } from './redis-metrics.ts';
import { open, seal } from './sealed-box.ts';

const [A, B, C] = [randomBytes(32), randomBytes(32), randomBytes(32)];
let folder: string;
let keys: CacheKeys | undefined;
let registry: Registry;
let log: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'waxseal-keys-'));
  log = '';
});
afterEach(async () => {
  keys?.close();
  await rm(folder, { recursive: true });
});

const put = (name: string, content: string | Buffer) => writeFile(path.join(folder, name), content);

async function read(place = folder): Promise<CacheKeys> {
  registry = new Registry();
  const logger = createLogger('info', { write: (line: string) => void (log += line) });
  keys = await CacheKeys.open(place, { metrics: new RedisMetrics(registry), logger });
  return keys;
}

test('the last file in order seals, every file opens', async () => {
  await put('2026-05', A);
  const before = seal((await read()).last, 'place', Buffer.from('old'));
  keys?.close();
  await put('2026-11', `${B.toString('base64')}\n`);
  const after = await read();
  assert.deepEqual(open(after, 'place', before), Buffer.from('old'));
  const sealed = seal(after.last, 'place', Buffer.from('new'));
  after.close();
  await rm(path.join(folder, '2026-05'));
  const alone = await read();
  assert.deepEqual(open(alone, 'place', sealed), Buffer.from('new'));
  assert.equal(open(alone, 'place', before), undefined);
});

test('one key in each of its forms is one key', async () => {
  const base64 = A.toString('base64');
  const forms = [
    A,
    base64,
    `${base64}\n`,
    `${base64}\r\n`,
    base64.slice(0, -1),
    A.toString('hex'),
    `${A.toString('hex')}\n`,
  ];
  const index = new Set<string>();
  for (const form of forms) {
    await put('key', form);
    const { last } = await read();
    index.add(`${last.id.toString('hex')} ${keys?.indexKey().toString('hex')}`);
    keys?.close();
  }
  assert.equal(index.size, 1);
});

test('keys for different purposes are different, and none is the file', async () => {
  await put('key', A);
  const { last } = await read();
  const all = [A, last.sealing.export(), keys?.indexKey() ?? A].map((key) => key.toString('hex'));
  assert.equal(new Set(all).size, 3);
  assert.ok(!all.some((key) => key.startsWith(last.id.toString('hex'))));
});

test('a folder that cannot be used says where, why and how to mend it, and nothing of what it holds', async () => {
  const weak = 'correct horse battery staple abcd';
  const cases: readonly (readonly [Record<string, string | Buffer>, RegExp])[] = [
    [{}, /is empty; make a key with: openssl rand -base64 32 > .*2026-11/],
    [{ short: A.subarray(1) }, /short is not 32 bytes/],
    [{ long: A.toString('base64') + A.toString('base64') }, /long is not 32 bytes/],
    [{ text: weak.slice(0, 32) }, /text is not 32 bytes/],
    [{ half: A.subarray(0, 16).toString('hex') }, /half is not 32 bytes/],
    [{ zero: Buffer.alloc(32) }, /zero is one byte repeated/],
    [{ large: Buffer.alloc(5000) }, /large has 5000 bytes/],
    [{ good: A, bad: 'nonsense' }, /bad is not 32 bytes/],
    [Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, A])), /holds 65 files/],
  ];
  for (const [files, reason] of cases) {
    await rm(folder, { recursive: true });
    await mkdir(folder);
    for (const [name, content] of Object.entries(files)) await put(name, content);
    await assert.rejects(read(), (error) => {
      assert.ok(error instanceof CacheKeysError);
      assert.match(error.message, reason);
      assert.ok(error.message.includes(folder));
      for (const content of Object.values(files)) assert.ok(!error.message.includes(content.toString()));
      return true;
    });
  }
  await assert.rejects(read(path.join(folder, 'absent')), /absent cannot be read \(ENOENT\)/);
  await rm(folder, { recursive: true });
  await mkdir(path.join(folder, 'sub'), { recursive: true });
  await assert.rejects(read(), /sub is not a file/);
});

test('a mounted Secret is read through its links, and again when Kubernetes exchanges them', async () => {
  const mount = async (version: string, files: Record<string, Buffer>) => {
    await mkdir(path.join(folder, version));
    for (const [name, content] of Object.entries(files)) await put(path.join(version, name), content);
    await symlink(version, path.join(folder, '..data_tmp'));
    await rename(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  };
  await mount('..1', { a: A });
  await symlink('..data/a', path.join(folder, 'a'));
  const mounted = await read();
  const sealed = seal(mounted.last, 'place', Buffer.from('old'));
  const index = mounted.indexKey();
  assert.equal(mounted.indexKey(), index);
  await mount('..2', { a: A, b: B });
  await symlink('..data/b', path.join(folder, 'b'));
  await until('the new key is in use', () => mounted.indexKey() !== index && log.includes('"keys":2'));
  assert.deepEqual(open(mounted, 'place', sealed), Buffer.from('old'));
});

test('while the folder is broken, what was read stays in use', async () => {
  await put('a', A);
  const opened = await read();
  const sealed = seal(opened.last, 'place', Buffer.from('old'));
  await put('b', 'nonsense');
  const result = async (name: string) =>
    (await registry.metrics()).includes(`waxseal_cache_key_reloads_total{result="${name}"} 1`);
  await until('the change is refused', () => result('refused'));
  assert.match(log, /b is not 32 bytes/);
  assert.ok(!log.includes('nonsense'));
  assert.deepEqual(open(opened, 'place', sealed), Buffer.from('old'));
  await put('b', C);
  await until('the change is taken', () => result('taken'));
  assert.deepEqual(open(opened, 'place', sealed), Buffer.from('old'));
  assert.notEqual(opened.find(opened.last.id), undefined);
});
