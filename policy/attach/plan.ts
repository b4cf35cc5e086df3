/**
 * Policies and what is in the cluster -> the objects that attach the policies to gateways, and what there is to say of it.
 * A pure function: equal inventories give equal plans, in the same order.
 */

import type { KubernetesObject } from '../kubernetes.ts';
import { ancestorsOf } from './ancestors.ts';
import { trafficPolicyFor } from './buffer-limit.ts';
import type { GatewayEntry } from './cluster-index.ts';
import { envoyGatewayObjects } from './envoy-gateway.ts';
import { gatewayFilter, policyFilters, sidecarFilter } from './istio.ts';
import { Landscape } from './landscape.ts';
import type { PolicyView } from './policy-view.ts';
import type { Target } from './targets.ts';
import type { Attachment, AttachOptions, Inventory } from './types.ts';

export type {
  Attachment,
  AttachOptions,
  GatewayKind,
  Inventory,
  PlannedAncestor,
  PlannedPolicy,
  Verdict,
} from './types.ts';

/**
 * Plans how policies reach the gateways that they attach to (GEP-713).
 *
 * @returns what should exist. What exists beyond that and bears our label should not.
 */
export function planAttachment(inventory: Inventory, options: AttachOptions): Attachment {
  const landscape = new Landscape(inventory, options);
  const objects: KubernetesObject[] = [];
  for (const [gateway, maxBody] of largestBodies(landscape)) {
    if (gateway.kind === 'Istio') objects.push(gatewayFilter(gateway, maxBody, landscape));
    else if (gateway.kind === 'EnvoyGateway' && !landscape.foreignTrafficPolicies.has(gateway.id)) {
      objects.push(trafficPolicyFor(gateway, maxBody));
    }
  }
  for (const policy of landscape.policies) {
    const targets = forEnvoyGateway(policy, landscape);
    if (targets.length > 0) objects.push(...envoyGatewayObjects(policy, targets, options));
    for (const gateway of landscape.claimedGateways(policy)) {
      if (gateway.kind === 'Istio') objects.push(...policyFilters(policy, gateway, landscape));
    }
    objects.push(...sidecarFilters(policy, landscape));
  }
  const policies = new Map(
    landscape.policies.map((policy) => [policy.id, { id: policy.id, ancestors: ancestorsOf(policy, landscape) }]),
  );
  return { objects, policies };
}

/**
 * The targets that Envoy Gateway should hear of. Also those that do not exist yet: it then has the policy from the
 * moment that it learns of the route, which would be open for as long as it takes us to follow.
 */
function forEnvoyGateway(policy: PolicyView, { targets, claims, index }: Landscape): readonly Target[] {
  return (targets.get(policy.id) ?? []).filter(({ key, reference, parents, problem }) => {
    if (claims.get(key) !== policy || problem?.reason === 'Invalid' || reference.kind === 'Service') return false;
    return parents.some(({ gateway }) => gateway.kind === 'EnvoyGateway') || (problem && index.hasEnvoyGateway);
  });
}

/** For Istio's sidecars of the Services that the policy attaches to. */
function sidecarFilters(policy: PolicyView, { targets, claims, index, options }: Landscape): KubernetesObject[] {
  return (targets.get(policy.id) ?? []).flatMap(({ key, reference, problem }) => {
    if (reference.kind !== 'Service' || problem || claims.get(key) !== policy) return [];
    const service = index.services.get(`${policy.namespace}/${reference.name}`);
    return service ? [sidecarFilter(policy, service, policy.maxBodyBytes, options)] : [];
  });
}

/** Gateway -> the largest body in bytes that a policy which concerns it allows. */
function largestBodies(landscape: Landscape): ReadonlyMap<GatewayEntry, number> {
  const largest = new Map<GatewayEntry, number>();
  for (const policy of landscape.policies) {
    for (const gateway of landscape.claimedGateways(policy)) {
      largest.set(gateway, Math.max(policy.maxBodyBytes, largest.get(gateway) ?? 0));
    }
  }
  return largest;
}
