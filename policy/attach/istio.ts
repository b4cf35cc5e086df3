/**
 * What Istio is told of a policy: EnvoyFilters, which it applies to proxies of their own namespace only. Each policy has
 * a filter of its own in Envoy, which names the policy in its gRPC metadata. It is switched on by the names of routes:
 * `namespace.route.index`, for every index that there can be, or the name of a rule, so no reordering changes anything.
 */

import { aliasName } from '../alias.ts';
import type { EnvoyFilter, ObjectMeta, Service } from '../kubernetes.ts';
import { namespaceOf, type GatewayEntry, type RouteEntry } from './cluster-index.ts';
import { addCluster, insertFilter, raiseBufferLimit, mergeIntoRoute, routeSwitches } from './istio-patches.ts';
import type { Landscape } from './landscape.ts';
import { LABELS, metadataFor } from './ours.ts';
import { ownerReference, type PolicyView } from './policy-view.ts';
import type { Target } from './targets.ts';
import type { AttachOptions } from './types.ts';

/** The API's limit of rules of an HTTPRoute. */
const MAX_RULES = 16;
/** Envoy sends a cluster's name as the gRPC :authority, which cannot hold a slash. */
const SERVICE_CLUSTER = 'waxseal.dev-extproc';

/** Name of the EnvoyFilter of a policy at a Gateway or a Service. */
export function envoyFilterName(policyId: string, target: string): string {
  return aliasName(`${policyId}/${target}`);
}

/** At a Gateway: what all policies there share. Deleted with the Gateway. */
export function gatewayFilter(gateway: GatewayEntry, maxBody: number, { options }: Landscape): EnvoyFilter {
  const { object } = gateway;
  const { uid } = object.metadata;
  const metadata = {
    name: aliasName(`${gateway.id}/gateway`),
    namespace: namespaceOf(object),
    labels: LABELS,
    ...(uid !== undefined && { ownerReferences: [ownerReference(object, uid)] }),
  };
  return envoyFilter(metadata, podsOf(gateway), [
    addCluster('GATEWAY', SERVICE_CLUSTER, maxBody, options),
    raiseBufferLimit('GATEWAY', maxBody),
  ]);
}

/**
 * A policy at a Gateway: one object with its filter, and one for each route that switches it on there. So a change to one
 * route touches one small object, however many routes there are.
 */
export function policyFilters(policy: PolicyView, gateway: GatewayEntry, landscape: Landscape): readonly EnvoyFilter[] {
  const targets = targetsAt(policy, gateway, landscape);
  const ports = listenersOf(policy, gateway, targets, landscape);
  if (targets.length === 0) return [];
  const filter = { context: 'GATEWAY', policyId: policy.id, data: policy.data, cluster: SERVICE_CLUSTER } as const;
  const inserted = ports.map(({ port, everywhere }) => ({
    ...filter,
    everywhere,
    ...(port !== undefined && { port }),
  }));
  // With the switches and not with the filters that they switch off: what a policy switched off goes on with its removal.
  const off = wholePolicies(gateway, landscape).filter((id) => id !== policy.id);
  const on = routeSwitches(policy.id, false, off);
  const refuse = routeSwitches(policy.id, true, off);
  const owners = landscape.ruleOwners(gateway);
  const object = (name: string, patches: readonly unknown[]): EnvoyFilter =>
    envoyFilter({ ...metadataFor(policy, namespaceOf(gateway.object)), name }, podsOf(gateway), patches);
  return [
    object(
      envoyFilterName(policy.id, gateway.id),
      inserted.map((patch) => insertFilter(patch, landscape.options)),
    ),
    ...[...namesByRoute(policy, targets, landscape)].map(([route, names]) =>
      object(
        envoyFilterName(policy.id, `${gateway.id}/${route.id}`),
        names.map((name) => mergeIntoRoute(name, isShared(name, route, owners) ? refuse : on)),
      ),
    ),
  ];
}

/** `namespace/name` of a policy's EnvoyFilters at a Gateway. */
export function policyFilterNames(policy: PolicyView, gateway: GatewayEntry, landscape: Landscape): string[] {
  const routes = targetsAt(policy, gateway, landscape)
    .filter(({ reference }) => reference.kind === 'HTTPRoute')
    .map(({ reference }) => `${policy.namespace}/${reference.name}`);
  const places = [gateway.id, ...[...new Set(routes)].map((id) => `${gateway.id}/${id}`)];
  return places.map((place) => `${namespaceOf(gateway.object)}/${envoyFilterName(policy.id, place)}`);
}

/** The targets of a policy that Istio should hear of, and that lead to a Gateway. */
function targetsAt(policy: PolicyView, gateway: GatewayEntry, landscape: Landscape): readonly Target[] {
  return landscape.claimedAt(policy, gateway).filter(({ key }) => !landscape.isInseparable(key, gateway));
}

