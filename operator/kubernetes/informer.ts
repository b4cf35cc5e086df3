/** A kind's objects, of all namespaces or of some, as the API server has them now. */

import type { Logger } from 'pino';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import type { Cluster, Selection } from './client.ts';
import { Reflector, TIMING, type ReflectorTiming } from './reflector.ts';
import type { Resource } from './resources.ts';

export interface InformerOptions extends Omit<Selection, 'namespace'> {
  readonly cluster: Cluster;
  readonly resource: Resource;
  /** Absent: all. A cluster-wide kind has none. */
  readonly namespaces?: readonly string[] | undefined;
  /** Whether the kind must be installed: without it nothing is read, instead of read and empty. */
  readonly required?: boolean | undefined;
  readonly logger: Logger;
  /** Told of each list or watch that failed. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly timing?: Partial<ReflectorTiming> | undefined;
}

export class Informer<T extends KubernetesObject> {
  readonly #options: InformerOptions;
  readonly #handlers: ((key: string) => void)[] = [];
  readonly #synced = Promise.withResolvers<void>();
  #reflectors: readonly Reflector<T>[] | undefined;

  constructor(options: InformerOptions) {
    this.#options = options;
  }

  get resource(): Resource {
    return this.#options.resource;
  }

  /**
   * The handler gets the key, `namespace/name`, of each object that comes, changes or goes; what it is now, {@link get} says.
   * What a handler throws is logged and does not stop the others.
   */
  onChange(handler: (key: string) => void): void {
    this.#handlers.push(handler);
  }

  start(): void {
    const {
      cluster,
      resource,
      namespaces,
      labelSelector,
      metadataOnly,
      required = false,
      logger,
      timing,
    } = this.#options;
    const everywhere = namespaces === undefined || !resource.namespaced;
    this.#reflectors = (everywhere ? [undefined] : [...new Set(namespaces)]).map(
      (namespace) =>
        new Reflector<T>({
          cluster,
          selection: { resource, namespace, labelSelector, metadataOnly },
          required,
          logger,
          timing: { ...TIMING, ...timing },
          onKey: (key) => this.#tell(key),
          onSynced: () => this.#tellSynced(),
          onError: (error) => this.#options.onError?.(error),
        }),
    );
    this.#tellSynced();
  }

  /** Ends all watches; what was known stays readable. */
  async stop(): Promise<void> {
    await Promise.all((this.#reflectors ?? []).map((reflector) => reflector.stop()));
  }

  /** Whether everything has been read once. A kind that is not installed counts as read, and empty. */
  get synced(): boolean {
    return this.#reflectors?.every(({ synced }) => synced) ?? false;
  }

  /** Resolves when {@link synced} becomes true; never, should there be no rights or no API server. */
  whenSynced(): Promise<void> {
    return this.#synced.promise;
  }

  *items(): Iterable<T> {
    for (const { items } of this.#reflectors ?? []) yield* items.values();
  }

  /** @param namespace empty for cluster-wide kinds */
  get(namespace: string, name: string): T | undefined {
    const key = `${namespace}/${name}`;
    for (const { items } of this.#reflectors ?? []) {
      const item = items.get(key);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  #tellSynced(): void {
    if (this.synced) this.#synced.resolve();
  }

  #tell(key: string): void {
    for (const handler of this.#handlers) {
      try {
        handler(key);
      } catch (error) {
        this.#options.logger.error({ err: error, resource: this.resource.plural, object: key }, 'a handler failed');
      }
    }
  }
}
