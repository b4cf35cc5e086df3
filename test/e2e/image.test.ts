/**
 * The container image, without a container: the commands of the Dockerfile's first stage and the copies of its last one, in
 * a folder, and the services started there with the Node of this checkout.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, matchesGlob, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { Child } from '../../scripts/local/child.ts';
import { freePort } from '../../scripts/local/ports.ts';

interface Sbom {
  readonly bomFormat: string;
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

const root = join(import.meta.dirname, '../..');
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
const ignore = readFileSync(join(root, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const included = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
const excluded = ignore.filter((line) => !line.startsWith('!') && line !== '*');

/** The instructions of a stage: 0, 1, … */
function stage(index: number): { instruction: string; rest: string }[] {
  const text = dockerfile.split(/^FROM /m)[index + 1] ?? '';
  return [...text.matchAll(/^([A-Z]+) +(.*)$/gm)].map(([, instruction = '', rest = '']) => ({ instruction, rest }));
}

/** Does a stage's COPY instructions whose source is the checkout. */
function copy(index: number, target: string): void {
  for (const { instruction, rest } of stage(index)) {
    if (instruction !== 'COPY' || rest.startsWith('--from')) continue;
    const [to = '', ...from] = rest.trim().split(/ +/).reverse();
    for (const name of from.map((source) => source.replace(/\/$/, ''))) {
      assert.ok(included.includes(name), `.dockerignore leaves ${name} out`);
      cpSync(join(root, name), join(target, to.endsWith('/') && to !== './' ? to : name), {
        recursive: true,
        filter: (file) => !excluded.some((pattern) => matchesGlob(relative(root, file), pattern)),
      });
    }
  }
}

describe('the image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-image-'));
  const app = join(folder, 'app');
  const command = join(app, 'cli/waxseal.js');
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [command, ...args], { cwd: folder });

  before(async () => {
    mkdirSync(app);
    copy(0, app);
    for (const { instruction, rest } of stage(0)) {
      if (instruction === 'RUN') {
        const env = { ...process.env, NODE_ENV: '', npm_config_prefer_offline: 'true' };
        await promisify(execFile)('sh', ['-ec', rest], { cwd: app, env });
      }
    }
    copy(1, app);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('has no tests and no packages that only development needs', () => {
    assert.deepEqual(globSync('{cli,crds,extproc,operator,policy,proto}/**/*.test.ts', { cwd: app }), []);
    for (const name of Object.keys(packageJson.devDependencies)) {
      // Some come with a package that is needed.
      if (name.startsWith('@types/')) continue;
      assert.ok(!existsSync(join(app, 'node_modules', name)), name);
    }
    assert.deepEqual(readdirSync(app).sort(), [
      ...[
        'LICENSE',
        'cli',
        'crds',
        'extproc',
        'node_modules',
        'operator',
        'package-lock.json',
        'package.json',
        'policy',
      ],
      ...['proto', 'sbom.cdx.json'],
    ]);
  });

  test('is started by a user that is not root, by a number', () => {
    const user = stage(1).find(({ instruction }) => instruction === 'USER');
    assert.match(user?.rest ?? '', /^[1-9]\d*:[1-9]\d*$/);
    const entry = stage(1).find(({ instruction }) => instruction === 'ENTRYPOINT');
    assert.deepEqual(JSON.parse(entry?.rest ?? ''), ['/nodejs/bin/node', '/app/cli/waxseal.js']);
  });

  test('lists its production packages in CycloneDX', () => {
    const sbom = JSON.parse(readFileSync(join(app, 'sbom.cdx.json'), 'utf8')) as Sbom;
    assert.equal(sbom.bomFormat, 'CycloneDX');
    const names = new Set(sbom.components.map((component) => component.name));
    for (const name of Object.keys(packageJson.dependencies)) assert.ok(names.has(name), name);
    for (const name of ['typescript', 'eslint', 'fast-check']) assert.ok(!names.has(name), name);
    const installed = readFileSync(join(app, 'node_modules/pino/package.json'), 'utf8');
    const { version } = JSON.parse(installed) as { version: string };
    assert.equal(sbom.components.find((component) => component.name === 'pino')?.version, version);
  });

  test('knows every command', async () => {
    const { stdout } = await run('--help');
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+) .*$/gm)].map((match) => match[1] ?? '');
    assert.ok(commands.includes('operator') && commands.includes('extproc'), stdout);
    for (const name of commands.filter((each) => each !== 'help')) await run(name, '--help');
  });

  test('runs the data plane until it is asked to stop', async () => {
    const config = join(root, 'examples/policies');
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const args = [command, 'extproc', '--config', config, '--listen', '127.0.0.1:0', '--admin', address];
    const child = new Child('waxseal extproc', process.execPath, args);
    await child.until(async () => (await fetch(`http://${address}/readyz`).catch(() => undefined))?.ok ?? false);
    child.process.kill('SIGTERM');
    assert.equal(await child.ended, 'exit code 0');
  });
});
