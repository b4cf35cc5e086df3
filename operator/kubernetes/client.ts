/** The API server: what the operator asks of it. */

import type { KubernetesObject } from '../../policy/kubernetes.ts';
import { ConflictError, GoneError, MalformedError, NotFoundError, UnreachableError } from './errors.ts';
import { kubeConfigSource } from './kubeconfig.ts';
import { Requests, type RequestOptions } from './requests.ts';
import { apiVersionOf, attemptOn, resourceOf, type Place, type Resource } from './resources.ts';
import { Transport } from './transport.ts';
import { readWatch, type WatchEvent } from './watch-stream.ts';

/** Under this name the API server remembers which fields are ours. */
export const FIELD_MANAGER = 'waxseal-operator';

/** Pages of lists are larger. */
const LIST_TIMEOUT_MS = 60_000;
const PAGE_SIZE = 500;
const LIST_ATTEMPTS = 3;
const STATUS_CONFLICTS = 5;
const JSON_AS = 'application/json;as';
const META_GROUP = 'g=meta.k8s.io;v=v1';

export interface Selection {
  readonly resource: Resource;
  /** Absent: all of them. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** The objects' metadata alone: nothing else is asked for, and nothing else is taken. */
  readonly metadataOnly?: boolean | undefined;
}

export interface Listed<T> {
  readonly items: T[];
  /** From here on a watch misses nothing. */
  readonly resourceVersion: string;
}

export interface WatchOptions {
  readonly inactivityMs: number;
  readonly signal: AbortSignal;
  /** The API server has agreed to tell what happens. */
  readonly onOpen: () => void;
  readonly onEvent: (event: WatchEvent) => void;
}

/**
 * The cluster that the flags, or else the surroundings, say.
 *
 * @throws {Error} that says what was tried, where there is none or it cannot be read
 */
export function loadCluster(flags: { readonly kubeconfig?: string | undefined } = {}): Cluster {
  const source = kubeConfigSource(flags.kubeconfig);
  return new Cluster(new Transport(source), source.description);
}

/** Requests fail with a `KubernetesError`; see {@link Requests} for what is repeated before they do. */
export class Cluster {
  /** Where the configuration came from, for people. */
  readonly source: string;
  readonly #transport: Transport;
  readonly #requests: Requests;

  constructor(transport: Transport, source: string) {
    this.#transport = transport;
    this.#requests = new Requests(transport);
    this.source = source;
  }

  /** The namespace of the kubeconfig's context or of our Pod. */
  get namespace(): string {
    const { config } = this.#transport;
    return config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  }

  /** Closes the connections. */
  close(): void {
    this.#transport.close();
  }

  async get<T extends KubernetesObject>(resource: Resource, namespace: string | undefined, name: string): Promise<T> {
    return this.request<T>('GET', { resource, namespace, name });
  }

