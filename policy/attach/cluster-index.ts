/** The objects of the cluster by what they are asked for: names, labels, and who belongs to whom. */

import type { Gateway, HTTPRoute, KubernetesObject, ParentReference, Service } from '../kubernetes.ts';
import type { GatewayKind, Inventory } from './types.ts';

export const GATEWAY_API = 'gateway.networking.k8s.io';

/** The controllers whose Gateways can be attached to, by `GatewayClass.spec.controllerName`. */
const CONTROLLERS: ReadonlyMap<string, GatewayKind> = new Map([
  ['gateway.envoyproxy.io/gatewayclass-controller', 'EnvoyGateway'],
  ['istio.io/gateway-controller', 'Istio'],
]);

export interface GatewayEntry {
  /** `namespace/name` */
  readonly id: string;
  readonly object: Gateway;
  /** Absent where the class is missing or somebody else's. */
  readonly kind?: GatewayKind;
  readonly listeners: readonly string[];
  readonly routes: readonly RouteEntry[];
}

export interface RouteEntry {
  /** `namespace/name` */
  readonly id: string;
  readonly object: HTTPRoute;
  /** Names of the rules that have one. */
  readonly rules: readonly string[];
  readonly parents: readonly Parent[];
}

/** A Gateway that a route belongs to, and the listeners of it that serve the route. */
export interface Parent {
  readonly gateway: GatewayEntry;
  readonly listeners: readonly string[];
}

type Listener = NonNullable<Gateway['spec']['listeners']>[number];

export class ClusterIndex {
  readonly gateways: ReadonlyMap<string, GatewayEntry>;
  readonly routes: ReadonlyMap<string, RouteEntry>;
  readonly services: ReadonlyMap<string, Service>;
  /** `GatewayClass` name -> `controllerName`, also of those that cannot be attached to. */
  readonly controllers: ReadonlyMap<string, string>;
  /** Whether Envoy Gateway is at work here, though perhaps without a Gateway yet. */
  readonly hasEnvoyGateway: boolean;
  readonly #byLabel = new Map<string, Map<string, KubernetesObject[]>>();
  readonly #inventory: Inventory;

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
    this.controllers = new Map(
      inventory.gatewayClasses.map(({ metadata, spec }) => [metadata.name, spec.controllerName]),
    );
    const attachable = [...this.controllers.values()].map((name) => CONTROLLERS.get(name));
    this.hasEnvoyGateway = attachable.includes('EnvoyGateway');
    const routesOf = new Map<string, RouteEntry[]>();
    this.gateways = new Map(
      inOrder(inventory.gateways).map((object) => [idOf(object), this.#gatewayEntry(object, routesOf)]),
    );
    this.routes = new Map(inOrder(inventory.httpRoutes).map((object) => [idOf(object), this.#routeEntry(object)]));
    for (const route of this.routes.values()) {
      for (const { gateway } of route.parents) routesOf.get(gateway.id)?.push(route);
    }
    this.services = new Map(inventory.services.map((object) => [idOf(object), object]));
  }

  /** Names of the objects of a namespace that have all these labels, in order. */
  select(kind: string, namespace: string, labels: Readonly<Record<string, string>>): readonly string[] {
    const index = this.#labelIndex(kind);
    const wanted = Object.entries(labels);
    const [first = [], ...others] = wanted
      .map(([key, value]) => index.get(`${namespace}/${key}=${value}`) ?? [])
      .sort((a, b) => a.length - b.length);
    if (others.some((list) => list.length === 0)) return [];
    return first
      .filter(({ metadata }) => wanted.every(([key, value]) => metadata.labels?.[key] === value))
      .map(({ metadata }) => metadata.name)
      .sort();
  }

  #labelIndex(kind: string): Map<string, KubernetesObject[]> {
    let index = this.#byLabel.get(kind);
    if (!index) {
      index = new Map();
      for (const object of this.#objects(kind)) {
        for (const [key, value] of Object.entries(object.metadata.labels ?? {})) {
          const label = `${object.metadata.namespace ?? 'default'}/${key}=${value}`;
          const list = index.get(label);
          if (list) list.push(object);
          else index.set(label, [object]);
        }
      }
      this.#byLabel.set(kind, index);
    }
    return index;
  }

  #objects(kind: string): readonly KubernetesObject[] {
    switch (kind) {
      case 'Gateway':
        return this.#inventory.gateways;
      case 'HTTPRoute':
        return this.#inventory.httpRoutes;
      case 'Service':
        return this.#inventory.services;
      default:
        return [];
    }
  }

  #gatewayEntry(object: Gateway, routesOf: Map<string, RouteEntry[]>): GatewayEntry {
    const id = idOf(object);
    const kind = CONTROLLERS.get(this.controllers.get(object.spec.gatewayClassName) ?? '');
    const routes: RouteEntry[] = [];
    routesOf.set(id, routes);
    const listeners = (object.spec.listeners ?? []).map(({ name }) => name);
    return { id, object, ...(kind && { kind }), listeners, routes };
  }

  #routeEntry(object: HTTPRoute): RouteEntry {
    const listenersOf = new Map<GatewayEntry, Set<string>>();
    for (const reference of object.spec.parentRefs ?? []) {
      const gateway = this.#parentGateway(object, reference);
      if (!gateway) continue;
      const served = (gateway.object.spec.listeners ?? []).filter((listener) =>
        serves(listener, reference, object, gateway.object),
      );
      if (served.length === 0) continue;
      const names = listenersOf.get(gateway) ?? new Set();
      for (const { name } of served) names.add(name);
      listenersOf.set(gateway, names);
    }
    return {
      id: idOf(object),
      object,
      rules: (object.spec.rules ?? []).flatMap(({ name }) => (name === undefined ? [] : [name])),
      parents: [...listenersOf].map(([gateway, names]) => ({ gateway, listeners: [...names] })),
    };
  }

  #parentGateway(route: HTTPRoute, { group, kind, namespace, name }: ParentReference): GatewayEntry | undefined {
    if ((group ?? GATEWAY_API) !== GATEWAY_API || (kind ?? 'Gateway') !== 'Gateway') return undefined;
    return this.gateways.get(`${namespace ?? namespaceOf(route)}/${name}`);
  }
}

/** Gateway API's defaults: any listener and port, and routes of the Gateway's own namespace only. */
function serves(listener: Listener, reference: ParentReference, route: HTTPRoute, gateway: Gateway): boolean {
  if (reference.sectionName !== undefined && reference.sectionName !== listener.name) return false;
  if (reference.port !== undefined && reference.port !== listener.port) return false;
  const from = listener.allowedRoutes?.namespaces?.from ?? 'Same';
  return from !== 'Same' || namespaceOf(route) === namespaceOf(gateway);
}

export function namespaceOf({ metadata }: KubernetesObject): string {
  return metadata.namespace ?? 'default';
}

/** `namespace/name` */
export function idOf(object: KubernetesObject): string {
  return `${namespaceOf(object)}/${object.metadata.name}`;
}

/** By namespace and name, so that equal clusters give equal plans. */
function inOrder<T extends KubernetesObject>(objects: readonly T[]): readonly T[] {
  const ids = new Map(objects.map((object) => [object, idOf(object)]));
  return [...objects].sort((a, b) => ((ids.get(a) ?? '') < (ids.get(b) ?? '') ? -1 : 1));
}
