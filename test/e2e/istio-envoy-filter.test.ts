/** The EnvoyFilters that are planned for Istio, merged into a gateway's configuration, in a real Envoy. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { bootstrap } from '../../cli/envoy-bootstrap.ts';
import { inventoryOf } from '../../policy/attach/inventory.ts';
import { planAttachment, type Attachment } from '../../policy/attach/plan.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import type { Child } from '../../scripts/local/child.ts';
import { envoyBinary, startEnvoy } from '../../scripts/local/envoy.ts';
import { freePort } from '../../scripts/local/ports.ts';
import { startExtproc } from '../../scripts/local/waxseal.ts';
import { applyEnvoyFilters, type Bootstrap, type Proxy } from './support/envoy-filter.ts';
import { KEYS, OUTGOING, SIGNED_ONLY, content, envelope, policy, securedEcho, signed } from './support/fixture.ts';
import { closeIdle, send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';

const GATEWAY_API = 'gateway.networking.k8s.io';
const LABELS = { 'gateway.networking.k8s.io/gateway-name': 'public' };

function object(kind: string, name: string, spec: object, namespace = 'e2e'): KubernetesObject {
  return { apiVersion: `${GATEWAY_API}/v1`, kind, metadata: { name, namespace }, spec };
}

function route(name: string, rules: object[]): KubernetesObject {
  return object('HTTPRoute', name, { parentRefs: [{ name: 'public' }], rules });
}

function attached(name: string, spec: object, target: object): object {
  return policy(name, { ...spec, targetRefs: [{ group: GATEWAY_API, ...target }] });
}

const CLUSTER: readonly KubernetesObject[] = [
  object('GatewayClass', 'istio', { controllerName: 'istio.io/gateway-controller' }),
  object('Gateway', 'public', { gatewayClassName: 'istio', listeners: [{ name: 'http', port: 80 }] }),
  route('orders', [{}, { name: 'pay' }]),
  route('open', [{}]),
  route('a', [{ name: 'main' }]),
  route('b', [{ name: 'main' }]),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'backend', namespace: 'e2e' },
    spec: { selector: { app: 'backend' }, ports: [{ port: 80 }] },
  },
];
const ROUTE_POLICIES = [
  attached('outgoing', OUTGOING, { kind: 'HTTPRoute', name: 'orders' }),
  attached('signed', SIGNED_ONLY, { kind: 'HTTPRoute', name: 'orders', sectionName: 'pay' }),
  attached('ambiguous', OUTGOING, { kind: 'HTTPRoute', name: 'a' }),
];
const GUARD = attached('guard', { unmatched: 'Refuse' }, { kind: 'Gateway', name: 'public' });
const SIDECAR = policy('sidecar', { ...OUTGOING, targetRefs: [{ group: '', kind: 'Service', name: 'backend' }] });

/** Path -> the name that istiod gives the Envoy route. */
const ROUTES = {
  '/orders/': 'e2e.orders.0',
  '/pay/': 'pay',
  // A rule that has just been added: the plan knows nothing of it yet.
  '/late/': 'e2e.orders.7',
  '/open/': 'e2e.open.0',
  '/a/': 'main',
  '/b/': 'main',
};

let folder = '';
let extproc: Child;
let extprocPort = 0;
let recorder: Recorder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-istio-'));
  extprocPort = await freePort();
  recorder = await Recorder.start(securedEcho);
  const manifests = [...KEYS, ...ROUTE_POLICIES, GUARD, SIDECAR];
  await writeFile(join(folder, 'policies.yaml'), manifests.map((item) => stringify(item)).join('---\n'));
  extproc = await startExtproc({ config: folder, listen: `127.0.0.1:${extprocPort}`, adminPort: await freePort() });
});
after(async () => {
  closeIdle();
  await extproc.stop();
  recorder.close();
  await rm(folder, { recursive: true, force: true });
});

function plan(policies: readonly object[]): Attachment {
  const inventory = inventoryOf([...CLUSTER, ...(policies as KubernetesObject[])]);
  const service = { name: 'waxseal-extproc', port: extprocPort, selector: { app: 'waxseal' } };
  return planAttachment(inventory, { systemNamespace: 'waxseal-system', service, messageTimeout: '10s' });
}

/** What istiod would send a proxy that has these routes, with the service's name replaced by where it really is. */
function configuration(port: number, plan: Attachment, proxy: Proxy): string {
  const address = { host: '127.0.0.1', port };
  const config = bootstrap({
    listen: address,
    backend: { ...address, port: recorder.port },
    policy: 'e2e/none',
    extproc: address,
    maxBody: 1,
  });
  const manager = config.static_resources.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
  const host = manager?.route_config.virtual_hosts[0];
  const template = host?.routes[0];
  if (!manager || !host || !template) throw new Error('the configuration has an unexpected shape');
  manager.http_filters.shift();
  config.static_resources.clusters.shift();
  const routes = Object.entries(ROUTES).map(([prefix, name]) => ({
    ...template,
    name,
    match: { prefix },
    typed_per_filter_config: {},
  }));
  Object.assign(host, { routes });
  const merged = config as unknown as Bootstrap;
  applyEnvoyFilters(merged, plan.objects, proxy);
  return stringify(merged).replaceAll('waxseal-extproc.waxseal-system.svc.cluster.local', '127.0.0.1');
}

