/** Patches of Istio's EnvoyFilter. */

import { bufferLimit } from './buffer-limit.ts';
import type { ConnectionData } from './connection-attributes.ts';
import { externalProcessor, namingPolicy, serviceConnections } from './external-processor.ts';
import type { AttachOptions } from './types.ts';

export type PatchContext = 'GATEWAY' | 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND';

const FILTER_CONFIG = 'type.googleapis.com/envoy.config.route.v3.FilterConfig';
const CONNECTION_MANAGER = 'envoy.filters.network.http_connection_manager';

/** Never one of Istio's own names: it writes `typed_per_filter_config` for those itself. */
export function filterName(policyId: string): string {
  return `waxseal.dev/${policyId}`;
}

export interface FilterPatch {
  readonly context: PatchContext;
  readonly policyId: string;
  readonly data: ConnectionData;
  readonly cluster: string;
  /** False: only where a route switches it on. */
  readonly everywhere: boolean;
  /** Only on the listener of this port. */
  readonly port?: number;
}

/** The HTTP filter of a policy, after Istio's own that authenticate and authorize. */
export function insertFilter(
  { context, policyId, data, cluster, everywhere, port }: FilterPatch,
  { messageTimeout }: AttachOptions,
) {
  return {
    applyTo: 'HTTP_FILTER',
    match: {
      context,
      listener: {
        ...(port !== undefined && { portNumber: port }),
        filterChain: { filter: { name: CONNECTION_MANAGER, subFilter: { name: 'envoy.filters.http.router' } } },
      },
    },
    patch: {
      operation: 'INSERT_BEFORE',
      value: {
        name: filterName(policyId),
        ...(!everywhere && { disabled: true }),
        typed_config: externalProcessor({ cluster, messageTimeout, policy: policyId, data }),
      },
    },
  };
}

/**
 * Which filters are on for a route, one value for all routes of a policy.
 *
 * @param own the policy of the route; its filter goes on
 * @param refuse the name of the route is not this policy's alone: name no policy, so that the service refuses the messages
 * @param off policies whose filters are on everywhere else
 */
export function routeSwitches(own: string, refuse: boolean, off: readonly string[]) {
  const on = { '@type': FILTER_CONFIG, config: refuse ? namingPolicy('ambiguous route name') : {} };
  const switches = new Map<string, object>([[filterName(own), on]]);
  for (const policyId of off) switches.set(filterName(policyId), { '@type': FILTER_CONFIG, disabled: true });
  return { typed_per_filter_config: Object.fromEntries(switches) };
}

/** @param name of the routes in Envoy */
export function mergeIntoRoute(name: string, value: ReturnType<typeof routeSwitches>) {
  return {
    applyTo: 'HTTP_ROUTE',
    match: { context: 'GATEWAY', routeConfiguration: { vhost: { route: { name } } } },
    patch: { operation: 'MERGE', value },
  };
}

/**
 * The cluster of the ext_proc service. It has no health check: behind one address stand many Pods, and the one that the
 * check meets says nothing about the others.
 *
 * @param maxBody bytes
 */
export function addCluster(context: PatchContext, name: string, maxBody: number, options: AttachOptions) {
  const { service, systemNamespace } = options;
  const address = `${service.name}.${systemNamespace}.svc.cluster.local`;
  const endpoint = { address: { socket_address: { address, port_value: service.port } } };
  return {
    applyTo: 'CLUSTER',
    match: { context },
    patch: {
      operation: 'ADD',
      value: {
        name,
        type: 'STRICT_DNS',
        per_connection_buffer_limit_bytes: bufferLimit(maxBody),
        load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
        ...serviceConnections(),
      },
    },
  };
}

/** @param maxBody bytes */
export function raiseBufferLimit(context: PatchContext, maxBody: number) {
  return {
    applyTo: 'LISTENER',
    match: { context },
    patch: { operation: 'MERGE', value: { per_connection_buffer_limit_bytes: bufferLimit(maxBody) } },
  };
}
