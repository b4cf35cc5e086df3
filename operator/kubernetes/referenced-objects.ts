/**
 * The Secrets and ConfigMaps that policies and token services refer to, and no others: of a namespace's objects only the metadata is watched,
 * and what is referred to is read by name when its metadata says that it has changed.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Material } from '../../policy/bundle.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { manifestOf } from '../../policy/load.ts';
import { readMaterial } from '../../policy/material.ts';
import type { MaterialObject } from '../../policy/reference-grants.ts';
import { WorkQueue } from '../queue.ts';
import type { Cluster } from './client.ts';
import { ForbiddenError, NotFoundError } from './errors.ts';
import { Informer } from './informer.ts';
import { CONFIG_MAPS, SECRETS } from './resources.ts';

export interface ReferencedObjectsOptions {
  readonly cluster: Cluster;
  readonly logger: Logger;
  /** Told of each request that failed; it is tried again. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Requests for objects at a time. */
const CONCURRENCY = 8;
const BACKOFF = { baseMs: 200, maxMs: 10_000 };

/** An object that is referred to. */
interface Entry {
  readonly reference: MaterialObject;
  /** Of the object that `material` was read from. */
  version: string | undefined;
  material: Material | undefined;
  /** Whether it is known what there is. */
  settled: boolean;
  /** Why it may not be read. */
  forbidden: ForbiddenError | undefined;
}

/** The entries of one kind in one namespace. */
interface Group {
  readonly informer: Informer<KubernetesObject>;
  readonly entries: Map<string, Entry>;
}

export class ReferencedObjects {
  readonly #options: ReferencedObjectsOptions;
  readonly #groups = new Map<string, Group>();
  readonly #handlers: ((reference: MaterialObject) => void)[] = [];
  readonly #queue: WorkQueue<Entry>;
  readonly #stopping = new Set<Promise<void>>();

