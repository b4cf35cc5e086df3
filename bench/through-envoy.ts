/** Whole requests: client, real Envoy, `waxseal extproc`, and an upstream that sends the body back. */

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEnvoy } from '../scripts/local/envoy.ts';
import { freePort } from '../scripts/local/ports.ts';
import { envoyConfig, startExtproc } from '../scripts/local/waxseal.ts';
import { createPki } from '../test/support/pki.ts';
import { NodeEngine } from './engines/node.ts';
import { exportKeys } from './keys.ts';
import type { Load, LoadResult } from './load.ts';
import { residentMb } from './measure.ts';
import { makeMessage, type Message } from './messages.ts';
import { markdown } from './report.ts';
import { manifests, policyName, scenarios, type Scenario } from './scenarios.ts';
import { startTokenService } from './token-service.ts';

export interface ThroughEnvoyOptions {
  readonly sizes: readonly string[];
  /** Names of scenarios; empty: all. */
  readonly policies: readonly string[];
  readonly connections: number;
  readonly json: boolean;
}

interface Result extends LoadResult {
  readonly scenario: string;
  readonly size: string;
  /** CPU milliseconds per request. */
  readonly envoyCpu: number;
  readonly serviceCpu: number;
  /** Resident memory under load, MB. */
  readonly serviceRss: number;
}

/** An ext_proc service, ours or the reference. */
interface Service {
  readonly pid: number;
  readonly address: string;
  stop(): unknown;
}

interface Bench {
  readonly directory: string;
  readonly upstream: number;
  readonly client: ChildProcess;
  readonly engine: NodeEngine;
}

const WARM_UP = 3000;
const MEASURED = 5000;
const REFERENCE: Scenario = { name: 'grpc-js alone', request: {} };
/** What the service may cost where it does nothing, against grpc-js alone. */
const OVERHEAD = 1.2;
/** MB that the service may hold under load at 10 KB. */
const RESIDENT = 150;
/** Kernel ticks per second, in which /proc counts CPU time. */
const TICKS = 100;

export async function measureThroughEnvoy(options: ThroughEnvoyOptions, print: (line: string) => void): Promise<void> {
  const keys = exportKeys(createPki());
  const directory = mkdtempSync(join(tmpdir(), 'waxseal-bench-'));
  const tokenService = await startTokenService();
  writeFileSync(join(directory, 'bench.yaml'), manifests(keys, tokenService.port));
  const upstream = await startUpstream();
  const client = fork(join(import.meta.dirname, 'load.ts'));
  const engine = await NodeEngine.start('waxseal', keys);
  const bench = { directory, client, engine, upstream: (upstream.address() as AddressInfo).port };
  const results: Result[] = [];
  try {
    for (const scenario of chosen(options.policies)) {
      // A fresh one each time: memory that an earlier policy or a larger message took is not the next one's.
      const service = await (scenario === REFERENCE ? startReference() : startService(directory));
      try {
        for (const result of await measureScenario(scenario, service, options, bench)) {
          results.push(result);
          if (options.json) print(jsonLine(result));
        }
      } finally {
        await service.stop();
      }
    }
  } finally {
    client.kill();
    engine.close();
    upstream.close();
    tokenService.close();
    rmSync(directory, { recursive: true, force: true });
  }
  if (!options.json) print(`${table(results)}\n\n${verdicts(results)}`);
}

