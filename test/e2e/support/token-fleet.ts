/** Processes of the ext_proc service that share one Redis, behind one real Envoy, in front of one backend. */

import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { FILTER_NAME, bootstrap, routePolicy } from '../../../cli/envoy-bootstrap.ts';
import type { Child } from '../../../scripts/local/child.ts';
import { startEnvoy } from '../../../scripts/local/envoy.ts';
import { freePort } from '../../../scripts/local/ports.ts';
import { startExtproc } from '../../../scripts/local/waxseal.ts';
import { closeIdle } from './http.ts';
import { metricOf } from './metric.ts';

export interface TokenFleetOptions {
  /** Requests to `/NAME/PATH` get policy `e2e/NAME` and go to `/PATH` of the backend. */
  readonly policies: readonly string[];
  readonly backendPort: number;
  /** PEM of who certified the backend, which is reached over TLS. */
  readonly backendCa?: string;
  /** Default 1. */
  readonly processes?: number;
  /** Address of the Redis that the processes share; absent: each is alone. */
  readonly redis?: string;
  readonly environment?: string;
}

interface Member {
  readonly extproc: Child;
  readonly adminPort: number;
}

export class TokenFleet {
  readonly members: readonly Member[];
  readonly envoy: Child;
  readonly #folder: string;
  readonly #port: number;

  private constructor(folder: string, members: readonly Member[], envoy: Child, port: number) {
    this.#folder = folder;
    this.members = members;
    this.envoy = envoy;
    this.#port = port;
  }

  /**
   * @param manifests policies, token services, Secrets and ConfigMaps of namespace `e2e`, made of the address where messages
   * reach the backend through Envoy but past the service (`retryUrl`)
   */
  static async start(
    options: TokenFleetOptions,
    manifests: (retryUrl: string) => readonly object[],
  ): Promise<TokenFleet> {
    const folder = await mkdtemp(join(tmpdir(), 'waxseal-fleet-'));
    const [config, keys] = [join(folder, 'config'), join(folder, 'keys')];
    await Promise.all([mkdir(config), mkdir(keys)]);
    await writeFile(join(keys, '1'), randomBytes(32).toString('base64'), { mode: 0o600 });
    const [port, retryPort] = [await freePort(), await freePort()];
    const backendCa = options.backendCa === undefined ? undefined : join(folder, 'backend-ca.crt');
    if (backendCa !== undefined) await writeFile(backendCa, options.backendCa ?? '');
    const text = manifests(`http://127.0.0.1:${retryPort}`).map((item) => stringify(item));
    await writeFile(join(config, 'all.yaml'), text.join('---\n'), { mode: 0o600 });
    const args = [
      ...(options.redis === undefined ? [] : ['--redis', options.redis, '--cache-keys', keys]),
      ...(options.environment === undefined ? [] : ['--environment', options.environment]),
    ];
    const started = Array.from({ length: options.processes ?? 1 }, async () => {
      const [extprocPort, adminPort] = [await freePort(), await freePort()];
      const extproc = await startExtproc({ config, listen: `127.0.0.1:${extprocPort}`, adminPort, args });
      return { extproc, adminPort, extprocPort };
    });
    const members = await Promise.all(started);
    const ports = { listen: port, retry: retryPort, extproc: members.map(({ extprocPort }) => extprocPort) };
    return new TokenFleet(folder, members, await startEnvoy(envoyYaml(options, ports, backendCa), port), port);
  }

  url(policy: string, path: string): string {
    return `http://127.0.0.1:${this.#port}/${policy}${path}`;
  }

  /** What all processes show. */
  async metrics(): Promise<string> {
    const texts = this.members.map(async ({ adminPort }) =>
      (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text(),
    );
    return (await Promise.all(texts)).join('\n');
  }

  /** Sum, over all processes, of the samples of a metric whose labels contain all of these. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return metricOf(await this.metrics(), name, labels);
  }

  /** Everything that the processes and Envoy wrote. */
  log(): string {
    return [...this.members.map(({ extproc }) => extproc.log), this.envoy.log].join('\n');
  }

  async stop(): Promise<void> {
    closeIdle();
    await Promise.all([this.envoy.stop(), ...this.members.map(({ extproc }) => extproc.stop())]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Ports {
  readonly listen: number;
  readonly retry: number;
  readonly extproc: readonly number[];
}

/** What `waxseal envoy-config` prints, with a route for each policy, several processes, and a second listener without the filter. */
function envoyYaml(options: TokenFleetOptions, ports: Ports, backendCa: string | undefined): string {
  const config = bootstrap({
    listen: { host: '127.0.0.1', port: ports.listen },
    backend: { host: '127.0.0.1', port: options.backendPort },
    ...(backendCa !== undefined && { backendCa }),
    policy: `e2e/${options.policies[0]}`,
    extproc: { host: '127.0.0.1', port: ports.extproc[0] ?? 0 },
    maxBody: 10485760,
  });
  const { listeners, clusters } = config.static_resources;
  const listener = listeners[0];
  const host = listener?.filter_chains[0]?.filters[0]?.typed_config.route_config.virtual_hosts[0];
  const template = host?.routes[0];
  const processes = clusters.find(({ name }) => name === FILTER_NAME)?.load_assignment.endpoints[0];
  if (!listener || !host || !template || !processes) throw new Error('the configuration has an unexpected shape');
  host.routes = options.policies.map((policy) => ({
    ...template,
    match: { prefix: `/${policy}/` },
    route: { ...template.route, prefix_rewrite: '/' },
    typed_per_filter_config: routePolicy(`e2e/${policy}`),
  }));
  processes.lb_endpoints = ports.extproc.map((port) => ({
    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
  }));
  const retry = structuredClone(listener);
  retry.name = 'retry';
  retry.address = { socket_address: { address: '127.0.0.1', port_value: ports.retry } };
  const manager = retry.filter_chains[0]?.filters[0]?.typed_config;
  if (manager) manager.http_filters = manager.http_filters.filter(({ name }) => name !== FILTER_NAME);
  listeners.push(retry);
  return stringify(config);
}
