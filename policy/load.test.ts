import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { load, parseManifests } from './load.ts';

const root = mkdtempSync(path.join(tmpdir(), 'waxseal-load-'));
after(() => rmSync(root, { recursive: true }));

function folder(name: string, files: Readonly<Record<string, string | Buffer>>): string {
  const place = path.join(root, name);
  mkdirSync(place, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(path.join(place, file), content);
  return place;
}

const secret = (name: string): string => `apiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\n`;
const namesIn = async (...paths: string[]): Promise<string[]> => (await load(paths)).manifests.map(({ name }) => name);
const messages = async (...paths: string[]): Promise<string[]> =>
  (await load(paths)).problems.map(({ message }) => message);

test('reads files and folders, several documents in each, in the order of their names', async () => {
  const place = folder('plain', {
    'b.yml': secret('b'),
    'a.yaml': `${secret('a1')}---\n${secret('a2')}`,
    'c.json': JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'c', namespace: 'shop' } }),
    'README.md': 'no manifest',
    '.hidden.yaml': secret('hidden'),
  });
  folder('plain/sub', { 'd.yaml': secret('d') });
  assert.deepEqual(await namesIn(place), ['a1', 'a2', 'b', 'c']);
  assert.deepEqual(await namesIn(path.join(place, 'b.yml'), path.join(place, 'sub')), ['b', 'd']);
  const { manifests } = await load([place]);
  assert.deepEqual(
    manifests.map(({ namespace }) => namespace),
    ['default', 'default', 'default', 'shop'],
  );
});

test('a folder that Kubernetes mounts is read once', async () => {
  const place = folder('mounted', {});
  folder('mounted/..2026_11_21', { 'policy.yaml': secret('mounted') });
  symlinkSync('..2026_11_21', path.join(place, '..data'));
  symlinkSync(path.join('..data', 'policy.yaml'), path.join(place, 'policy.yaml'));
  assert.deepEqual(await namesIn(place), ['mounted']);
});

test('what cannot be read is a problem, and the rest is read', async () => {
  const place = folder('unreadable', { 'a.yaml': Buffer.from([0x61, 0xff]), 'b.yaml': secret('b') });
  symlinkSync('nowhere', path.join(place, 'c.yaml'));
  assert.deepEqual(await namesIn(place, path.join(root, 'absent')), ['b']);
  const found = await messages(place, path.join(root, 'absent'));
  assert.equal(found.length, 3);
  assert.match(found[0], /ENOENT/);
  assert.equal(found[1], 'not UTF-8');
  assert.match(found[2], /ENOENT/);
});

test('sizes are bounded', async () => {
  const place = folder('large', { 'large.yaml': Buffer.alloc(8 * 1024 * 1024 + 1, 0x20) });
  assert.match((await messages(place))[0], /larger than 8388608 bytes/);
});

test('an alias bomb is refused', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let at = 1; at < 12; at++)
    lines.push(
      `a${at}: &a${at} [${Array(9)
        .fill(`*a${at - 1}`)
        .join(', ')}]`,
    );
  const { manifests, problems } = parseManifests(`${secret('bomb')}data:\n  ${lines.join('\n  ')}\n`);
  assert.deepEqual(manifests, []);
  assert.match(problems[0].message, /an alias refers to nothing, or there are too many/);
  assert.equal(parseManifests(`${secret('one')}stringData: { a: &x text, b: *x }`).manifests.length, 1);
});

test('deep nesting is refused', () => {
  for (const text of ['['.repeat(100_000), `${'- '.repeat(50_000)}x`, `a: ${'{a: '.repeat(50_000)}`]) {
    const { manifests, problems } = parseManifests(text);
    assert.deepEqual(manifests, []);
    assert.notEqual(problems.length, 0);
  }
});

test('fields know where they stand', () => {
  const text = `# comment\n${secret('s')}stringData:\n  a: 1\n  list:\n    - x\n    -   { deep: true }\n---\n${secret('t')}`;
  const [first, second] = parseManifests(text, 'f.yaml').manifests;
  assert.deepEqual(first.locate?.([]), { line: 2, column: 1 });
  assert.deepEqual(first.locate?.(['stringData', 'a']), { line: 6, column: 3 });
  assert.deepEqual(first.locate?.(['stringData', 'list', 1, 'deep']), { line: 9, column: 11 });
  assert.deepEqual(first.locate?.(['stringData', 'list', 1, 'missing', 'too']), { line: 9, column: 9 });
  assert.deepEqual(second.locate?.(['metadata', 'name']), { line: 13, column: 13 });
});

test('a key called __proto__ is a key like any other', () => {
  const [manifest] = parseManifests(`${secret('s')}stringData: { __proto__: { polluted: yes } }`).manifests;
  assert.deepEqual(Object.keys(manifest.object.stringData as object), ['__proto__']);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
});

test('no text makes it throw', () => {
  const fragment = fc.constantFrom(
    'a: ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '---\n',
    '\n',
    '  ',
    '!!binary ',
    '"',
    "'",
    '|\n',
    '? ',
    '<<: ',
    'kind: Secret\n',
    'metadata: ',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fragment).map((parts) => parts.join('')),
      ),
      (text) => {
        parseManifests(text);
      },
    ),
  );
});