  /**
   * Everything that the selection holds, page by page.
   *
   * @throws {NotFoundError} where the kind is not installed
   */
  async list<T extends KubernetesObject>(selection: Selection, signal?: AbortSignal): Promise<Listed<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#listPages<T>(selection, signal);
      } catch (error) {
        // A page was asked for too late: what it was a page of has been compacted away.
        if (!(error instanceof GoneError) || attempt >= LIST_ATTEMPTS) throw error;
      }
    }
  }

  /** @throws {ConflictError} where there is one of that name */
  async create<T extends KubernetesObject>(object: T, options: RequestOptions = {}): Promise<T> {
    const resource = resourceOf(object);
    const place = { resource, namespace: object.metadata.namespace };
    return this.request<T>('POST', place, { query: { fieldManager: FIELD_MANAGER }, body: object, ...options });
  }

  /**
   * Server-side apply: afterwards the object has these fields, and those that we applied earlier and no longer do are gone.
   * What others set stays, apart from these fields.
   */
  async apply<T extends KubernetesObject>(object: T): Promise<T> {
    return this.request<T>('PATCH', placeOf(object), {
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }

  /** Deletes this very object (its uid, where it has one) in the background. Already gone is well. */
  async delete(object: KubernetesObject): Promise<void> {
    const { uid } = object.metadata;
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    try {
      await this.request('DELETE', placeOf(object), {
        body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...preconditions },
      });
    } catch (error) {
      // A conflict: under the name there is another object by now.
      if (!(error instanceof NotFoundError || error instanceof ConflictError)) throw error;
    }
  }

  /** Replaces the whole object. @throws {ConflictError} unless it still has this resourceVersion */
  async replace<T extends KubernetesObject>(object: T, options: RequestOptions = {}): Promise<T> {
    const query = { fieldManager: FIELD_MANAGER };
    return this.request<T>('PUT', placeOf(object), { query, body: object, ...options });
  }

  /** Replaces the object's status and nothing else. @throws {ConflictError} unless it still has this resourceVersion */
  async replaceStatus<T extends KubernetesObject>(object: T): Promise<T> {
    const query = { fieldManager: FIELD_MANAGER };
    return this.request<T>('PUT', { ...placeOf(object), subresource: 'status' }, { query, body: object });
  }

  /**
   * Changes the status of an object that others write to as well (GEP-713): should it not be as it was, it is read and the
   * change is worked out again.
   *
   * @param object as it was last seen
   * @param change the new status from the present object; undefined: nothing to change
   * @returns the object as it is afterwards
   * @throws {NotFoundError} where it is gone, or another one has its name
   */
  async changeStatus<T extends KubernetesObject>(object: T, change: (current: T) => unknown): Promise<T> {
    const { resource, namespace, name = '' } = placeOf(object);
    let current = object;
    for (let conflicts = 0; ;) {
      const status = change(current);
      if (status === undefined) return current;
      try {
        return await this.replaceStatus({ ...current, status });
      } catch (error) {
        if (!(error instanceof ConflictError) || ++conflicts > STATUS_CONFLICTS) throw error;
      }
      current = await this.get<T>(resource, namespace, name);
      if (current.metadata.uid !== object.metadata.uid) {
        throw new NotFoundError(`${resource.kind} ${namespace ?? ''}/${name} is another one by now`);
      }
    }
  }

  /**
   * Hands on each event after `resourceVersion` until the API server ends the watch, as it does every few minutes, or the
   * signal aborts it.
   *
   * @returns `silent`: nothing came for `inactivityMs`, so that the connection may be dead
   * @throws {KubernetesError} and whatever the callbacks throw
   */
  async watch(
    { resource, namespace, labelSelector, metadataOnly }: Selection,
    resourceVersion: string,
    { inactivityMs, signal, onOpen, onEvent }: WatchOptions,
  ): Promise<'ended' | 'silent'> {
    const place = { resource, namespace };
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      labelSelector,
      // Not all at once: spread over five to ten minutes.
      timeoutSeconds: String(300 + Math.floor(Math.random() * 300)),
    };
    const accept = metadataOnly === true ? `${JSON_AS}=PartialObjectMetadata;${META_GROUP}` : 'application/json';
    try {
      const response = await this.#requests.open('GET', place, { query, accept, signal }, attemptOn('watch', place));
      onOpen();
      return await readWatch(response, inactivityMs, (event) => {
        if (metadataOnly === true) checkMetadataOnly(event);
        onEvent(event);
      });
    } catch (error) {
      if (signal.aborted && error instanceof UnreachableError) return 'ended';
      throw error;
    }
  }

  /** Anything else, answered in JSON. @throws {KubernetesError} */
  async request<T>(method: string, place: Place, options: RequestOptions = {}): Promise<T> {
    return this.#requests.json<T>(method, place, options);
  }

  async #listPages<T extends KubernetesObject>(selection: Selection, signal?: AbortSignal): Promise<Listed<T>> {
    const { resource, namespace, labelSelector, metadataOnly } = selection;
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const page = await this.request<ListPage<T>>(
        'GET',
        { resource, namespace },
        {
          query: { limit: String(PAGE_SIZE), continue: next, labelSelector },
          ...(metadataOnly === true && { accept: `${JSON_AS}=PartialObjectMetadataList;${META_GROUP}` }),
          timeoutMs: LIST_TIMEOUT_MS,
          attempts: 1,
          signal,
        },
      );
      checkPage(page, selection);
      // In a list the API server leaves these out.
      for (const item of page.items ?? [])
        items.push({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind });
      next = page.metadata.continue;
      if (next === undefined || next === '') return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }
}

interface ListPage<T> {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** Of an empty list of metadata it is null. */
  readonly items?: readonly T[] | null;
}

function checkPage({ kind, metadata, items }: Partial<ListPage<unknown>>, { resource, metadataOnly }: Selection): void {
  const expected = metadataOnly === true ? 'PartialObjectMetadataList' : `${resource.kind}List`;
  if (kind !== expected || typeof metadata?.resourceVersion !== 'string' || !Array.isArray(items ?? [])) {
    throw new MalformedError(`list ${resource.plural}: the answer is not a ${expected}`);
  }
}

function checkMetadataOnly({ object: { kind } }: WatchEvent): void {
  if (kind !== 'PartialObjectMetadata' && kind !== 'Status') throw new MalformedError('more than metadata was sent');
}

function placeOf(object: KubernetesObject): Place {
  return { resource: resourceOf(object), namespace: object.metadata.namespace, name: object.metadata.name };
}
