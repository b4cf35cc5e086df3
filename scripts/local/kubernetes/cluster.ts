/**
 * A Kubernetes cluster of real processes on loopback: etcd, the API server and, when asked for, the controllers.
 * There is no scheduler and no kubelet: Pods never run, and a test plays the parts it needs (see endpoints.ts).
 */

import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject } from '../../../policy/kubernetes.ts';
import { Child } from '../child.ts';
import { stablePort } from '../ports.ts';
import { binary } from './binaries.ts';
import type { Program } from './binaries.ts';
import { createCredentials, kubeconfig } from './credentials.ts';
import type { Credentials } from './credentials.ts';
import { execute } from './process.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
/** An API server that has not stopped by then is killed: open watches hold it up for a minute. In milliseconds. */
const GRACE = 1000;

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
// So that a test file that is ended from outside leaves no cluster behind: a signal by itself runs no exit handlers.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

export interface ClusterOptions {
  /**
   * Whether kube-controller-manager runs. Without it namespaces are never deleted to the end, owner references are not
   * collected, and there are no EndpointSlices of Services, no Pods of Deployments, no default service accounts.
   */
  readonly controllers?: boolean;
  /** Whether the API server writes every request it decided on to a log; see {@link TestCluster.audit}. */
  readonly audit?: boolean;
}