/** A policy for the sidecars of a Service's Pods. */
export function sidecarFilter(
  policy: PolicyView,
  service: Service,
  maxBody: number,
  options: AttachOptions,
): EnvoyFilter {
  const cluster = `${SERVICE_CLUSTER}-${policy.alias}`;
  const metadata: ObjectMeta = {
    ...metadataFor(policy, policy.namespace),
    name: envoyFilterName(policy.id, serviceTarget(service.metadata.name)),
  };
  return envoyFilter(metadata, service.spec.selector ?? {}, [
    addCluster('SIDECAR_OUTBOUND', cluster, maxBody, options),
    raiseBufferLimit('SIDECAR_INBOUND', maxBody),
    insertFilter(
      { context: 'SIDECAR_INBOUND', policyId: policy.id, data: policy.data, cluster, everywhere: true },
      options,
    ),
  ]);
}

/** Different from the id of every Gateway, which a policy of the same name may have as well. */
export function serviceTarget(name: string): string {
  return `service/${name}`;
}

/** Names that a route of the policy's shares with a rule of another route: Envoy cannot tell the two apart. */
export function sharedNames(policy: PolicyView, gateway: GatewayEntry, target: Target, landscape: Landscape): string[] {
  const owners = landscape.ruleOwners(gateway);
  if (owners.size === 0) return [];
  return [...namesByRoute(policy, [target], landscape)].flatMap(([route, names]) =>
    names.filter((name) => isShared(name, route, owners)),
  );
}

/** The Envoy routes that a policy has, by the HTTPRoute that they come from: without the rules that others have. */
function namesByRoute(
  policy: PolicyView,
  targets: readonly Target[],
  { index, claims }: Landscape,
): ReadonlyMap<RouteEntry, readonly string[]> {
  const byRoute = new Map<RouteEntry, readonly string[]>();
  for (const { reference, key } of targets) {
    if (reference.kind !== 'HTTPRoute') continue;
    const route = index.routes.get(`${policy.namespace}/${reference.name}`);
    if (!route) continue;
    const names =
      reference.sectionName === undefined
        ? [...positions(route), ...route.rules.filter((rule) => (claims.get(`${key}/${rule}`) ?? policy) === policy)]
        : [reference.sectionName];
    byRoute.set(route, [...new Set([...(byRoute.get(route) ?? []), ...names])]);
  }
  return byRoute;
}

function positions({ object }: RouteEntry): string[] {
  const prefix = `${namespaceOf(object)}.${object.metadata.name}`;
  return Array.from({ length: MAX_RULES }, (_, position) => `${prefix}.${position}`);
}

/** Where the filter is inserted, and whether it is on there for every route; without a port: on all listeners. */
function listenersOf(
  policy: PolicyView,
  gateway: GatewayEntry,
  targets: readonly Target[],
  landscape: Landscape,
): readonly { port?: number; everywhere: boolean }[] {
  const governorOf = landscape.governorAt(gateway);
  const whole = targets.some(({ key }) => key === `Gateway/${gateway.id}`);
  const onByPort = new Map<number, boolean>();
  for (const { name, port } of gateway.object.spec.listeners ?? []) {
    if (port === undefined) continue;
    const by = governorOf(`Gateway/${gateway.id}/${name}`)?.id;
    onByPort.set(port, by === undefined ? whole : by === policy.id);
  }
  const ports = [...onByPort].map(([port, everywhere]) => ({ port, everywhere }));
  if (ports.every(({ everywhere }) => everywhere === whole)) return [{ everywhere: whole }];
  return ports;
}

/** The policies that have the Gateway or a listener of it. */
function wholePolicies(gateway: GatewayEntry, landscape: Landscape): string[] {
  const governorOf = landscape.governorAt(gateway);
  const keys = [`Gateway/${gateway.id}`, ...gateway.listeners.map((name) => `Gateway/${gateway.id}/${name}`)];
  return [...new Set(keys.flatMap((key) => governorOf(key)?.id ?? []))];
}

function isShared(name: string, route: RouteEntry, owners: ReadonlyMap<string, readonly RouteEntry[]>): boolean {
  return (owners.get(name) ?? []).some((other) => other !== route);
}

/** The label that Istio puts on the Pods that it runs for a Gateway. */
function podsOf({ object }: GatewayEntry): Record<string, string> {
  return { 'gateway.networking.k8s.io/gateway-name': object.metadata.name };
}

function envoyFilter(
  metadata: ObjectMeta,
  labels: Readonly<Record<string, string>>,
  configPatches: readonly unknown[],
): EnvoyFilter {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata,
    spec: { workloadSelector: { labels }, configPatches },
  };
}
