/** The operator: watches the cluster, works out what it should be, tells the data plane, and, if it leads, writes. */

import { AdminServer, type Readiness } from '../extproc/observe/admin.ts';
import type { Logger } from '../extproc/observe/log.ts';
import type { AttachOptions } from '../policy/attach/types.ts';
import { objectKey, type KubernetesObject } from '../policy/kubernetes.ts';
import { difference, installationName } from './apply.ts';
import { ClusterView } from './cluster-view.ts';
import { CertificateKeeper } from './delivery/certificate-keeper.ts';
import { BundleServer } from './delivery/bundle-server.ts';
import { Events } from './events.ts';
import type { Cluster } from './kubernetes/client.ts';
import { LeaderElection } from './leader-election.ts';
import { OperatorMetrics } from './metrics.ts';
import { Planner, type Plan } from './planner.ts';
import { deliveryOf, replicaPolicyStates } from './status/delivery.ts';
import { policyWish, tokenServiceWish } from './status/status-wish.ts';
import { Writer } from './writer.ts';

export interface OperatorOptions extends AttachOptions {
  readonly cluster: Cluster;
  /** Namespaces that are looked at; empty: all. */
  readonly watchNamespaces: readonly string[];
  /** Name of the installation, with which its Secrets begin. */
  readonly release: string;
  /** Where the data plane fetches policies: `host:port`. */
  readonly listen: string;
  /** Where an administrator looks: `host:port` or `unix:/path`. */
  readonly admin: string;
  /** Name of this replica in the leader election. */
  readonly identity: string;
  /** Whether to make and renew the certificates between operator and data plane, or to use what somebody else makes. */
  readonly certificates: 'generate' | 'existing';
  /** False: this replica is the only one and leads at once. */
  readonly leaderElection: boolean;
  readonly logger: Logger;
}

/** Milliseconds that changes are collected before they are worked on. */
const COALESCE = 50;
/** Milliseconds after which time alone is reason to look again: certificates come to their end. */
const LOOK_AGAIN = 3_600_000;
/** Milliseconds that the first plan waits for the Secrets and ConfigMaps that policies refer to. */
const PATIENCE = 10_000;
/** Milliseconds that a new leader waits for replicas of the data plane to come over, before it says that there are none. */
const ARRIVAL = 5000;

export class Operator {
  readonly #options: OperatorOptions;
  readonly #logger: Logger;
  readonly #view: ClusterView;
  readonly #planner: Planner;
  readonly #installation: string;
  readonly #server: BundleServer;
  readonly #certificates: CertificateKeeper;
  readonly #election: LeaderElection | undefined;
  readonly #writer: Writer;
  readonly #events: Events;
  readonly #admin: AdminServer;
  readonly #metrics: OperatorMetrics;
  #leading = false;
  /** When waiting for what policies refer to ends, on the monotonic clock; undefined until the cluster has been read. */
  #patience: number | undefined;
  /** What was published last. */
  #plan: Plan | undefined;
  /** Until when replicas of the data plane may still be on their way to us, on the monotonic clock. */
  #arrivalUntil = 0;
  /** Objects of other people that are in the way and have been told of. */
  readonly #foreign = new Set<string>();
  #stopping = false;
  /** Of the monotonic clock: in a large cluster that changes without pause, a fifth of the time is enough for looking. */
  #restUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #clock: NodeJS.Timeout | undefined;

