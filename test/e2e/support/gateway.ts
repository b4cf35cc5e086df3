/** A real Envoy and the ext_proc service as processes of their own, with policies and keys in a folder. */

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { bootstrap, routePolicy } from '../../../cli/envoy-bootstrap.ts';
import type { Child } from '../../../scripts/local/child.ts';
import { startEnvoy } from '../../../scripts/local/envoy.ts';
import { freePort } from '../../../scripts/local/ports.ts';
import { startExtproc } from '../../../scripts/local/waxseal.ts';
import { closeIdle } from './http.ts';
import { metricOf } from './metric.ts';

export interface GatewayOptions {
  /** Files of the configuration folder: manifests by file name. */
  readonly files: Readonly<Record<string, readonly object[]>>;
  /** Names of policies in namespace `e2e`; requests to `/NAME/…` get policy NAME. */
  readonly policies: readonly string[];
  readonly backendPort: number;
  readonly maxBody?: number;
  /** Envoy's limit for each message of the ext_proc stream, such as `1s`. */
  readonly messageTimeout?: string;
  /** More options of `waxseal extproc`. */
  readonly args?: readonly string[];
  readonly unixSocket?: boolean;
}

export class Gateway {
  readonly folder: string;
  readonly envoy: Child;
  extproc: Child;
  readonly #ports: { readonly listen: number; readonly admin: number };
  readonly #startExtproc: () => Promise<Child>;

  private constructor(
    folder: string,
    envoy: Child,
    extproc: Child,
    ports: { listen: number; admin: number },
    again: () => Promise<Child>,
  ) {
    this.folder = folder;
    this.envoy = envoy;
    this.extproc = extproc;
    this.#ports = ports;
    this.#startExtproc = again;
  }

  static async start(options: GatewayOptions): Promise<Gateway> {
    const folder = await mkdtemp(join(tmpdir(), 'waxseal-e2e-'));
    for (const [name, manifests] of Object.entries(options.files)) await writeManifests(folder, name, manifests);
    const port = await freePort();
    const extprocPort = await freePort();
    const adminPort = await freePort();
    const socket = join(folder, '.waxseal.sock');
    const startAgain = () =>
      startExtproc({
        config: folder,
        listen: options.unixSocket ? `unix:${socket}` : `127.0.0.1:${extprocPort}`,
        adminPort,
        ...(options.args && { args: options.args }),
      });
    const extproc = await startAgain();
    const extprocAddress = options.unixSocket ? { path: socket } : { host: '127.0.0.1', port: extprocPort };
    const envoy = await startEnvoy(envoyYaml(options, port, extprocAddress), port);
    return new Gateway(folder, envoy, extproc, { listen: port, admin: adminPort }, startAgain);
  }

  url(policy: string, path = ''): string {
    return `http://127.0.0.1:${this.#ports.listen}/${policy}/${path}`;
  }

  /** Replaces a file of the configuration at once, as an editor or a Kubernetes mount does. */
  async write(name: string, manifests: readonly object[] | string): Promise<void> {
    await writeManifests(this.folder, name, manifests);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name));
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.#ports.admin}/metrics`)).text();
  }

  /** An HTTP path of the observation port. */
  async probe(path: string): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.admin}${path}`);
    return { status: response.status, text: await response.text() };
  }

  /** Sum of the samples of a metric whose labels contain all of these. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return metricOf(await this.metrics(), name, labels);
  }

  /** The service's log, one object a line. */
  logLines(): Record<string, unknown>[] {
    return this.extproc.log
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async restartExtproc(): Promise<void> {
    await this.extproc.stop();
    this.extproc = await this.#startExtproc();
  }

  async stop(): Promise<void> {
    closeIdle();
    await Promise.all([this.envoy.stop(), this.extproc.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function writeManifests(folder: string, name: string, manifests: readonly object[] | string): Promise<void> {
  const text = typeof manifests === 'string' ? manifests : manifests.map((item) => stringify(item)).join('---\n');
  const temporary = join(folder, `.${name}.tmp`);
  await writeFile(temporary, text);
  await rename(temporary, join(folder, name));
}

/** What `waxseal envoy-config` prints, with one route for each policy. */
function envoyYaml(options: GatewayOptions, port: number, extproc: { host: string; port: number } | { path: string }) {
  const config = bootstrap({
    listen: { host: '127.0.0.1', port },
    backend: { host: '127.0.0.1', port: options.backendPort },
    policy: `e2e/${options.policies[0]}`,
    extproc,
    maxBody: options.maxBody ?? 10485760,
  });
  const manager = config.static_resources.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
  const host = manager?.route_config.virtual_hosts[0];
  const template = host?.routes[0];
  const filter = manager?.http_filters[0];
  if (!manager || !host || !template || !filter) throw new Error('the configuration has an unexpected shape');
  host.routes = options.policies.map((policy) => ({
    ...template,
    match: { prefix: `/${policy}/` },
    typed_per_filter_config: routePolicy(`e2e/${policy}`),
  }));
  if (options.messageTimeout) Object.assign(filter.typed_config, { message_timeout: options.messageTimeout });
  return stringify(config);
}