/** @throws Error for a name that there is not */
function chosen(names: readonly string[]): Scenario[] {
  const all = [REFERENCE, ...scenarios];
  const unknown = names.find((name) => !all.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    throw new Error(`unknown policy ${unknown}; use ${all.map(({ name }) => name).join(', ')}`);
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

async function measureScenario(
  scenario: Scenario,
  service: Service,
  options: ThroughEnvoyOptions,
  bench: Bench,
): Promise<Result[]> {
  const port = await freePort();
  const args = [
    '--listen',
    `127.0.0.1:${port}`,
    '--backend',
    `127.0.0.1:${bench.upstream}`,
    '--extproc',
    service.address,
  ];
  const config = await envoyConfig([...args, '--policy', `bench/${policyName(scenario)}`, '--max-body', '16777216']);
  const envoy = await startEnvoy(config, port);
  const results: Result[] = [];
  try {
    for (const message of options.sizes.map(makeMessage)) {
      process.stderr.write(`${scenario.name} ${message.size}\n`);
      const setting = {
        envoy: envoy.process.pid ?? 0,
        service: service.pid,
        port,
        bench,
        connections: options.connections,
      };
      results.push(await measureSize(scenario, message, setting));
    }
  } finally {
    await envoy.stop();
  }
  return results;
}

async function measureSize(
  scenario: Scenario,
  message: Message,
  setting: { envoy: number; service: number; port: number; bench: Bench; connections: number },
): Promise<Result> {
  const { envoy, service, port, bench, connections } = setting;
  const file = join(bench.directory, 'message');
  writeFileSync(file, scenario.sends ? await bench.engine.once(scenario.sends, message.bytes) : message.bytes);
  const load = (milliseconds: number) => send(bench.client, { port, file, connections, milliseconds });
  await load(WARM_UP);
  const before = [cpuOf(envoy), cpuOf(service)];
  const result = await load(MEASURED);
  return {
    ...result,
    scenario: scenario.name,
    size: message.size,
    envoyCpu: (cpuOf(envoy) - before[0]) / result.requests,
    serviceCpu: (cpuOf(service) - before[1]) / result.requests,
    serviceRss: residentMb(service),
  };
}

async function send(client: ChildProcess, load: Load): Promise<LoadResult> {
  client.send(load);
  const [result] = (await once(client, 'message')) as [LoadResult];
  return result;
}

async function startService(config: string): Promise<Service> {
  const address = `127.0.0.1:${await freePort()}`;
  const child = await startExtproc({ config, listen: address, adminPort: await freePort() });
  return { pid: child.process.pid ?? 0, address, stop: () => child.stop() };
}

async function startReference(): Promise<Service> {
  const port = await freePort();
  const child = fork(join(import.meta.dirname, 'grpc-reference.ts'), [String(port)]);
  await once(child, 'message');
  return { pid: child.pid ?? 0, address: `127.0.0.1:${port}`, stop: () => child.kill() };
}

async function startUpstream(): Promise<Server> {
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => answer.setHeader('content-type', 'text/xml; charset=utf-8').end(Buffer.concat(chunks)));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** CPU milliseconds that a process has used: utime and stime of /proc/PID/stat. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}

function jsonLine(result: Result): string {
  const { scenario, size, requests, wall, p50, p99, statuses, envoyCpu, serviceCpu, serviceRss } = result;
  const round = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value);
  const rate = (1000 * requests) / wall;
  return JSON.stringify(
    {
      scenario,
      size,
      requests_per_s: rate,
      p50_ms: p50,
      p99_ms: p99,
      envoy_cpu_ms: envoyCpu,
      service_cpu_ms: serviceCpu,
      service_rss_mb: serviceRss,
      statuses,
    },
    round,
  );
}

function table(results: readonly Result[]): string {
  const header = [
    'policy',
    'size',
    'requests/s',
    'p50 ms',
    'p99 ms',
    'Envoy CPU ms',
    'service CPU ms',
    'service MB',
    'statuses',
  ];
  const rows = results.map((r) => [
    r.scenario,
    r.size,
    ((1000 * r.requests) / r.wall).toFixed(0),
    r.p50.toFixed(1),
    r.p99.toFixed(1),
    r.envoyCpu.toFixed(3),
    r.serviceCpu.toFixed(3),
    r.serviceRss.toFixed(0),
    Object.entries(r.statuses)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', '),
  ]);
  return markdown(header, rows);
}

function verdicts(results: readonly Result[]): string {
  const lines = results.flatMap((result) => {
    const { scenario, size, serviceCpu, serviceRss, statuses } = result;
    const found: [string, string, boolean][] = [];
    const reference = results.find((other) => other.scenario === REFERENCE.name && other.size === size);
    if (scenario === 'nothing' && reference !== undefined) {
      const ratio = serviceCpu / reference.serviceCpu;
      found.push([`within ${OVERHEAD}x of grpc-js alone`, `${ratio.toFixed(2)}x`, ratio <= OVERHEAD]);
    }
    if (scenario !== REFERENCE.name && size === '10k') {
      found.push([`under ${RESIDENT} MB resident`, `${serviceRss.toFixed(0)} MB`, serviceRss < RESIDENT]);
    }
    const bad = Object.entries(statuses).filter(([status]) => status !== '200');
    if (bad.length > 0) found.push(['every status is 200', bad.map((entry) => entry.join(': ')).join(', '), false]);
    return found.map(([target, text, met]) => [scenario, size, target, text, met ? 'met' : 'MISSED']);
  });
  return markdown(['policy', 'size', 'target', 'reached', ''], lines);
}
