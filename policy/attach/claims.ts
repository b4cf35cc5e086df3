/** Who governs what, where several policies attach to the same thing or to something more or less specific. */

import type { EnvoyExtensionPolicy, TargetReference } from '../kubernetes.ts';
import type { ClusterIndex, GatewayEntry, RouteEntry } from './cluster-index.ts';
import { GATEWAY_API, idOf, namespaceOf } from './cluster-index.ts';
import { isOurs } from './ours.ts';
import { bySeniority, type PolicyView, type Seniority } from './policy-view.ts';
import { targetKey, type Target } from './targets.ts';

/** Target key -> the policy that has it: the oldest of those that want it. */
export function claimTargets(
  policies: readonly PolicyView[],
  targets: ReadonlyMap<string, readonly Target[]>,
): ReadonlyMap<string, PolicyView> {
  const claims = new Map<string, PolicyView>();
  for (const policy of [...policies].sort(bySeniority)) {
    for (const { key } of targets.get(policy.id) ?? []) if (!claims.has(key)) claims.set(key, policy);
  }
  return claims;
}

/** An EnvoyExtensionPolicy that somebody else made. Of two on the same target Envoy Gateway takes the older. */
export interface ForeignClaim extends Seniority {
  /** It adds to the less specific one instead of replacing it, and keeps our external processor. */
  readonly merges: boolean;
}

export function foreignClaims(
  extensionPolicies: readonly EnvoyExtensionPolicy[],
  index: ClusterIndex,
): ReadonlyMap<string, ForeignClaim> {
  const claims = new Map<string, ForeignClaim>();
  for (const object of extensionPolicies) {
    if (isOurs(object) || object.metadata.deletionTimestamp !== undefined) continue;
    const claim: ForeignClaim = {
      id: idOf(object),
      created: object.metadata.creationTimestamp ?? '',
      merges: object.spec.mergeType !== undefined && (object.spec.extProc ?? []).length === 0,
    };
    for (const reference of referencesOf(object, index)) {
      const key = targetKey(namespaceOf(object), reference);
      const other = claims.get(key);
      if (!other || bySeniority(claim, other) < 0) claims.set(key, claim);
    }
  }
  return claims;
}

/** The targets of a policy of Envoy Gateway's, which have the same form in all its kinds. */
export function referencesOf(
  { metadata, spec }: Pick<EnvoyExtensionPolicy, 'metadata' | 'spec'>,
  index: ClusterIndex,
): readonly TargetReference[] {
  const selected = (spec.targetSelectors ?? []).flatMap(({ kind, matchLabels = {} }) =>
    index
      .select(kind, metadata.namespace ?? 'default', matchLabels)
      .map((name) => ({ group: GATEWAY_API, kind, name })),
  );
  return [...(spec.targetRef ? [spec.targetRef] : []), ...(spec.targetRefs ?? []), ...selected];
}

/** Who decides on a route, or on one of its rules, at one Gateway. */
export interface Governed {
  /** `namespace/name`, or `namespace/name/rule` */
  readonly route: string;
  /** Absent: nobody. */
  readonly by?: Governor;
  /** By what is attached to the route or the rule itself. */
  readonly directly: boolean;
}

export interface Governor {
  readonly kind: 'WSSecurityPolicy' | 'EnvoyExtensionPolicy';
  /** `namespace/name` */
  readonly id: string;
}

/** Who has a target itself, without regard to what is more or less specific. */
export type GovernorOf = (targetKey: string) => Governor | undefined;

/** Every route of a Gateway and who governs it: a rule's policy before the route's, the listener's, the Gateway's. */
export function coverageOf(gateway: GatewayEntry, governorOf: GovernorOf): readonly Governed[] {
  const coverage: Governed[] = [];
  const whole = governorOf(`Gateway/${gateway.id}`);
  const byListener = new Map(
    gateway.listeners.map((name) => [name, governorOf(`Gateway/${gateway.id}/${name}`) ?? whole]),
  );
  for (const route of gateway.routes) {
    const rules = governedRules(route, governorOf);
    coverage.push(...rules);
    if (rules.length > 0 && rules.length === route.object.spec.rules?.length) continue;
    const own = governorOf(`HTTPRoute/${route.id}`);
    if (own) {
      coverage.push({ route: route.id, by: own, directly: true });
      continue;
    }
    const listeners = route.parents.find((parent) => parent.gateway === gateway)?.listeners ?? [];
    const seen = new Set<string | undefined>();
    for (const name of listeners) {
      const by = byListener.get(name);
      if (seen.has(by?.id)) continue;
      seen.add(by?.id);
      coverage.push({ route: route.id, ...(by && { by }), directly: false });
    }
  }
  return coverage;
}

/** The rules of a route that are governed apart from it. */
export function governedRules(route: RouteEntry, governorOf: GovernorOf): readonly Governed[] {
  return route.rules.flatMap((rule) => {
    const by = governorOf(`HTTPRoute/${route.id}/${rule}`);
    return by ? [{ route: `${route.id}/${rule}`, by, directly: true }] : [];
  });
}
