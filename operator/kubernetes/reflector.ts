/** Keeps a copy of what the API server holds of one selection: a list, then a watch from there on, for as long as asked. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KubernetesObject, ObjectMeta } from '../../policy/kubernetes.ts';
import { backoffMs, type Backoff } from '../backoff.ts';
import type { Cluster, Selection } from './client.ts';
import { GoneError, KubernetesError, NotFoundError, UnavailableError } from './errors.ts';
import { apiVersionOf } from './resources.ts';
import type { WatchEvent } from './watch-stream.ts';

export interface ReflectorTiming {
  /** A watch that is silent for so long is given up. */
  readonly inactivityMs: number;
  /** How often a kind that is not installed is asked for. */
  readonly absentMs: number;
  readonly backoff: Backoff;
}

/** An API server sends bookmarks about every minute, at most 75 s apart. */
export const TIMING: ReflectorTiming = {
  inactivityMs: 90_000,
  absentMs: 30_000,
  backoff: { baseMs: 250, maxMs: 10_000 },
};

export interface ReflectorOptions {
  readonly cluster: Cluster;
  readonly selection: Selection;
  /** Whether the kind must be installed: without it nothing is read, instead of read and empty. */
  readonly required: boolean;
  readonly logger: Logger;
  readonly timing: ReflectorTiming;
  /** An object came, changed or went. Must not throw. */
  readonly onKey: (key: string) => void;
  /** The list has been read (again), or the kind is not installed. Must not throw. */
  readonly onSynced: () => void;
  /** A list or watch failed; it is tried again. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** Failures after which the copy is no longer trusted to be resumable, whatever they were. */
const FAILURES_BEFORE_LIST = 5;
/** How often a kind of which there are objects must be unknown, this far apart, before its objects are taken for gone. */
const ABSENCES = 5;
const ABSENCE_MS = 2000;
/** A watch that lived so long, or delivered something, was well. */
const HEALTHY_MS = 5_000;

/** `namespace/name`; the namespace is empty for cluster-wide kinds. */
export function keyOf({ metadata }: { readonly metadata: ObjectMeta }): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/**
 * Survives everything: without connection, without rights, without the kind it goes on trying, and meanwhile holds what it
 * last knew. What was deleted while nobody watched is noticed by the next list.
 */
export class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #items = new Map<string, T>();
  #synced = false;
  /** From where to watch; undefined: from a list. */
  #version: string | undefined;
  #failures = 0;
  /** In a row. */
  #absences = 0;
  /** What was logged last, so that it is said once. */
  #trouble = '';

  /** Starts at once. */
  constructor(options: ReflectorOptions) {
    this.#options = options;
    const { resource, namespace } = options.selection;
    this.#logger = options.logger.child({ resource: resource.plural, ...(namespace !== undefined && { namespace }) });
    this.#done = this.#run();
  }

  /** Whether it has been read once, or is known not to be there. */
  get synced(): boolean {
    return this.#synced;
  }

