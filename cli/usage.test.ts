import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import type { Usage } from '../policy/usage/usage.ts';
import { runCommand } from '../test/support/waxseal-command.ts';
import { usageCommand } from './usage.ts';
import { validateCommand } from './validate.ts';

const GROUP = 'gateway.networking.k8s.io';
const gateway = (kind: string, name: string, spec: object) => ({
  ...{ apiVersion: `${GROUP}/v1`, kind, metadata: { name, namespace: 'shop' }, spec },
});
const route = (name: string, rules: object[] = [{}]) =>
  gateway('HTTPRoute', name, { parentRefs: [{ name: 'public' }], rules });
const policy = (name: string, spec: object) => ({
  ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'WSSecurityPolicy', metadata: { name, namespace: 'shop' }, spec },
});
const to = (kind: string, name: string, sectionName?: string) => ({
  ...{ group: GROUP, kind, name },
  ...(sectionName !== undefined && { sectionName }),
});
const request = { verify: { timestamp: {} } };

const landscape = [
  gateway('Gateway', 'public', { gatewayClassName: 'eg', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] }),
  route('orders', [{ name: 'all' }]),
  route('web'),
];
const policies = [
  policy('orders', { request, targetRefs: [to('HTTPRoute', 'orders')] }),
  policy('second', {
    request,
    targetRefs: [to('HTTPRoute', 'orders'), to('HTTPRoute', 'absent')],
  }),
  policy('standalone', { request, mode: 'Audit' }),
];
const guard = policy('guard', { unmatched: 'Refuse', targetRefs: [to('Gateway', 'public')] });

let folder: string;
before(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'waxseal-usage-'))));
after(() => rm(folder, { recursive: true }));

async function file(name: string, objects: readonly object[]): Promise<string> {
  const place = path.join(folder, name);
  await writeFile(place, objects.map((object) => stringify(object)).join('---\n'));
  return place;
}

test('where policies apply, where they do not and why, and which routes are open', async () => {
  const config = await file('open.yaml', [...landscape, ...policies]);
  const { code, out, err } = await runCommand(usageCommand(), ['--config', config]);
  assert.equal(code, 0);
  assert.match(out, /^shop\/orders +Enforce +Gateway shop\/public +shop\/orders$/m);
  assert.match(out, /^shop\/second +Enforce +nowhere: HTTPRoute shop\/absent: TargetNotFound$/m);
  assert.match(out, /shop\/second: WSSecurityPolicy shop\/orders is attached to HTTPRoute shop\/orders already/);
  assert.match(out, /^shop\/standalone +Audit +where Envoy's own configuration names it$/m);
  assert.match(out, /^shop\/web +shop\/public +none: open$/m);
  assert.match(err, /GatewayClass eg is in no manifest/);
});

test('--json; a guard on the Gateway covers the routes that have no policy', async () => {
  const config = await file('guarded.yaml', [...landscape, ...policies, guard]);
  const { out } = await runCommand(usageCommand(), ['--config', config, '--json']);
  const usage = JSON.parse(out) as Usage;
  assert.deepEqual(usage.routes, [
    { route: 'shop/orders', gateway: 'shop/public', state: 'Policy', policy: 'shop/orders' },
    { route: 'shop/web', gateway: 'shop/public', state: 'Guarded', policy: 'shop/guard' },
  ]);
  assert.equal(usage.policies.find(({ policy }) => policy === 'shop/guard')?.guard, true);
  const elsewhere = await runCommand(usageCommand(), ['--config', config, '--json', '-n', 'elsewhere']);
  assert.deepEqual(JSON.parse(elsewhere.out), { policies: [], routes: [], tokenServices: [] });
});

test('who uses which token service, and who none', async () => {
  const uses = (name: string, serviceRef: object) =>
    policy(name, { request: { secure: { securityToken: { serviceRef } } } });
  const service = (name: string) => ({
    ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'SecurityTokenService', metadata: { name, namespace: 'shop' } },
    spec: { external: { url: 'https://tokens.example' } },
  });
  const users = [
    uses('one', { name: 'sts' }),
    uses('two', { name: 'sts', namespace: 'shop' }),
    uses('lost', { name: 'st' }),
  ];
  const config = await file('services.yaml', [service('sts'), service('idle'), ...users]);
  const { out } = await runCommand(usageCommand(), ['--config', config]);
  assert.match(
    out,
    /^TOKEN SERVICE +USED BY\nshop\/idle +no policy\nshop\/st +shop\/lost, and it is not there\nshop\/sts +shop\/one, shop\/two$/m,
  );
});

test('validate tells of targets, at the place where they are named', async () => {
  const config = await file('targets.yaml', [...policies, ...landscape]);
  const { code, out } = await runCommand(validateCommand(), [config]);
  assert.equal(code, 2);
  assert.match(out, /targets.yaml:25:7: error: spec.targetRefs\[0\]: WSSecurityPolicy shop\/orders is attached/);
  assert.match(out, /targets.yaml:28:7: error: spec.targetRefs\[1\]: There is no HTTPRoute shop\/absent/);
  assert.match(out, /3 policies, 2 errors, 0 warnings/);
});

test('validate says nothing of targets whose kind is in no manifest', async () => {
  const withoutGateway = await file(
    'routes.yaml',
    [landscape[1], policies[0], guard].filter((item) => item !== undefined),
  );
  const { code, out } = await runCommand(validateCommand(), [withoutGateway]);
  assert.deepEqual([code, out], [0, '2 policies, 0 errors, 0 warnings']);
});
