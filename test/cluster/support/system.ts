/**
 * All of Waxseal in a test cluster: installed with Helm, its processes run here with the arguments and the rights that the
 * chart gives them, behind a real Envoy that a real Envoy Gateway feeds.
 */

import { join } from 'node:path';
import type { KubernetesObject } from '../../../policy/kubernetes.ts';
import { Child } from '../../../scripts/local/child.ts';
import { startCluster, type TestCluster } from '../../../scripts/local/kubernetes/cluster.ts';
import { publishPod, type PublishedPod } from '../../../scripts/local/kubernetes/endpoints.ts';
import { installCrds, startEnvoyGateway, type EnvoyGateway } from '../../../scripts/local/kubernetes/envoy-gateway.ts';
import { helm } from '../../../scripts/local/kubernetes/helm.ts';
import { hostAddress } from '../../../scripts/local/kubernetes/host-address.ts';
import { writeSecret } from '../../../scripts/local/kubernetes/volumes.ts';
import { stablePort } from '../../../scripts/local/ports.ts';
import { until } from '../../../scripts/local/until.ts';
import { CHART, NAMESPACE } from './chart.ts';

const WAXSEAL = join(import.meta.dirname, '../../../cli/waxseal.js');

export interface SystemOptions {
  /** Whether a real Envoy Gateway runs; without it only its CRDs are there. */
  readonly envoyGateway?: boolean;
  readonly operators?: number;
  readonly replicas?: number;
  /** Values of the chart. */
  readonly values?: object;
}

/** A replica of the operator. */
export interface OperatorProcess {
  readonly name: string;
  readonly port: number;
  readonly admin: string;
  child: Child;
}

/** A replica of the data plane. */
export interface ReplicaProcess {
  readonly name: string;
  readonly admin: string;
  child: Child;
  readonly pod: PublishedPod;
}

interface Deployment extends KubernetesObject {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
    };
  };
}

export class System {
  readonly cluster: TestCluster;
  readonly envoyGateway: EnvoyGateway | undefined;
  readonly operators: OperatorProcess[] = [];
  readonly replicas: ReplicaProcess[] = [];

  private constructor(cluster: TestCluster, envoyGateway: EnvoyGateway | undefined) {
    this.cluster = cluster;
    this.envoyGateway = envoyGateway;
  }

  static async start(options: SystemOptions = {}): Promise<System> {
    const { envoyGateway = false, operators = 1, replicas = 1, values = {} } = options;
    const cluster = await startCluster({ controllers: true });
    const system = new System(cluster, envoyGateway ? await startEnvoyGateway(cluster) : undefined);
    try {
      if (!envoyGateway) await installCrds(cluster);
      await helm(['install', 'waxseal', CHART, '--namespace', NAMESPACE, '--create-namespace', '-f', '-'], {
        kubeconfig: cluster.kubeconfig,
        input: JSON.stringify(values),
      });
      const ports = await Promise.all(Array.from({ length: operators }, () => stablePort()));
      for (const port of ports) await system.#addOperator(port);
      for (let count = 0; count < replicas; count++) await system.addReplica();
      return system;
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  /** The operator that leads. Waits until one does. */
  async leader(): Promise<OperatorProcess> {
    let leader: OperatorProcess | undefined;
    await until('an operator leads', async () => {
      for (const operator of this.operators) {
        if ((await readiness(operator.admin)).leading === true) leader = operator;
      }
      return leader !== undefined;
    });
    return leader as OperatorProcess;
  }

  /** Starts the process of a replica of the operator, at the start or after it has ended. */
  async startOperator(operator: OperatorProcess): Promise<void> {
    operator.child = await this.#operatorProcess(operator);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.replicas, ...this.operators].map(({ child }) => child.stop()));
    await this.envoyGateway?.stop();
    await this.cluster.stop();
  }

  async #addOperator(port: number): Promise<void> {
    const name = `waxseal-operator-${this.operators.length}`;
    const place = { name, port, admin: `http://127.0.0.1:${await stablePort()}` };
    this.operators.push({ ...place, child: await this.#operatorProcess(place) });
  }

  async #operatorProcess({ name, port, admin }: Omit<OperatorProcess, 'child'>): Promise<Child> {
    const { args } = await this.#deployment('waxseal-operator');
    const kubeconfig = await this.cluster.serviceAccountKubeconfig(NAMESPACE, 'waxseal-operator');
    const child = run(name, args, {
      listen: `127.0.0.1:${port}`,
      admin: admin.replace('http://', ''),
      identity: name,
      kubeconfig,
    });
    await child.until(async () => (await fetch(`${admin}/healthz`).catch(() => undefined))?.ok ?? false);
    return child;
  }

  /** Starts one more replica of the data plane and puts it behind its Services. */
  async addReplica(): Promise<void> {
    const { args, labels } = await this.#deployment('waxseal-extproc');
    const name = `waxseal-extproc-${this.replicas.length}`;
    const folder = join(this.cluster.folder, name);
    await until('the operator makes certificates', async () => {
      const names = await this.cluster.kubectl(['get', 'secret', '-n', NAMESPACE, '-o', 'name']);
      return names.includes('secret/waxseal-extproc-tls');
    });
    await writeSecret(this.cluster, NAMESPACE, 'waxseal-extproc-tls', folder);
    const port = await stablePort();
    const admin = `127.0.0.1:${await stablePort()}`;
    const child = run(name, args, {
      operator: this.operators.map((operator) => `127.0.0.1:${operator.port}`).join(','),
      'tls-cert': join(folder, 'tls.crt'),
      'tls-key': join(folder, 'tls.key'),
      'tls-ca': join(folder, 'ca.crt'),
      'replica-name': name,
      listen: `${await hostAddress()}:${port}`,
      admin,
      workers: '1',
    });
    await child.until(async () => (await fetch(`http://${admin}/readyz`).catch(() => undefined))?.ok ?? false);
    const pod = await publishPod(this.cluster, { namespace: NAMESPACE, name, labels, ports: { 'ext-proc': port } });
    this.replicas.push({ name, admin: `http://${admin}`, child, pod });
  }

  async #deployment(name: string): Promise<{ args: readonly string[]; labels: Readonly<Record<string, string>> }> {
    const { spec } = await this.cluster.get<Deployment>('deployment', name, '-n', NAMESPACE);
    const { metadata, spec: pod } = spec.template;
    return { args: pod.containers[0]?.args ?? [], labels: metadata.labels };
  }
}

/** What `/readyz` tells; empty where nothing answers. */
export async function readiness(admin: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`${admin}/readyz`).catch(() => undefined);
  return response === undefined ? {} : ((await response.json()) as Record<string, unknown>);
}

/** The process of a container, with some of its arguments as they must be on this machine. */
function run(name: string, args: readonly string[], replaced: Readonly<Record<string, string>>): Child {
  const kept = args.filter((argument) => !Object.keys(replaced).some((flag) => argument.startsWith(`--${flag}=`)));
  const here = Object.entries(replaced).map(([flag, value]) => `--${flag}=${value}`);
  // First the subcommand; the rest in any order, but flags with several values at the end.
  const [command = '', ...rest] = kept;
  return new Child(name, process.execPath, [WAXSEAL, command, ...here, ...rest]);
}
