/**
 * What Istio is told of a policy: EnvoyFilters, which it applies to proxies of their own namespace only. Each policy has
 * a filter of its own in Envoy, which names the policy in its gRPC metadata. It is switched on by the names of routes:
 * `namespace.route.index`, for every index that there can be, or the name of a rule, so no reordering changes anything.
 */

import { aliasName } from '../alias.ts';
import type { EnvoyFilter, ObjectMeta, Service } from '../kubernetes.ts';
import { namespaceOf, type GatewayEntry, type RouteEntry } from './cluster-index.ts';
import { addCluster, insertFilter, raiseBufferLimit, switchOnRoute } from './istio-patches.ts';
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

/** A policy at a Gateway, for those of its targets that lead there. */
export function policyFilter(
  policy: PolicyView,
  gateway: GatewayEntry,
  targets: readonly Target[],
  landscape: Landscape,
): EnvoyFilter {
  const ports = listenersOf(policy, gateway, targets, landscape);
  const patches: unknown[] = ports.map((port) =>
    insertFilter(
      {
        context: 'GATEWAY',
        policyId: policy.id,
        cluster: SERVICE_CLUSTER,
        everywhere: true,
        ...(port !== 'every' && { port }),
      },
      landscape.options,
    ),
  );
  const routes = routesOf(policy, targets, landscape);
  // A policy that has a whole listener is on there already.
  if (ports.length === 0 && routes.length > 0) {
    patches.push(
      insertFilter(
        { context: 'GATEWAY', policyId: policy.id, cluster: SERVICE_CLUSTER, everywhere: false },
        landscape.options,
      ),
    );
  }
  // In this object and not in theirs: with it goes what it switched off.
  const off = wholePolicies(gateway, landscape).filter((id) => id !== policy.id);
  const owners = landscape.ruleOwners(gateway);
  for (const { name, route } of routes) {
    patches.push(switchOnRoute(name, policy.id, isShared(name, route, owners), off));
  }
  const metadata: ObjectMeta = {
    ...metadataFor(policy, namespaceOf(gateway.object)),
    name: envoyFilterName(policy.id, gateway.id),
  };
  return envoyFilter(metadata, podsOf(gateway), patches);
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
    insertFilter({ context: 'SIDECAR_INBOUND', policyId: policy.id, cluster, everywhere: true }, options),
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
  return routesOf(policy, [target], landscape)
    .filter(({ name, route }) => isShared(name, route, owners))
    .map(({ name }) => name);
}

/** Names of the Envoy routes of a route, or of one rule of it, that no other policy has. */
function routesOf(policy: PolicyView, targets: readonly Target[], { index, claims }: Landscape) {
  const names = new Map<string, { name: string; route: RouteEntry }>();
  for (const { reference, key } of targets) {
    if (reference.kind !== 'HTTPRoute') continue;
    const route = index.routes.get(`${policy.namespace}/${reference.name}`);
    if (!route) continue;
    if (reference.sectionName !== undefined) names.set(reference.sectionName, { name: reference.sectionName, route });
    else {
      const free = route.rules.filter((rule) => (claims.get(`${key}/${rule}`) ?? policy) === policy);
      for (const name of [...positions(route), ...free]) names.set(name, { name, route });
    }
  }
  return [...names.values()];
}

function positions({ object }: RouteEntry): string[] {
  const prefix = `${namespaceOf(object)}.${object.metadata.name}`;
  return Array.from({ length: MAX_RULES }, (_, position) => `${prefix}.${position}`);
}

/** The listeners' ports on which the policy is on for every route; one `every` for the whole Gateway. */
function listenersOf(
  policy: PolicyView,
  gateway: GatewayEntry,
  targets: readonly Target[],
  landscape: Landscape,
): readonly (number | 'every')[] {
  const governorOf = landscape.governorAt(gateway);
  const whole = targets.some(({ key }) => key === `Gateway/${gateway.id}`);
  const listeners = (gateway.object.spec.listeners ?? []).map(({ name, port }) => ({
    port,
    by: governorOf(`Gateway/${gateway.id}/${name}`)?.id,
  }));
  if (whole && listeners.every(({ by }) => by === undefined || by === policy.id)) return ['every'];
  const ports = listeners.filter(({ by }) => (by === undefined ? whole : by === policy.id)).map(({ port }) => port);
  return [...new Set(ports)].filter((port) => port !== undefined);
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