  constructor(options: ReferencedObjectsOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      process: (entry) => this.#read(entry),
      onFailure: (entry, error, failures) => this.#failed(entry, error, failures),
      concurrency: CONCURRENCY,
      backoff: BACKOFF,
    });
  }

  /** What is referred to from now on, instead of what was before. What is new is not there until it has been read. */
  want(references: Iterable<MaterialObject>): void {
    const wanted = new Map<string, Map<string, MaterialObject>>();
    for (const reference of references) {
      const key = groupKey(reference);
      const group = wanted.get(key) ?? new Map<string, MaterialObject>();
      wanted.set(key, group.set(reference.name, reference));
    }
    for (const [key, group] of this.#groups) {
      const names = wanted.get(key);
      for (const [name, entry] of group.entries) {
        if (names?.has(name) === true) continue;
        group.entries.delete(name);
        this.#queue.forget(entry);
      }
      if (names === undefined) this.#endGroup(key, group);
    }
    for (const [key, names] of wanted) {
      for (const reference of names.values()) this.#add(key, reference);
    }
  }

  /** The object's data: identical for as long as it does not change; undefined where there is none. */
  get(kind: MaterialObject['kind'], namespace: string, name: string): Material | undefined {
    return this.#entry({ kind, namespace, name })?.material;
  }

  /** Whether it is known what there is: the object, none, or that it may not be read. */
  settled(reference: MaterialObject): boolean {
    return this.#entry(reference)?.settled ?? false;
  }

  /** Why the object may not be read; the message names the missing right. */
  forbidden(reference: MaterialObject): ForbiddenError | undefined {
    return this.#entry(reference)?.forbidden;
  }

  /** Whether all that is wanted is {@link settled}. */
  get synced(): boolean {
    for (const { entries } of this.#groups.values()) {
      for (const { settled } of entries.values()) if (!settled) return false;
    }
    return true;
  }

  /** The handler is told of each object that is wanted when it is settled first, and when it changes. */
  onChange(handler: (reference: MaterialObject) => void): void {
    this.#handlers.push(handler);
  }

  async stop(): Promise<void> {
    for (const [key, group] of this.#groups) this.#endGroup(key, group);
    await Promise.all([this.#queue.drain(), ...this.#stopping]);
  }

  #entry(reference: MaterialObject): Entry | undefined {
    return this.#groups.get(groupKey(reference))?.entries.get(reference.name);
  }

  #add(key: string, reference: MaterialObject): void {
    const group = this.#groups.get(key) ?? this.#startGroup(key, reference);
    if (group.entries.has(reference.name)) return;
    const entry: Entry = { reference, version: undefined, material: undefined, settled: false, forbidden: undefined };
    group.entries.set(reference.name, entry);
    if (group.informer.synced) this.#compare(entry);
  }

  #startGroup(key: string, { kind, namespace }: MaterialObject): Group {
    const { cluster, logger } = this.#options;
    const informer = new Informer<KubernetesObject>({
      cluster,
      resource: kind === 'Secret' ? SECRETS : CONFIG_MAPS,
      namespaces: [namespace],
      metadataOnly: true,
      logger,
      onError: (error) => {
        this.#options.onError?.(error);
        if (!(error instanceof ForbiddenError)) return;
        for (const entry of group.entries.values())
          if (entry.version === undefined) this.#settleForbidden(entry, error);
      },
    });
    const group: Group = { informer, entries: new Map() };
    this.#groups.set(key, group);
    informer.onChange((changed) => {
      const entry = group.entries.get(changed.slice(namespace.length + 1));
      if (entry !== undefined) this.#compare(entry);
    });
    // Of what is not there, the informer tells nothing.
    void informer.whenSynced().then(() => {
      for (const entry of group.entries.values()) this.#compare(entry);
    });
    informer.start();
    return group;
  }

  #endGroup(key: string, group: Group): void {
    this.#groups.delete(key);
    for (const entry of group.entries.values()) this.#queue.forget(entry);
    group.entries.clear();
    const stopping = group.informer.stop().finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }

  /** What the watch knows, against what was read. */
  #compare(entry: Entry): void {
    const version = this.#seenVersion(entry);
    if (version === undefined) this.#settle(entry, undefined, undefined);
    else if (version !== entry.version) this.#queue.add(entry);
  }

  #seenVersion({ reference }: Entry): string | undefined {
    const { informer } = this.#groups.get(groupKey(reference)) ?? {};
    return informer?.get(reference.namespace, reference.name)?.metadata.resourceVersion;
  }

  async #read(entry: Entry): Promise<void> {
    const { kind, namespace, name } = entry.reference;
    const seen = this.#seenVersion(entry);
    if (seen === undefined || seen === entry.version) return;
    let object: KubernetesObject;
    try {
      object = await this.#options.cluster.get(kind === 'Secret' ? SECRETS : CONFIG_MAPS, namespace, name);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      // Deleted this moment; the watch is about to say so, or that there is a new one.
      this.#settle(entry, undefined, undefined);
      return;
    }
    const { material, problems } = readMaterial(manifestOf(object), kind);
    for (const { message, field } of problems) {
      this.#options.logger.warn({ kind, namespace, name, field, reason: message }, 'a value is left out');
    }
    const same = isDeepStrictEqual(entry.material, material);
    this.#settle(entry, object.metadata.resourceVersion, same ? entry.material : material);
  }

  #failed(entry: Entry, error: unknown, failures: number): void {
    const { kind, namespace, name } = entry.reference;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.logger[failures === 1 ? 'warn' : 'debug'](
      { kind, namespace, name, reason },
      'cannot read; trying again',
    );
    this.#options.onError?.(error);
    if (error instanceof ForbiddenError) this.#settleForbidden(entry, error);
  }

  #settle(entry: Entry, version: string | undefined, material: Material | undefined): void {
    if (this.#entry(entry.reference) !== entry) return;
    const changed = !entry.settled || entry.material !== material || entry.forbidden !== undefined;
    Object.assign(entry, { version, material, settled: true, forbidden: undefined });
    if (changed) this.#tell(entry.reference);
  }

  /** What was read before the right was taken away stays in use. */
  #settleForbidden(entry: Entry, forbidden: ForbiddenError): void {
    const changed = entry.forbidden?.message !== forbidden.message;
    Object.assign(entry, { settled: true, forbidden });
    if (changed) this.#tell(entry.reference);
  }

  #tell(reference: MaterialObject): void {
    for (const handler of this.#handlers) {
      try {
        handler(reference);
      } catch (error) {
        this.#options.logger.error({ err: error, ...reference }, 'a handler failed');
      }
    }
  }
}

function groupKey({ kind, namespace }: MaterialObject): string {
  return `${kind}/${namespace}`;
}
