/**
 * Runs everything that is tested, suite by suite, and ends with one line `N passed, N failed`.
 * SUITE=static|unit|e2e|interop|cluster runs one of them.
 */

import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import type { EventData } from 'node:test';
import { inspect } from 'node:util';

interface Result {
  readonly passed: number;
  readonly failed: number;
}

const ROOT = join(import.meta.dirname, '..');
const BIN = join(ROOT, 'node_modules/.bin');
const MINUTE = 60_000;

const suites: Record<string, () => Promise<Result>> = {
  static: checkSources,
  unit: () =>
    runTests(
      testFiles().filter((file) => !/^test\/(e2e|interop|cluster)\//.test(file)),
      2,
    ),
  // One file at a time: these start processes and measure time limits.
  e2e: () => runTests(testFiles('test/e2e/'), 1),
  interop: () => runTests(testFiles('test/interop/'), 1),
  // Envoy Gateway's ports are fixed: there can be only one.
  cluster: () => runTests(testFiles('test/cluster/'), 1, 20 * MINUTE),
};

const wanted = process.env['SUITE'] ? [process.env['SUITE']] : Object.keys(suites);
const total = { passed: 0, failed: 0 };
let empty = false;
for (const name of wanted) {
  const suite = suites[name];
  if (!suite) {
    console.error(`There is no suite ${name}; there are: ${Object.keys(suites).join(', ')}.`);
    process.exit(2);
  }
  console.log(`\n== ${name}`);
  const start = performance.now();
  const { passed, failed } = await suite();
  total.passed += passed;
  total.failed += failed;
  if (passed + failed === 0) {
    console.log(`The suite ${name} ran no test.`);
    empty = true;
  }
  console.log(`== ${name}: ${passed} ok, ${failed} not ok, ${seconds(performance.now() - start)}`);
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || empty ? 1 : 0;

function testFiles(under = ''): string[] {
  return globSync('**/*.test.ts', { cwd: ROOT, exclude: ['node_modules', '.cache'] })
    .filter((file) => file.startsWith(under) && !file.includes('node_modules/'))
    .sort();
}

/** Type check, lint and format: one check each. */
async function checkSources(): Promise<Result> {
  const checks = { types: ['tsc', '--noEmit'], lint: ['eslint', '.'], format: ['prettier', '--check', '.'] };
  let failed = 0;
  for (const [name, [command = '', ...args]] of Object.entries(checks)) {
    const { code, output } = await execute(command, args);
    if (code !== 0) {
      failed++;
      console.log(output);
    }
    console.log(`  ${code === 0 ? 'ok    ' : 'not ok'} ${name}`);
  }
  return { passed: Object.keys(checks).length - failed, failed };
}

function execute(command: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(BIN, 'node'), [join(BIN, command), ...args], { cwd: ROOT });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** One line a file as it ends, and each failure in full. */
async function runTests(files: string[], concurrency: number, timeout = 10 * MINUTE): Promise<Result> {
  const result = { passed: 0, failed: 0 };
  if (files.length === 0) return result;
  const stderr = new Map<string, string>();
  const events = run({ cwd: ROOT, files: files.map((file) => join(ROOT, file)), concurrency, timeout });
  events.on('test:stderr', ({ file, message }) => stderr.set(file, (stderr.get(file) ?? '') + message));
  events.on('test:pass', (data) => {
    if (data.details.type === 'suite') return;
    if (data.skip !== undefined || data.todo !== undefined) console.log(`  skipped ${data.name}`);
    else if (data.name !== data.file) result.passed++;
    else {
      // The file ended well and stands for itself: nothing in it was a test.
      result.failed++;
      console.log(`\n  not ok: ${relative(ROOT, data.name)} ran no test\n`);
    }
  });
  events.on('test:fail', (data) => {
    if (data.details.type === 'suite') return;
    result.failed++;
    tellFailure(data, stderr);
  });
  events.on('test:summary', ({ file, counts, success, duration_ms: ms }) => {
    if (file === undefined) return;
    console.log(`  ${success ? 'ok    ' : 'not ok'} ${relative(ROOT, file)} (${counts.tests}, ${seconds(ms)})`);
  });
  for await (const event of events) void event;
  return result;
}

function tellFailure(data: EventData.TestFail, stderr: ReadonlyMap<string, string>): void {
  const place = data.file === undefined ? '' : ` (${relative(ROOT, data.file)}:${data.line ?? 0})`;
  const cause = data.details.error.cause ?? data.details.error;
  console.log(`\n  not ok: ${relative(ROOT, data.name)}${place}\n${inspect(cause).replace(/^/gm, '    ')}\n`);
  // The file itself failed: what it wrote says why.
  if (data.file === data.name) console.log(stderr.get(data.name) ?? '');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
