/** Writes to the cluster what the plan says, object by object, while this replica leads. */

import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import { objectKey } from '../policy/kubernetes.ts';
import type { Difference } from './apply.ts';
import { NotFoundError } from './kubernetes/errors.ts';
import type { Cluster } from './kubernetes/client.ts';
import { WorkQueue } from './queue.ts';
import type { Occurrence } from './events.ts';
import type { StatusChange, StatusWish } from './status/status-wish.ts';

/** Requests under way at a time: enough to be quick with a thousand policies, few enough to leave the API server be. */
const CONCURRENCY = 8;
const BACKOFF = { baseMs: 200, maxMs: 60_000 };

export interface WriterHost {
  /** Asked before each write: whether this replica leads at this moment. */
  readonly mayWrite: () => boolean;
  readonly failed: (what: string, error: unknown, failures: number) => void;
  /** A status was written. */
  readonly changed: (object: KubernetesObject, occurrences: readonly Occurrence[]) => void;
}

type Task =
  | { readonly kind: 'apply'; readonly object: KubernetesObject }
  | { readonly kind: 'remove'; readonly object: KubernetesObject }
  | StatusTask;

interface StatusTask extends StatusWish {
  readonly kind: 'status';
}

/** Remembers the newest wish for each object; what was wished before and is not done yet is not done any more. */
export class Writer {
  readonly #cluster: Cluster;
  readonly #host: WriterHost;
  readonly #wishes = new Map<string, Task>();
  readonly #queue: WorkQueue<string>;

  constructor(cluster: Cluster, host: WriterHost) {
    this.#cluster = cluster;
    this.#host = host;
    this.#queue = new WorkQueue({
      process: (key) => this.#process(key),
      onFailure: host.failed,
      concurrency: CONCURRENCY,
      backoff: BACKOFF,
    });
  }

  /** Objects that wait to be written. */
  get depth(): number {
    return this.#queue.depth;
  }

  /** The newest wishes: those of before that are not among them are forgotten. */
  wish({ apply, remove }: Pick<Difference, 'apply' | 'remove'>, statuses: readonly StatusWish[]): void {
    const wishes = new Map<string, Task>();
    for (const object of apply) wishes.set(objectKey(object), { kind: 'apply', object });
    for (const object of remove) wishes.set(objectKey(object), { kind: 'remove', object });
    for (const wish of statuses) wishes.set(`status of ${objectKey(wish.object)}`, { kind: 'status', ...wish });
    for (const key of this.#wishes.keys()) {
      if (wishes.has(key)) continue;
      this.#wishes.delete(key);
      this.#queue.forget(key);
    }
    for (const [key, wish] of wishes) {
      // The same wish again: it is being done, or waits for its next attempt.
      if (sameWish(this.#wishes.get(key), wish)) continue;
      this.#wishes.set(key, wish);
      this.#queue.add(key);
    }
  }

  /** Forgets every wish and waits for what is under way. The writer can be used again. */
  clear(): void {
    this.wish({ apply: [], remove: [] }, []);
  }

  /** Ends for good. */
  async close(): Promise<void> {
    await this.#queue.drain();
  }

  async #process(key: string): Promise<void> {
    const wish = this.#wishes.get(key);
    if (wish === undefined || !this.#host.mayWrite()) return;
    if (wish.kind === 'apply') await this.#cluster.apply(wish.object);
    else if (wish.kind === 'remove') await this.#cluster.delete(wish.object);
    else await this.#writeStatus(wish);
    // A newer wish has its own turn.
    if (this.#wishes.get(key) === wish) this.#wishes.delete(key);
  }

  async #writeStatus({ object, change }: StatusWish): Promise<void> {
    let written: StatusChange | undefined;
    const { generation = 0 } = object.metadata;
    try {
      await this.#cluster.changeStatus(object, (current) => {
        // Somebody has a newer opinion: of a newer generation than this plan has seen.
        const newer = (current.metadata.generation ?? 0) > generation;
        written = newer ? undefined : change(current.status);
        return written?.status;
      });
    } catch (error) {
      if (error instanceof NotFoundError) return;
      throw error;
    }
    if (written !== undefined) this.#host.changed(object, written.occurrences);
  }
}

function sameWish(before: Task | undefined, now: Task): boolean {
  if (before?.kind === 'status' && now.kind === 'status') {
    const seen = before.object.metadata.resourceVersion === now.object.metadata.resourceVersion;
    return seen && isDeepStrictEqual(before.says, now.says);
  }
  return before?.kind === now.kind && isDeepStrictEqual(before.object, now.object);
}