/** One line of the API server's audit log, of what is in it. */
export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Starts a cluster of its own in a fresh folder and waits until it is ready: three to five seconds. */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'waxseal-cluster-'));
  folders.add(folder);
  const cluster = new TestCluster(folder, options, await createCredentials(folder), {
    etcd: await stablePort(),
    peer: await stablePort(),
    server: await stablePort(),
  });
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export class TestCluster {
  /** Temporary folder of this cluster; removed with it. */
  readonly folder: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** URL of the API server; it stays the same when that is stopped and started again. */
  readonly server: string;
  readonly #options: ClusterOptions;
  readonly #credentials: Credentials;
  readonly #ports: { readonly etcd: number; readonly peer: number; readonly server: number };
  readonly #components = new Map<Program, Child>();
  #crash: string | undefined;
  #kubeconfigs = 0;

  constructor(
    folder: string,
    options: ClusterOptions,
    credentials: Credentials,
    ports: { readonly etcd: number; readonly peer: number; readonly server: number },
  ) {
    this.folder = folder;
    this.kubeconfig = join(folder, 'admin.kubeconfig');
    this.server = `https://127.0.0.1:${ports.server}`;
    this.#options = options;
    this.#credentials = credentials;
    this.#ports = ports;
  }

  /** Path of the certificate authority of the API server, PEM. */
  get caFile(): string {
    return join(this.folder, 'serving/apiserver.crt');
  }

  /** @internal */
  async start(): Promise<void> {
    const { adminToken: token } = this.#credentials;
    await this.#writeKubeconfig(this.kubeconfig, token, 'default');
    this.#startEtcd();
    await this.startApiServer();
    if (this.#options.controllers) await this.#startControllers();
  }

  #startEtcd(): void {
    const client = `http://127.0.0.1:${this.#ports.etcd}`;
    const peer = `http://127.0.0.1:${this.#ports.peer}`;
    this.#run('etcd', [
      '--name=default',
      `--data-dir=${join(this.folder, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
    ]);
  }

  /** Starts the API server again on its port, with what etcd holds, and waits until it is ready. */
  async startApiServer(): Promise<void> {
    const { tokenFile, serviceAccountKeyFile } = this.#credentials;
    const args = [
      `--etcd-servers=http://127.0.0.1:${this.#ports.etcd}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${this.#ports.server}`,
      // It makes its own certificate there, and finds it again.
      `--cert-dir=${join(this.folder, 'serving')}`,
      `--token-auth-file=${tokenFile}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      `--service-account-issuer=${ISSUER}`,
      `--service-account-key-file=${serviceAccountKeyFile}`,
      `--service-account-signing-key-file=${serviceAccountKeyFile}`,
      // Pods can be made without a service account: nothing runs in them.
      '--disable-admission-plugins=ServiceAccount',
      // No other machine reaches this API server, and an address on loopback may not be published.
      '--endpoint-reconciler-type=none',
    ];
    if (this.#options.audit) args.push(...(await this.#auditFlags()));
    await this.#run('kube-apiserver', args).until(() => this.#has('/readyz'));
  }

  /** Stops the API server; etcd and the controllers go on. */
  async stopApiServer(): Promise<void> {
    await this.#stop('kube-apiserver', GRACE);
  }

  /** Ends everything at once, the API server before etcd (which it would wait for in vain), and removes the folder. */
  async stop(): Promise<void> {
    for (const program of ['kube-controller-manager', 'kube-apiserver', 'etcd'] as const) await this.#stop(program, 0);
    await rm(this.folder, { recursive: true, force: true });
    folders.delete(this.folder);
  }

  /** The process of a component, for signals; undefined while it is stopped. */
  component(program: Program): Child | undefined {
    return this.#components.get(program);
  }

  /**
   * Runs kubectl and gives what it prints.
   *
   * @param input its stdin, for `-f -`
   * @throws Error with kubectl's message, or with the log of a component that has ended by itself
   */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    return this.kubectlAs(this.kubeconfig, args, input);
  }

  /** {@link TestCluster.kubectl} with the rights of another kubeconfig. */
  async kubectlAs(kubeconfig: string, args: readonly string[], input?: string): Promise<string> {
    const env = { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(this.folder, 'kubectl-cache') };
    try {
      return await execute(binary('kubectl'), args, { env, ...(input !== undefined && { input }) });
    } catch (error) {
      if (this.#crash) throw new Error(this.#crash, { cause: error });
      throw error;
    }
  }

  /** Applies objects (server-side, conflicts are forced). */
  async apply(...objects: readonly KubernetesObject[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], list);
  }

  /** An object (`get('httproute', 'shop', '-n', 'demo')`) or a list of them, as the API server has it. */
  async get<T = KubernetesObject>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl(['get', ...args, '-o', 'json'])) as T;
  }

  /** Path of a kubeconfig with a token of the service account (TokenRequest), good for an hour. */
  async serviceAccountKubeconfig(namespace: string, name: string): Promise<string> {
    const token = await this.kubectl(['create', 'token', name, '-n', namespace, '--duration=1h']);
    const file = join(this.folder, `${namespace}-${name}-${++this.#kubeconfigs}.kubeconfig`);
    await this.#writeKubeconfig(file, token.trim(), namespace);
    return file;
  }

  /** What the audit log has by now of requests that were answered; of `user` if given. Needs the option `audit`. */
  async audit(user?: string): Promise<AuditEvent[]> {
    const lines = (await readFile(this.#auditLog, 'utf8')).split('\n').slice(0, -1);
    const events = lines.map((line) => JSON.parse(line) as AuditEvent);
    return events.filter(({ user: { username } }) => user === undefined || username === user);
  }

  get #auditLog(): string {
    return join(this.folder, 'audit.jsonl');
  }

  async #auditFlags(): Promise<string[]> {
    const file = join(this.folder, 'audit-policy.json');
    const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'] };
    await writeFile(file, JSON.stringify({ ...policy, rules: [{ level: 'Metadata' }] }));
    return [`--audit-policy-file=${file}`, `--audit-log-path=${this.#auditLog}`];
  }

  async #startControllers(): Promise<void> {
    const child = this.#run('kube-controller-manager', [
      `--kubeconfig=${this.kubeconfig}`,
      `--service-account-private-key-file=${this.#credentials.serviceAccountKeyFile}`,
      `--root-ca-file=${this.caFile}`,
      '--leader-elect=false',
      '--secure-port=0',
      // Nodes here are objects only; these would find them dead and delete their Pods.
      '--controllers=*,-node-lifecycle-controller,-pod-garbage-collector-controller,-taint-eviction-controller',
    ]);
    // The work of one of them shows that they run.
    await child.until(() => this.#has('/api/v1/namespaces/default/serviceaccounts/default'));
  }

  #run(program: Program, args: readonly string[]): Child {
    const child = new Child(program, binary(program), args);
    this.#components.set(program, child);
    void child.ended.then((how) => {
      // Asked to stop, it is no longer among them.
      if (this.#components.get(program) !== child) return;
      this.#crash = `${program} ended by itself (${how}). The end of its log:\n${child.log.slice(-4000)}`;
      console.error(this.#crash);
    });
    return child;
  }

  async #stop(program: Program, grace: number): Promise<void> {
    const child = this.#components.get(program);
    this.#components.delete(program);
    await child?.stop(grace);
  }

  /** Whether the API server says 200 to a GET; false also while it does not answer. */
  async #has(path: string): Promise<boolean> {
    const ca = await readFile(this.caFile).catch(() => undefined);
    if (ca === undefined) return false;
    const headers = { authorization: `Bearer ${this.#credentials.adminToken}` };
    return new Promise((resolve) => {
      get(`${this.server}${path}`, { ca, headers, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      }).once('error', () => resolve(false));
    });
  }

  async #writeKubeconfig(file: string, token: string, namespace: string): Promise<void> {
    const content = kubeconfig({ server: this.server, caFile: this.caFile, token, namespace });
    await writeFile(file, content, { mode: 0o600 });
  }
}
