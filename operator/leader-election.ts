/**
 * One of several operators leads, and only that one writes to the cluster. They agree by a Lease
 * (`coordination.k8s.io/v1`), as Kubernetes' own controllers do.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import type { Cluster } from './kubernetes/client.ts';
import { ConflictError, NotFoundError } from './kubernetes/errors.ts';
import { LEASES } from './kubernetes/resources.ts';
import { microTime } from './micro-time.ts';

export interface LeaderElectionTiming {
  /** For so long after its last sign of life a leader is not replaced. Whole seconds. */
  readonly leaseMs: number;
  /** A leader that could not renew for so long stops leading; less than `leaseMs`. */
  readonly renewMs: number;
  /** Between attempts. */
  readonly retryMs: number;
}

export interface LeaderElectionOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Who we are: the Pod's name. */
  readonly identity: string;
  readonly logger: Logger;
  /** Default: 15, 10 and 2 s. */
  readonly timing?: LeaderElectionTiming;
}

export interface Leadership {
  readonly leading: boolean;
  /** The Lease's `leaseTransitions`: higher for each new leader. 0: no Lease has been seen. */
  readonly epoch: number;
}

interface Lease extends KubernetesObject {
  readonly spec: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

const TIMING: LeaderElectionTiming = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 };
/** What is allowed to a release on the way out, in milliseconds. */
const RELEASE_TIMEOUT_MS = 3_000;

