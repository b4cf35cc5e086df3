import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, mock, test } from 'node:test';
import { validateCommand } from './validate.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'waxseal-validate-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, spec: string): string {
  const place = path.join(folder, name);
  const head = 'apiVersion: waxseal.dev/v1alpha1\nkind: WSSecurityPolicy\nmetadata: { name: p }\n';
  writeFileSync(place, spec === '' ? '' : `${head}spec: ${spec}\n`);
  return place;
}

async function run(...args: string[]): Promise<{ status: unknown; output: string }> {
  const lines: unknown[] = [];
  const log = mock.method(console, 'log', (text: unknown) => lines.push(text));
  const error = mock.method(console, 'error', (text: unknown) => lines.push(text));
  try {
    await validateCommand().parseAsync(args, { from: 'user' });
    return { status: process.exitCode, output: lines.join('\n') };
  } finally {
    process.exitCode = undefined;
    log.mock.restore();
    error.mock.restore();
  }
}

const good = file('good.yaml', '{ request: { verify: { timestamp: {} } } }');
const bad = file('bad.yaml', '{ request: { verify: { timestanp: {} } } }');
const empty = file('empty.yaml', '');

test('a good policy: exit status 0', async () => {
  assert.deepEqual(await run(good), { status: 0, output: '1 policy, 0 errors, 0 warnings' });
});

test('a bad policy: exit status 2, with file, line and column', async () => {
  const { status, output } = await run(bad);
  assert.equal(status, 2);
  assert.ok(
    output.startsWith(
      `${bad}:4:30: error: spec.request.verify.timestanp: there is no field "timestanp" here; did you mean timestamp?`,
    ),
    output,
  );
});

test('--json', async () => {
  const { status, output } = await run('--json', bad);
  const { policies, problems } = JSON.parse(output) as { policies: unknown; problems: Record<string, unknown>[] };
  assert.equal(status, 2);
  assert.deepEqual(policies, [{ id: 'default/p', valid: false }]);
  assert.equal(problems.length, 1);
  assert.deepEqual(
    [problems[0].severity, problems[0].file, problems[0].line, problems[0].column, problems[0].field],
    ['error', bad, 4, 30, 'spec.request.verify.timestanp'],
  );
});

test('token services without a policy: what their Secrets hold is checked as well', async () => {
  const place = path.join(folder, 'services.yaml');
  const service = (name: string, secret: string): string =>
    `apiVersion: waxseal.dev/v1alpha1\nkind: SecurityTokenService\nmetadata: { name: ${name} }\nspec:\n` +
    `  wsTrust: { url: "https://sts.example", authentication: { usernameToken: {} } }\n` +
    `  credentials: [{ name: a, default: true, secretRef: { name: ${secret} } }]\n`;
  const secret = (name: string, data: string): string =>
    `apiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\nstringData: ${data}\n`;
  const all = [
    ...[service('good', 'login'), service('bad', 'half')],
    ...[secret('login', '{ username: u, password: sesame }'), secret('half', '{ username: u }')],
  ];
  writeFileSync(place, all.join('---\n'));
  const { status, output } = await run(place);
  assert.equal(status, 2);
  assert.match(output, /services.yaml:13:43: error: spec.credentials\[0\].secretRef: .*half.*password/);
  assert.match(output, /0 policies, 2 token services, 1 error, 0 warnings/);
  const { tokenServices } = JSON.parse((await run('--json', place)).output) as { tokenServices: unknown };
  assert.deepEqual(tokenServices, [
    { id: 'default/good', valid: true },
    { id: 'default/bad', valid: false },
  ]);
});

test('nothing to check: exit status 2', async () => {
  for (const place of [empty, path.join(folder, 'absent')]) {
    const { status, output } = await run(place);
    assert.equal(status, 2);
    assert.match(output, /There is no WSSecurityPolicy or SecurityTokenService to check/);
  }
});