const GATEWAY_PROXY: Proxy = { namespace: 'e2e', labels: LABELS, contexts: ['GATEWAY'] };

async function start(policies: readonly object[], proxy = GATEWAY_PROXY) {
  const port = await freePort();
  const envoy = await startEnvoy(configuration(port, plan(policies), proxy), port);
  return { envoy, url: (path: string) => `http://127.0.0.1:${port}${path}` };
}

async function passes(url: string, body: string): Promise<void> {
  recorder.reset();
  const answer = await send(url, body);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(recorder.count, 1);
}

async function isRefused(url: string, body: string, status = 403): Promise<void> {
  recorder.reset();
  const answer = await send(url, body);
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.text, /waxseal\.dev/, 'refused by the service, not by Envoy');
  assert.equal(recorder.count, 0);
}

const echo = { body: envelope('<a/>') };

describe('routes of a gateway', () => {
  let gateway: Awaited<ReturnType<typeof start>>;
  before(async () => {
    gateway = await start(ROUTE_POLICIES);
  });
  after(() => gateway.envoy.stop());

  test('the backend gets what the policy of the route secures, beyond the default buffer', async () => {
    for (const path of ['/orders/', '/late/']) {
      recorder.reset(securedEcho);
      const body = content(100_000);
      const answer = await send(gateway.url(path), envelope(body));
      assert.equal(answer.status, 200, answer.text.slice(0, 1000));
      assert.ok(answer.text.includes(body));
      assert.ok(recorder.last.body.includes('EncryptedData'));
    }
  });

  test('a rule with a policy of its own has that one alone', async () => {
    recorder.reset(() => echo);
    await isRefused(gateway.url('/pay/'), envelope('<a/>'));
    await passes(gateway.url('/pay/'), await signed('<a/>'));
    assert.ok(!recorder.last.body.includes('EncryptedData'));
  });

  test('a route without a policy is untouched', async () => {
    recorder.reset(() => echo);
    await passes(gateway.url('/open/'), envelope('<a/>'));
    assert.equal(recorder.last.body.toString(), envelope('<a/>'));
  });

  test('where two routes have one name, both are refused', async () => {
    await isRefused(gateway.url('/a/'), envelope('<a/>'), 500);
    await isRefused(gateway.url('/b/'), envelope('<a/>'), 500);
  });
});

test('a policy on the Gateway guards every route that has none of its own', async () => {
  const gateway = await start([...ROUTE_POLICIES, GUARD]);
  try {
    await isRefused(gateway.url('/open/'), envelope('<a/>'));
    recorder.reset(securedEcho);
    const answer = await send(gateway.url('/orders/'), envelope('<a/>'));
    assert.equal(answer.status, 200, answer.text);
    assert.ok(recorder.last.body.includes('EncryptedData'));
    recorder.reset(() => echo);
    await passes(gateway.url('/pay/'), await signed('<a/>'));
  } finally {
    await gateway.envoy.stop();
  }
});

test('what switches the guard off goes with the policy, so that the guard is on again', async () => {
  const gateway = await start([GUARD]);
  try {
    await isRefused(gateway.url('/orders/'), envelope('<a/>'));
  } finally {
    await gateway.envoy.stop();
  }
});

test('a policy of one EnvoyFilter may switch off a filter that is not there yet', async () => {
  const all = plan([...ROUTE_POLICIES, GUARD]);
  const objects = all.objects.filter(({ metadata }) => metadata.annotations?.['waxseal.dev/policy'] !== 'e2e/guard');
  const port = await freePort();
  const yaml = configuration(port, { ...all, objects }, GATEWAY_PROXY);
  assert.ok(!yaml.includes('name: waxseal.dev/e2e/guard'));
  await validate(yaml);
});

test('a sidecar in front of its Service', async () => {
  const contexts = ['SIDECAR_INBOUND', 'SIDECAR_OUTBOUND'];
  const sidecar = await start([SIDECAR], { namespace: 'e2e', labels: { app: 'backend', version: '1' }, contexts });
  try {
    recorder.reset(securedEcho);
    const answer = await send(sidecar.url('/open/'), envelope(content(100_000)));
    assert.equal(answer.status, 200, answer.text.slice(0, 1000));
    assert.ok(recorder.last.body.includes('EncryptedData'));
  } finally {
    await sidecar.envoy.stop();
  }
});

test('proxies of other Gateways and Services are left alone', () => {
  const yaml = (labels: Record<string, string>, namespace = 'e2e') =>
    configuration(1, plan([...ROUTE_POLICIES, GUARD, SIDECAR]), {
      namespace,
      labels,
      contexts: ['GATEWAY', 'SIDECAR_INBOUND'],
    });
  assert.ok(!yaml({ 'gateway.networking.k8s.io/gateway-name': 'other' }).includes('waxseal.dev/'));
  assert.ok(!yaml(LABELS, 'other').includes('waxseal.dev/'));
  assert.ok(yaml(LABELS).includes('waxseal.dev/e2e/guard'));
});

async function validate(yaml: string): Promise<void> {
  const file = join(folder, '.envoy.yaml');
  await writeFile(file, yaml);
  await promisify(execFile)(envoyBinary(), ['--mode', 'validate', '-c', file]);
}