/**
 * Clocks of different machines are never compared. A leader counts from before it asked to renew; the others count from
 * after they have seen that it did, and longer: so it has stopped before any of them may begin, however slow the API server
 * is.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #timing: LeaderElectionTiming;
  readonly #logger: Logger;
  /** Another one each time: a process that is restarted under its Pod's name is not the one before. */
  readonly #holder: string;
  readonly #handlers: ((leadership: Leadership) => void)[] = [];
  readonly #abort = new AbortController();
  #done: Promise<void> = Promise.resolve();
  /** The Lease as last seen, and since when it has been like that. */
  #seen: { readonly lease: Lease; readonly since: number } | undefined;
  /** Of the process's monotonic clock, in milliseconds: the end of what was renewed last. */
  #leadsUntil = 0;
  #fence: NodeJS.Timeout | undefined;
  #leading = false;
  #epoch = 0;
  #trouble = '';

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#timing = options.timing ?? TIMING;
    this.#logger = options.logger.child({ lease: `${options.namespace}/${options.name}` });
    this.#holder = `${options.identity}_${randomUUID().slice(0, 8)}`;
  }

  /** Right also where a timer is late: to be asked before each write. */
  get leading(): boolean {
    return this.#leading && performance.now() < this.#leadsUntil;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** The handler is told when we begin and when we stop leading, and of the epochs of others. It must not throw. */
  onChange(handler: (leadership: Leadership) => void): void {
    this.#handlers.push(handler);
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Stops leading and lets go of the Lease, so that another may lead at once. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
    const held = this.#seen?.lease;
    this.#stopLeading('asked to stop');
    if (held?.spec.holderIdentity !== this.#holder) return;
    const spec = { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime() };
    try {
      await this.#options.cluster.replace<Lease>({ ...held, spec }, { timeoutMs: RELEASE_TIMEOUT_MS, attempts: 1 });
    } catch (error) {
      this.#logger.warn({ reason: (error as Error).message }, 'the Lease was not released; it will expire');
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#attempt();
      const pause = this.#timing.retryMs * (1 + Math.random() / 5);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #attempt(): Promise<void> {
    try {
      // What we hold need not be read: should it have changed, the API server says so.
      if (!this.leading) await this.#look();
      if (this.#mayHold()) await this.#hold();
      this.#trouble = '';
    } catch (error) {
      if (error instanceof ConflictError || error instanceof NotFoundError) return this.#lost();
      const trouble = (error as Error).message;
      this.#logger[trouble === this.#trouble ? 'debug' : 'warn']({ reason: trouble }, 'cannot reach the Lease');
      this.#trouble = trouble;
    }
  }

  /** Somebody else has written the Lease: what is in it now counts. */
  async #lost(): Promise<void> {
    try {
      await this.#look();
      const holder = this.#seen?.lease.spec.holderIdentity;
      if (holder !== this.#holder) this.#stopLeading(`${holder === undefined ? 'nobody' : holder} holds the Lease`);
    } catch (error) {
      // Until the time is up we lead still: nobody else may hold it so soon.
      this.#logger.debug({ reason: (error as Error).message }, 'cannot read the Lease');
    }
  }

  async #look(): Promise<void> {
    const { cluster, namespace, name } = this.#options;
    try {
      const lease = await cluster.request<Lease>('GET', { resource: LEASES, namespace, name }, this.#limits());
      this.#see(lease);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      // Deleted by somebody. Whoever held it holds it until the time is up, as far as we know.
      if (this.#seen?.lease.metadata.uid !== undefined) this.#seen = { ...this.#seen, lease: forget(this.#seen.lease) };
    }
  }

  #see(lease: Lease): void {
    const { uid, resourceVersion } = lease.metadata;
    const before = this.#seen?.lease.metadata;
    if (uid !== before?.uid || resourceVersion !== before?.resourceVersion) {
      this.#seen = { lease, since: performance.now() };
    }
    this.#setEpoch(lease.spec.leaseTransitions ?? 0);
  }

  /** Whether the Lease is ours, nobody's, or of somebody who has not been heard of for too long. */
  #mayHold(): boolean {
    if (this.#seen === undefined) return true;
    const { lease, since } = this.#seen;
    const { holderIdentity, leaseDurationSeconds = this.#timing.leaseMs / 1000 } = lease.spec;
    if (holderIdentity === undefined || holderIdentity === '' || holderIdentity === this.#holder) return true;
    return performance.now() - since > leaseDurationSeconds * 1000;
  }

  /** Takes or renews the Lease. @throws {ConflictError} where somebody was faster */
  async #hold(): Promise<void> {
    const { cluster, namespace, name } = this.#options;
    const before = this.#seen?.lease;
    const ours = before?.spec.holderIdentity === this.#holder;
    const now = microTime();
    const spec: Lease['spec'] = {
      holderIdentity: this.#holder,
      leaseDurationSeconds: Math.ceil(this.#timing.leaseMs / 1000),
      acquireTime: ours ? (before.spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.spec.leaseTransitions ?? 0) + (ours ? 0 : 1),
    };
    const began = performance.now();
    const options = this.#limits();
    const lease =
      before?.metadata.uid === undefined
        ? await cluster.create<Lease>(
            { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name }, spec },
            options,
          )
        : await cluster.replace<Lease>({ ...before, spec }, options);
    this.#see(lease);
    this.#lead(began + this.#timing.renewMs);
  }

  #lead(until: number): void {
    const left = until - performance.now();
    if (left <= 0 || this.#abort.signal.aborted) return;
    this.#leadsUntil = until;
    clearTimeout(this.#fence);
    this.#fence = setTimeout(() => this.#stopLeading('the Lease could not be renewed in time'), left);
    if (this.#leading) return;
    this.#leading = true;
    this.#logger.info({ epoch: this.#epoch }, 'leading');
    this.#tell();
  }

  #stopLeading(reason: string): void {
    clearTimeout(this.#fence);
    if (!this.#leading) return;
    this.#leading = false;
    this.#logger[this.#abort.signal.aborted ? 'info' : 'warn']({ epoch: this.#epoch, reason }, 'no longer leading');
    this.#tell();
  }

  #setEpoch(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    if (!this.#leading) this.#tell();
  }

  #tell(): void {
    for (const handler of this.#handlers) handler({ leading: this.#leading, epoch: this.#epoch });
  }

  /** One attempt each, short enough for a second one before the time is up. */
  #limits(): { readonly attempts: 1; readonly timeoutMs: number } {
    return { attempts: 1, timeoutMs: this.#timing.renewMs / 2 };
  }
}

/** The Lease without what makes it that object: the next one is created. */
function forget(lease: Lease): Lease {
  const { namespace, name } = lease.metadata;
  return { ...lease, metadata: { name, ...(namespace !== undefined && { namespace }) } };
}