  get items(): ReadonlyMap<string, T> {
    return this.#items;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      let pause = 0;
      try {
        await this.#listAndWatch();
      } catch (error) {
        if (signal.aborted) return;
        pause = this.#afterFailure(error);
      }
      if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #listAndWatch(): Promise<void> {
    const { cluster, selection, timing } = this.#options;
    this.#version ??= await this.#list();
    const began = performance.now();
    let well = false;
    const end = await cluster.watch(selection, this.#version, {
      inactivityMs: timing.inactivityMs,
      signal: this.#abort.signal,
      onOpen: () => this.#recovered(),
      onEvent: (event) => {
        this.#take(event);
        if (!well) this.#failures = 0;
        well = true;
      },
    });
    this.#logger.debug({ end }, 'the watch goes on in a new request');
    if (performance.now() - began > Math.min(HEALTHY_MS, timing.inactivityMs)) this.#failures = 0;
    else if (!well) {
      // Without a word right after the beginning, again and again, would keep two processes busy.
      throw new UnavailableError('the watch ended as soon as it began');
    }
  }

  /** @returns from where to watch */
  async #list(): Promise<string> {
    const { cluster, selection } = this.#options;
    const { items, resourceVersion } = await cluster.list<T>(selection, this.#abort.signal);
    this.#absences = 0;
    const next = new Map<string, T>();
    for (const item of items) {
      const key = keyOf(item);
      const known = this.#items.get(key);
      // The identical object for what has not changed.
      next.set(key, known !== undefined && sameVersion(known, item) ? known : this.#slim(item));
    }
    this.#replace(next);
    return resourceVersion;
  }

  #replace(next: Map<string, T>): void {
    const before = this.#items;
    this.#items = next;
    this.#synced = true;
    for (const [key, item] of next) if (before.get(key) !== item) this.#options.onKey(key);
    for (const key of before.keys()) if (!next.has(key)) this.#options.onKey(key);
    this.#options.onSynced();
  }

  #take({ type, object }: WatchEvent): void {
    if (type === 'ERROR') throw cannotGoOn(object);
    const key = keyOf(object);
    if (type === 'DELETED') this.#items.delete(key);
    else if (type !== 'BOOKMARK') this.#items.set(key, this.#slim(object as T));
    this.#version = object.metadata.resourceVersion;
    if (type !== 'BOOKMARK') this.#options.onKey(key);
  }

  /** Without what nobody reads. Of metadata only what tells objects and their versions apart: annotations may hold data. */
  #slim(item: T): T {
    const { resource, metadataOnly } = this.#options.selection;
    const metadata: ObjectMeta & { managedFields?: unknown } = { ...item.metadata };
    delete metadata.managedFields;
    if (metadataOnly !== true) return { ...item, metadata };
    const { name, namespace, uid, resourceVersion } = metadata;
    const kept = { name, ...(namespace !== undefined && { namespace }), uid, resourceVersion };
    return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: kept } as unknown as T;
  }

  /** @returns how long to wait, in milliseconds */
  #afterFailure(error: unknown): number {
    const { timing, required, onError } = this.#options;
    if (error instanceof GoneError) {
      this.#logger.debug({ reason: error.message }, 'what was watched is too long ago; listing again');
      this.#version = undefined;
    } else if (error instanceof NotFoundError && !required) {
      return this.#absent();
    } else {
      onError(error);
      this.#tell(error);
    }
    this.#failures++;
    if (this.#failures >= FAILURES_BEFORE_LIST) this.#version = undefined;
    return backoffMs(this.#failures, timing.backoff);
  }

  /**
   * The kind is not installed, or not any more. An API server that is about to know its kinds says the same, and to take all
   * policies for gone would open the gateways.
   */
  #absent(): number {
    if (this.#items.size > 0 && ++this.#absences < ABSENCES) return Math.min(ABSENCE_MS, this.#options.timing.absentMs);
    if (this.#items.size > 0 || !this.#synced) this.#logger.info('the cluster does not know this kind');
    this.#version = undefined;
    this.#failures = 0;
    this.#trouble = '';
    this.#replace(new Map());
    return this.#options.timing.absentMs;
  }

  #tell(error: unknown): void {
    const known = error instanceof KubernetesError;
    const trouble = known ? `${error.code} ${error.message}` : String(error);
    const level = trouble === this.#trouble ? 'debug' : known ? 'warn' : 'error';
    this.#trouble = trouble;
    this.#logger[level](known ? { reason: error.message } : { err: error }, 'cannot watch; trying again');
  }

  #recovered(): void {
    if (this.#trouble !== '') this.#logger.info('watching again');
    this.#trouble = '';
  }
}

function sameVersion(a: KubernetesObject, b: KubernetesObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion;
}

/** After an ERROR the watch cannot go on from where it was, whatever the reason. */
function cannotGoOn(status: Readonly<Record<string, unknown>>): GoneError {
  const { code, message } = status;
  return new GoneError(`${String(code)} ${String(message)}`.slice(0, 300));
}
