/** The cluster as it is: a copy, kept by watches, of everything that the operator's decisions depend on. */

import type { Logger } from '../extproc/observe/log.ts';
import type { Inventory } from '../policy/attach/types.ts';
import type {
  ClientTrafficPolicy,
  EnvoyExtensionPolicy,
  EnvoyFilter,
  Gateway,
  GatewayClass,
  HTTPRoute,
  KubernetesObject,
  ReferenceGrant,
  Service,
} from '../policy/kubernetes.ts';
import { grantedBy, type MaterialObject } from '../policy/reference-grants.ts';
import type { Cluster } from './kubernetes/client.ts';
import { Informer } from './kubernetes/informer.ts';
import { ReferencedObjects } from './kubernetes/referenced-objects.ts';
import {
  ENVOY_FILTERS,
  EXTENSION_POLICIES,
  GATEWAY_CLASSES,
  GATEWAYS,
  HTTP_ROUTES,
  POLICIES,
  REFERENCE_GRANTS_BETA,
  SERVICES,
  TOKEN_SERVICES,
  TRAFFIC_POLICIES,
  type Resource,
} from './kubernetes/resources.ts';
import type { ClusterSources } from './planner.ts';

export interface ClusterViewOptions {
  readonly cluster: Cluster;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** Watched in any case: our own Services and ReferenceGrants are there. */
  readonly systemNamespace: string;
  readonly logger: Logger;
  /** Something is different. Called often. */
  readonly onChange: () => void;
  /** A list or watch failed; it is tried again. */
  readonly onError: (kind: string) => void;
}

export class ClusterView {
  readonly #informers: Informer<KubernetesObject>[] = [];
  readonly #policies: Informer<KubernetesObject>;
  readonly #tokenServices: Informer<KubernetesObject>;
  readonly #gatewayClasses: Informer<GatewayClass>;
  readonly #gateways: Informer<Gateway>;
  readonly #httpRoutes: Informer<HTTPRoute>;
  readonly #services: Informer<Service>;
  readonly #grants: Informer<ReferenceGrant>;
  readonly #extensionPolicies: Informer<EnvoyExtensionPolicy>;
  readonly #trafficPolicies: Informer<ClientTrafficPolicy>;
  readonly #envoyFilters: Informer<EnvoyFilter>;
  readonly #referenced: ReferencedObjects;

  constructor({ cluster, namespaces, systemNamespace, logger, onChange, onError }: ClusterViewOptions) {
    const watched = namespaces.length === 0 ? undefined : [...new Set([...namespaces, systemNamespace])];
    const inform = <T extends KubernetesObject>(resource: Resource, required = false): Informer<T> => {
      const fail = (): void => onError(resource.kind);
      const informer = new Informer<T>({ cluster, resource, namespaces: watched, required, logger, onError: fail });
      informer.onChange(onChange);
      this.#informers.push(informer);
      return informer;
    };
    // That there are none is said by an empty list and by nothing else: without policies everything that is ours goes.
    this.#policies = inform(POLICIES, true);
    this.#tokenServices = inform(TOKEN_SERVICES, true);
    this.#gatewayClasses = inform<GatewayClass>(GATEWAY_CLASSES);
    this.#gateways = inform<Gateway>(GATEWAYS);
    this.#httpRoutes = inform<HTTPRoute>(HTTP_ROUTES);
    this.#services = inform<Service>(SERVICES);
    this.#grants = inform<ReferenceGrant>(REFERENCE_GRANTS_BETA);
    this.#extensionPolicies = inform<EnvoyExtensionPolicy>(EXTENSION_POLICIES);
    this.#trafficPolicies = inform<ClientTrafficPolicy>(TRAFFIC_POLICIES);
    this.#envoyFilters = inform<EnvoyFilter>(ENVOY_FILTERS);
    this.#referenced = new ReferencedObjects({ cluster, logger, onError: () => onError('referenced') });
    this.#referenced.onChange(onChange);
  }

  /** Resolves when everything has been read once, apart from what policies refer to. */
  async start(): Promise<void> {
    for (const informer of this.#informers) informer.start();
    await Promise.all(this.#informers.map((informer) => informer.whenSynced()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#informers.map((informer) => informer.stop()), this.#referenced.stop()]);
  }

  /** What has not been read yet, for people. */
  get unsynced(): readonly string[] {
    return this.#informers.filter(({ synced }) => !synced).map(({ resource }) => resource.plural);
  }

  inventory(): Inventory {
    const present = (informer: Informer<KubernetesObject>): KubernetesObject[] =>
      [...informer.items()].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return {
      policies: present(this.#policies),
      tokenServices: present(this.#tokenServices),
      gatewayClasses: [...this.#gatewayClasses.items()],
      gateways: [...this.#gateways.items()],
      httpRoutes: [...this.#httpRoutes.items()],
      services: [...this.#services.items()],
      extensionPolicies: [...this.#extensionPolicies.items()],
      trafficPolicies: [...this.#trafficPolicies.items()],
      envoyFilters: [...this.#envoyFilters.items()],
    };
  }

  /** Objects of the kinds that the operator writes, whoever wrote them. */
  *writable(): Iterable<KubernetesObject> {
    const informers = [
      ...[this.#extensionPolicies, this.#trafficPolicies, this.#envoyFilters, this.#services, this.#grants],
    ];
    for (const informer of informers) yield* informer.items();
  }

  /** What policies and token services may refer to, as far as it has been wanted. */
  sources(): ClusterSources {
    return {
      granted: grantedBy(this.#grants.items()),
      material: (kind, namespace, name) => this.#referenced.get(kind, namespace, name),
      settled: (reference) => this.#referenced.settled(reference),
      forbidden: (reference) => this.#referenced.forbidden(reference),
    };
  }

  /** Looks for these objects from now on, and for no others. */
  want(references: Iterable<MaterialObject>): void {
    this.#referenced.want(references);
  }
}
