/** Objects of any kind -> those that attachment looks at, by kind. */

import type {
  ClientTrafficPolicy,
  EnvoyExtensionPolicy,
  EnvoyFilter,
  Gateway,
  GatewayClass,
  HTTPRoute,
  KubernetesObject,
  Service,
} from '../kubernetes.ts';
import type { Inventory } from './types.ts';

/** @param objects as files or an API server give them; other kinds are passed over */
export function inventoryOf(objects: Iterable<KubernetesObject>): Inventory {
  const byKind = new Map<string, KubernetesObject[]>();
  for (const object of objects) {
    const kind = `${groupOf(object)}/${object.kind}`;
    const list = byKind.get(kind);
    if (list) list.push(object);
    else byKind.set(kind, [object]);
  }
  // What Kubernetes itself checks of these kinds is taken for granted.
  const of = <T extends KubernetesObject>(kind: string): readonly T[] => (byKind.get(kind) ?? []) as T[];
  return {
    policies: of('waxseal.dev/WSSecurityPolicy'),
    tokenServices: of('waxseal.dev/SecurityTokenService'),
    gatewayClasses: of<GatewayClass>('gateway.networking.k8s.io/GatewayClass'),
    gateways: of<Gateway>('gateway.networking.k8s.io/Gateway'),
    httpRoutes: of<HTTPRoute>('gateway.networking.k8s.io/HTTPRoute'),
    services: of<Service>('/Service'),
    extensionPolicies: of<EnvoyExtensionPolicy>('gateway.envoyproxy.io/EnvoyExtensionPolicy'),
    trafficPolicies: of<ClientTrafficPolicy>('gateway.envoyproxy.io/ClientTrafficPolicy'),
    envoyFilters: of<EnvoyFilter>('networking.istio.io/EnvoyFilter'),
  };
}

function groupOf({ apiVersion }: KubernetesObject): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}
