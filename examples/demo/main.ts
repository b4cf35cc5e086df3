/**
 * `make demo`: a real Envoy, the ext_proc service and a backend that demands WS-Security, shown at work.
 * BACKEND=host:port CONFIG=folder [POLICY=namespace/name]: Envoy and the service in front of a service of yours.
 * STS=1, or the option --sts: a real token service, and a backend that demands its tokens (both Apache CXF's, on Java).
 * ONCE=1: ends after it has shown everything. Everything listens on 127.0.0.1 only.
 */

import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from '../../policy/load.ts';
import type { Child } from '../../scripts/local/child.ts';
import { startEnvoy } from '../../scripts/local/envoy.ts';
import { freePort } from '../../scripts/local/ports.ts';
import { envoyConfig, startExtproc } from '../../scripts/local/waxseal.ts';
import { startBackend } from './backend.ts';
import { createKeys, keyManifests } from './key-manifests.ts';
import { bold, line, red, section } from './show.ts';
import { curlCommand, showExchange, type Where } from './tour.ts';

const DEMO_POLICY = 'shop/orders';
const POLICIES = join(import.meta.dirname, '../policies');
const env = (name: string) => process.env[name] || undefined;

interface Setting {
  readonly folder: string;
  readonly policy: string;
  /** host:port */
  readonly target: string;
  /** Shows what happens to messages; absent in front of a user's own service, which nobody here knows. */
  readonly show?: (where: Where) => Promise<void>;
}

const children: Child[] = [];
const cleanups: (() => unknown)[] = [];
const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
});

try {
  await Promise.race([main(), interrupted]);
} catch (error) {
  console.error(`\n${red('demo:')} ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await Promise.all(children.map((child) => child.stop()));
  for (const cleanup of cleanups) await cleanup();
}
process.exit();

async function main(): Promise<void> {
  const setting = await chosenService();
  const [listenPort, extprocPort, adminPort] = [await freePort(10000), await freePort(9002), await freePort(9003)];
  line('demo: starting the ext_proc service');
  const extproc = await startExtproc({ config: setting.folder, listen: `127.0.0.1:${extprocPort}`, adminPort });
  children.push(extproc);
  line('demo: starting Envoy');
  const args = ['--listen', `127.0.0.1:${listenPort}`, '--backend', setting.target, '--policy', setting.policy];
  const envoy = await startEnvoy(await envoyConfig([...args, '--extproc', `127.0.0.1:${extprocPort}`]), listenPort);
  children.push(envoy);

  const url = `http://127.0.0.1:${listenPort}/orders`;
  const metricsUrl = `http://127.0.0.1:${adminPort}/metrics`;
  await setting.show?.({ url, metricsUrl });
  section(env('ONCE') ? 'What ran' : 'Running');
  line(`  SOAP endpoint   ${bold(url)}`);
  line(`  in front of     ${setting.target}${setting.show ? ' (the sample backend)' : ''}`);
  line(`  policy          ${setting.policy}, from ${setting.folder} (edit it: changes take effect at once)`);
  line(`  metrics         ${metricsUrl}`);
  if (env('ONCE')) return;
  line(`\n  ${curlCommand(url)}\n`);
  line('  Ctrl-C stops everything.');
  const [name, log] = await Promise.race(
    children.map((child) => child.ended.then((how) => [`${child.name} ended (${how})`, child.log] as const)),
  );
  throw new Error(`${name}. Its log ends with:\n${log.split('\n').slice(-20).join('\n')}`);
}

async function chosenService(): Promise<Setting> {
  const [backend, tokens] = [env('BACKEND'), env('STS') !== undefined || process.argv.includes('--sts')];
  if (backend && tokens) throw new Error('STS brings a backend of its own; leave BACKEND out.');
  if (backend) return ownService(backend);
  if (env('CONFIG')) throw new Error('CONFIG is used together with BACKEND=host:port.');
  return tokens ? tokenService() : sampleService();
}

/** Keys made now, the example policies, and the sample backend. */
async function sampleService(): Promise<Setting> {
  line('demo: making keys and certificates');
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-demo-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  await cp(POLICIES, folder, { recursive: true });
  const keys = createKeys();
  const namespaces = new Set((await policyNames(folder)).map((name) => name.split('/')[0] ?? ''));
  await writeFile(join(folder, 'keys.yaml'), keyManifests(keys, namespaces), { mode: 0o600 });
  const backend = await startBackend(
    await freePort(8081),
    { ca: keys.ca, key: keys.backend.key },
    { ...keys.backend, recipient: keys.gateway.certificate },
  );
  cleanups.push(() => backend.close());
  const show = (where: Where) => showExchange(where, backend);
  return { folder, policy: DEMO_POLICY, target: `127.0.0.1:${backend.port}`, show };
}

/** A token service, a backend that demands its tokens, and a policy that gets them. */
async function tokenService(): Promise<Setting> {
  line('demo: starting Apache CXF on Java; the first time, both are downloaded');
  // Nothing of it is looked at without being asked for: the rest of the demo needs no Java.
  const { startTokenBackend, tokenManifests, tokenSecrets } = await import('./token-service.ts');
  const { showTokens } = await import('./token-tour.ts');
  const backend = await startTokenBackend(await freePort(8081));
  cleanups.push(() => backend.close());
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-demo-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'policy.yaml'), tokenManifests(backend.cxf));
  await writeFile(join(folder, 'secrets.yaml'), tokenSecrets(), { mode: 0o600 });
  const show = (where: Where) => showTokens(where, backend);
  return { folder, policy: DEMO_POLICY, target: `127.0.0.1:${backend.port}`, show };
}

/** The user's own service, policies and keys. */
async function ownService(target: string): Promise<Setting> {
  const folder = env('CONFIG');
  if (!folder) throw new Error('BACKEND needs CONFIG=folder: your policies and keys; start from examples/policies.');
  const names = await policyNames(folder);
  const policy = env('POLICY') ?? names[0];
  if (!policy || !names.includes(policy)) {
    throw new Error(`${folder} holds no WSSecurityPolicy ${policy ?? ''}; it holds: ${names.join(', ') || 'none'}.`);
  }
  if (!env('POLICY') && names.length > 1) {
    throw new Error(`${folder} holds several policies; choose one with POLICY=${names.join(' or POLICY=')}.`);
  }
  return { folder, policy, target };
}

/** `namespace/name` of every policy in the folder. */
async function policyNames(folder: string): Promise<string[]> {
  const { manifests } = await load([folder]);
  return manifests
    .filter(({ kind }) => kind === 'WSSecurityPolicy')
    .map(({ namespace, name }) => `${namespace}/${name}`);
}
