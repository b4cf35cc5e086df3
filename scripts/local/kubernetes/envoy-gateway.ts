/** The real Envoy Gateway as a process beside a test cluster. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../child.ts';
import { freePort, stablePort } from '../ports.ts';
import { binary, envoyGatewayChart } from './binaries.ts';
import type { TestCluster } from './cluster.ts';
import { helm } from './helm.ts';
import { execute } from './process.ts';
import { writeConfigMap, writeSecret } from './volumes.ts';

/** Where Envoy Gateway is installed, and where it keeps what belongs to its Envoys. */
export const ENVOY_GATEWAY_NAMESPACE = 'envoy-gateway-system';
/** Name of the GatewayClass that it serves. */
export const GATEWAY_CLASS = 'envoy-gateway';

/** xDS, WebAssembly modules, health, metrics: none of them can be configured. */
const FIXED_PORTS = [18000, 18002, 8081, 8080];

/** Runs its arguments with the folder $2 as /certs, in a file system tree of its own at $1: /certs cannot be configured. */
const WITH_CERTS = `
root=$1 certs=$2; shift 2
mount -t tmpfs tmpfs "$root"
for entry in /*; do
  if [ -L "$entry" ]; then cp -P "$entry" "$root"; continue; fi
  if [ -d "$entry" ]; then mkdir "$root$entry" && mount --rbind "$entry" "$root$entry"; fi
done
mkdir -p "$root/certs" && mount --bind "$certs" "$root/certs" && exec chroot "$root" "$@"
`;

/**
 * Installs the CRDs of Gateway API and of Envoy Gateway and Envoy Gateway's Helm chart (its roles, service account and
 * configuration) into the cluster, with the GatewayClass {@link GATEWAY_CLASS}, and runs Envoy Gateway with the rights
 * of its service account. Ready in about ten seconds. Needs the cluster's option `controllers`.
 *
 * @throws Error when another Envoy Gateway runs on this machine: its ports are fixed
 */
export async function startEnvoyGateway(cluster: TestCluster): Promise<EnvoyGateway> {
  for (const port of FIXED_PORTS) {
    if ((await freePort(port)) === port) continue;
    throw new Error(
      `Port ${port} is taken. Envoy Gateway cannot use another: only one can run on a machine at a time.`,
    );
  }
  const adminPort = await stablePort();
  await installCrds(cluster);
  await installChart(cluster, adminPort);
  const folder = join(cluster.folder, 'envoy-gateway');
  await writeSecret(cluster, ENVOY_GATEWAY_NAMESPACE, 'envoy-gateway', join(folder, 'certs'));
  await writeConfigMap(cluster, ENVOY_GATEWAY_NAMESPACE, 'envoy-gateway-config', join(folder, 'config'));
  await mkdir(join(folder, 'root'));
  const gateway = new EnvoyGateway(
    folder,
    await cluster.serviceAccountKubeconfig(ENVOY_GATEWAY_NAMESPACE, 'envoy-gateway'),
  );
  await gateway.start();
  return gateway;
}

/** Installs the CRDs of Gateway API (standard channel) and of Envoy Gateway. */
export async function installCrds(cluster: TestCluster): Promise<void> {
  const crds = await helm([
    ...['template', 'crds', envoyGatewayChart('gateway-crds-helm')],
    ...['--set', 'crds.gatewayAPI.enabled=true,crds.gatewayAPI.channel=standard,crds.envoyGateway.enabled=true'],
  ]);
  await cluster.kubectl(['apply', '--server-side', '-f', '-'], crds);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
}

async function installChart(cluster: TestCluster, adminPort: number): Promise<void> {
  const values = {
    topologyInjector: { enabled: false },
    config: {
      envoyGateway: {
        provider: {
          kubernetes: { leaderElection: { disable: true }, proxyTopologyInjector: { disabled: true } },
        },
        extensionApis: { enableBackend: true },
        admin: { address: { host: '127.0.0.1', port: adminPort } },
        telemetry: { metrics: { prometheus: { disable: true } } },
      },
    },
  };
  const { kubeconfig } = cluster;
  // Hooks are Jobs, which would never end here.
  await helm(
    [
      ...['install', 'envoy-gateway', envoyGatewayChart('gateway-helm'), '--no-hooks', '--skip-crds', '-f', '-'],
      ...['-n', ENVOY_GATEWAY_NAMESPACE, '--create-namespace'],
    ],
    { kubeconfig, input: JSON.stringify(values) },
  );
  const env = { KUBECONFIG: kubeconfig, ENVOY_GATEWAY_NAMESPACE };
  await execute(binary('envoy-gateway'), ['certgen', '--disable-topology-injector'], { env });
  await cluster.apply({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: GATEWAY_CLASS },
    spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
  });
}

export class EnvoyGateway {
  readonly #folder: string;
  readonly #kubeconfig: string;
  #process: Child | undefined;

  /** @internal */
  constructor(folder: string, kubeconfig: string) {
    this.#folder = folder;
    this.#kubeconfig = kubeconfig;
  }

  /** What it wrote to its log since it was started last. */
  get log(): string {
    return this.#process?.log ?? '';
  }

  /** Starts it again and waits until it is ready. */
  async start(): Promise<void> {
    const command = [
      binary('envoy-gateway'),
      'server',
      `--config-path=${join(this.#folder, 'config/envoy-gateway.yaml')}`,
    ];
    // Only root can mount without a user namespace.
    const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
    const folders = [join(this.#folder, 'root'), join(this.#folder, 'certs')];
    this.#process = new Child(
      'envoy-gateway',
      'unshare',
      [...namespaces, 'sh', '-ec', WITH_CERTS, 'sh', ...folders, ...command],
      { KUBECONFIG: this.#kubeconfig, ENVOY_GATEWAY_NAMESPACE },
    );
    await this.#process.until(
      async () => (await fetch('http://127.0.0.1:8081/readyz').catch(() => undefined))?.ok ?? false,
    );
  }

  /** Stops it; its Envoys go on with what they have. */
  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }
}
