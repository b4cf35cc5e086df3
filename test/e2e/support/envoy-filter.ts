/**
 * Applies Istio's EnvoyFilters to an Envoy configuration as istiod does, as far as Waxseal's own go: clusters are added,
 * listeners and routes merged, HTTP filters inserted before another. A patch of any other kind is an error.
 */

import type { KubernetesObject } from '../../../policy/kubernetes.ts';

type Json = Record<string, unknown>;

interface Patch {
  readonly applyTo: string;
  readonly match: {
    readonly context: string;
    readonly listener?: { portNumber?: number; filterChain: { filter: { name: string; subFilter: { name: string } } } };
    readonly routeConfiguration?: { vhost: { route: { name: string } } };
  };
  readonly patch: { readonly operation: string; readonly value: Json };
}

export interface Bootstrap {
  readonly static_resources: { readonly listeners: Json[]; readonly clusters: Json[] };
}

/** What a proxy is to istiod: its namespace and labels select filters, the contexts patches. */
export interface Proxy {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly contexts: readonly string[];
}

export function applyEnvoyFilters(config: Bootstrap, filters: readonly KubernetesObject[], proxy: Proxy): void {
  for (const filter of filters) {
    if (filter.kind !== 'EnvoyFilter' || filter.metadata.namespace !== proxy.namespace) continue;
    const spec = filter.spec as { workloadSelector: { labels: Record<string, string> }; configPatches: Patch[] };
    const selected = Object.entries(spec.workloadSelector.labels).every(([key, value]) => proxy.labels[key] === value);
    if (!selected) continue;
    for (const patch of spec.configPatches) if (proxy.contexts.includes(patch.match.context)) apply(config, patch);
  }
}

function apply({ static_resources: { listeners, clusters } }: Bootstrap, { applyTo, match, patch }: Patch): void {
  const value = structuredClone(patch.value);
  switch (`${applyTo} ${patch.operation}`) {
    case 'CLUSTER ADD':
      clusters.push(value);
      return;
    case 'LISTENER MERGE':
      for (const listener of listeners) merge(listener, value);
      return;
    case 'HTTP_FILTER INSERT_BEFORE': {
      const { portNumber, filterChain } = match.listener ?? {};
      for (const listener of listeners) {
        if (portNumber !== undefined && portOf(listener) !== portNumber) continue;
        const manager = managerOf(listener, filterChain?.filter.name);
        const filters = manager['http_filters'] as Json[];
        const at = filters.findIndex(({ name }) => name === filterChain?.filter.subFilter.name);
        if (at >= 0) filters.splice(at, 0, structuredClone(value));
      }
      return;
    }
    case 'HTTP_ROUTE MERGE':
      for (const listener of listeners) {
        const routes = managerOf(listener)['route_config'] as { virtual_hosts: { routes: Json[] }[] };
        for (const route of routes.virtual_hosts.flatMap(({ routes }) => routes)) {
          if (route['name'] === match.routeConfiguration?.vhost.route.name) merge(route, value);
        }
      }
      return;
    default:
      throw new Error(`no such patch here: ${applyTo} ${patch.operation}`);
  }
}

/** As protobuf merges: fields one by one, and of a map the entries as wholes. */
function merge(into: Json, from: Json): void {
  for (const [key, value] of Object.entries(from)) {
    const present = into[key];
    if (key === 'typed_per_filter_config') into[key] = { ...(present as Json | undefined), ...(value as Json) };
    else if (isJson(present) && isJson(value)) merge(present, value);
    else into[key] = value;
  }
}

function isJson(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function managerOf(listener: Json, name = 'envoy.filters.network.http_connection_manager'): Json {
  const [chain] = listener['filter_chains'] as { filters: { name: string; typed_config: Json }[] }[];
  const manager = chain?.filters.find((filter) => filter.name === name);
  if (!manager) throw new Error(`no network filter ${name}`);
  return manager.typed_config;
}

function portOf(listener: Json): number {
  return (listener['address'] as { socket_address: { port_value: number } }).socket_address.port_value;
}