  constructor(options: OperatorOptions) {
    this.#options = options;
    const { cluster, logger, systemNamespace, release, identity } = options;
    this.#logger = logger;
    this.#installation = installationName(systemNamespace, release);
    this.#planner = new Planner(options, this.#installation);
    this.#metrics = new OperatorMetrics({
      leading: () => this.#leading,
      replicas: () => this.#server.replicas().length,
      queueDepth: () => this.#writer.depth,
      policies: () => this.#plan?.policies.values() ?? [],
      replicaPolicies: () => replicaPolicyStates(this.#server.replicas()),
    });
    this.#view = new ClusterView({
      ...{ cluster, logger, systemNamespace, namespaces: options.watchNamespaces },
      onChange: () => this.#changed(),
      onError: (kind) => this.#metrics.watchFailed(kind),
    });
    this.#server = new BundleServer({ listen: options.listen, logger, registry: this.#metrics.registry });
    this.#server.onReplicaChange(() => this.#changed());
    this.#certificates = new CertificateKeeper({
      ...{ cluster, logger, namespace: systemNamespace, release, generate: options.certificates === 'generate' },
      mayWrite: () => this.#mayWrite,
      renewed: (material) => this.#server.setCertificates(material),
    });
    this.#events = new Events({ cluster, logger, identity });
    this.#writer = new Writer(cluster, {
      mayWrite: () => this.#mayWrite,
      failed: (what, error, failures) => this.#writeFailed(what, error, failures),
      changed: (object, occurrences) => {
        for (const occurrence of occurrences) this.#events.tell(object, occurrence);
      },
    });
    if (options.leaderElection) {
      this.#election = new LeaderElection({
        cluster,
        logger,
        identity,
        namespace: systemNamespace,
        name: `${release}-operator`,
      });
      this.#election.onChange(({ leading, epoch }) => this.#lead(leading, epoch));
    }
    this.#admin = new AdminServer({ metrics: () => this.#metrics.text(), readiness: () => this.#readiness() });
  }

  /** Begins to watch and to serve; what the API server does not answer is tried again for as long as it takes. */
  async start(): Promise<{ listen: string; admin: string }> {
    const admin = await this.#admin.listen(this.#options.admin);
    const listen = await this.#server.start();
    this.#logger.info({ listen, admin, cluster: this.#options.cluster.source }, 'listening');
    if (this.#election === undefined) this.#lead(true, 0);
    else this.#election.start();
    this.#certificates.start();
    this.#clock = setInterval(() => this.#changed(), LOOK_AGAIN).unref();
    void this.#view.start().then(() => {
      this.#patience = performance.now() + PATIENCE;
      this.#logger.info('the cluster has been read');
      this.#changed();
    });
    return { listen, admin };
  }

  /** Hands the lead over and stops. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
    this.#writer.clear();
    await this.#writer.close();
    await this.#election?.stop();
    await Promise.all([
      this.#certificates.stop(),
      this.#events.stop(),
      this.#view.stop(),
      this.#server.stop(),
      this.#admin.close(),
    ]);
    this.#options.cluster.close();
    this.#logger.info('stopped');
  }

  /** The election looks at the clock: a process that was paused learns here that its time is over. */
  get #mayWrite(): boolean {
    return this.#leading && (this.#election?.leading ?? true);
  }

  #lead(leading: boolean, epoch: number): void {
    this.#leading = leading;
    if (leading) this.#arrivalUntil = performance.now() + ARRIVAL;
    this.#server.setRole({ leading, epoch });
    if (leading) this.#certificates.look();
    else this.#writer.clear();
    this.#changed();
  }

  #changed(): void {
    if (this.#patience === undefined || this.#stopping) return;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#reconcile();
      },
      Math.max(COALESCE, this.#restUntil - performance.now()),
    );
  }

  #reconcile(): void {
    const started = performance.now();
    const inventory = this.#view.inventory();
    const sources = this.#view.sources();
    const references = this.#planner.references(inventory, sources);
    this.#view.want(references);
    // A replica that asks before everything is known would take what is not published for deleted.
    const patience = (this.#patience ?? 0) - performance.now();
    if (this.#plan === undefined && patience > 0 && !references.every(sources.settled)) {
      this.#changedIn(patience);
      return;
    }
    const plan = this.#planner.plan(inventory, sources, Date.now());
    this.#plan = plan;
    this.#server.publish(plan.published);
    if (this.#leading) this.#write(plan);
    const duration = performance.now() - started;
    this.#restUntil = started + 5 * duration;
    this.#metrics.reconciled(duration / 1000);
  }

  /** Looks again then, whether anything changes or not. */
  #changedIn(milliseconds: number): void {
    setTimeout(() => this.#changed(), milliseconds).unref();
  }

  #write(plan: Plan): void {
    const changes = difference(plan.objects, this.#view.writable(), this.#installation);
    for (const object of changes.foreign) this.#tellForeign(object);
    const replicas = this.#server.replicas();
    const arrival = this.#arrivalUntil - performance.now();
    const wait = replicas.length === 0 && arrival > 0;
    if (wait) this.#changedIn(arrival);
    const policies = wait ? [] : [...plan.policies.values()].filter(({ settled }) => settled);
    const tokenServices = plan.tokenServices.filter(({ settled }) => settled);
    this.#writer.wish(changes, [
      ...policies.map(({ id, object, current, problems, planned }) => {
        const { generation = 1 } = object.metadata;
        return policyWish(object, { generation, problems, planned, delivery: deliveryOf(id, current, replicas) });
      }),
      ...tokenServices.map(({ object, problems }) => {
        const { generation = 1 } = object.metadata;
        return tokenServiceWish(object, { generation, problems });
      }),
    ]);
  }

  /** Once for each. */
  #tellForeign(object: KubernetesObject): void {
    const key = objectKey(object);
    if (this.#foreign.has(key)) return;
    this.#foreign.add(key);
    const { namespace, name } = object.metadata;
    this.#logger.error(
      { kind: object.kind, namespace, name },
      "somebody else's object has a name that is needed; it is left alone",
    );
  }

  #writeFailed(what: string, error: unknown, failures: number): void {
    this.#metrics.writeFailed(what.split('/')[1] ?? '');
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger[failures === 1 ? 'warn' : 'error'](
      { object: what, reason, failures },
      'a write failed; it is repeated',
    );
  }

  /** A follower is ready too: it serves policies. */
  #readiness(): Readiness {
    return {
      ready: this.#plan !== undefined && !this.#stopping,
      details: {
        leading: this.#leading,
        waitingFor: this.#view.unsynced,
        certificates: this.#certificates.ready,
        replicas: this.#server.replicas().map(({ name, address }) => ({ name, address })),
      },
    };
  }
}
