/** Which policies apply where, which apply nowhere, which routes have none, and who uses which token service. A pure function. */

import { referencesIn } from '../archive/object-references.ts';
import { Landscape } from '../attach/landscape.ts';
import { planAttachment } from '../attach/plan.ts';
import type { AttachOptions, GatewayKind, Inventory, PlannedAncestor } from '../attach/types.ts';
import type { KubernetesObject, ParentReference } from '../kubernetes.ts';

export interface PolicyUsage {
  /** `namespace/name` */
  readonly policy: string;
  readonly enabled: boolean;
  readonly mode: 'Enforce' | 'Audit';
  /** `unmatched: Refuse` */
  readonly guard: boolean;
  readonly places: readonly PolicyPlace[];
}

/** A Gateway or Service that a policy names, directly or by a route. */
export interface PolicyPlace {
  /** `Gateway`, or the kind of a target that leads to none. */
  readonly kind: string;
  /** `namespace/name`, with `/section` where only a part of it is meant. */
  readonly name: string;
  readonly gateway?: GatewayKind;
  readonly applies: boolean;
  /** Whether the gateway has taken it. */
  readonly programmed: boolean;
  readonly reason: string;
  readonly message: string;
  /** `namespace/name`, or `namespace/name/rule` */
  readonly routes: readonly string[];
}

export interface RouteUsage {
  /** `namespace/name`, or `namespace/name/rule` */
  readonly route: string;
  /** `namespace/name`; absent: the route belongs to none that is known. */
  readonly gateway?: string;
  /** Who decides there, and `Guarded`: a policy that refuses SOAP and does nothing else. `Open`: nobody. */
  readonly state: 'Policy' | 'Guarded' | 'Open';
  /** `namespace/name` */
  readonly policy?: string;
  /** Somebody else's, which keeps policies of ours away. */
  readonly extensionPolicy?: string;
}

export interface TokenServiceUsage {
  /** `namespace/name` */
  readonly tokenService: string;
  /** False: policies refer to it, and it is not there. */
  readonly exists: boolean;
  /** Those that refer to it, `namespace/name`. */
  readonly policies: readonly string[];
}

export interface Usage {
  readonly policies: readonly PolicyUsage[];
  readonly routes: readonly RouteUsage[];
  readonly tokenServices: readonly TokenServiceUsage[];
}

export function usageOf(inventory: Inventory, options: AttachOptions): Usage {
  const landscape = new Landscape(inventory, options);
  const { policies: planned } = planAttachment(inventory, options);
  const byId = new Map(inventory.policies.map((policy) => [idOf(policy), describePolicy(policy)]));
  const policies = [...planned.values()].map(({ id, ancestors }): PolicyUsage => {
    const { enabled = true, mode = 'Enforce', guard = false } = byId.get(id) ?? {};
    return { policy: id, enabled, mode, guard, places: ancestors.map(placeOf) };
  });
  const routes: RouteUsage[] = [];
  for (const gateway of landscape.index.gateways.values()) {
    for (const { route, by } of landscape.coverage(gateway)) {
      const policy = by?.kind === 'WSSecurityPolicy' ? by.id : undefined;
      routes.push({
        ...{ route, gateway: gateway.id, state: stateOf(policy, byId) },
        ...(policy !== undefined && { policy }),
        ...(by?.kind === 'EnvoyExtensionPolicy' && { extensionPolicy: by.id }),
      });
    }
  }
  for (const route of landscape.index.routes.values()) {
    if (route.parents.length === 0) routes.push({ route: route.id, state: 'Open' });
  }
  return {
    policies,
    routes: routes.sort((a, b) => order(a.route, b.route) || order(a.gateway ?? '', b.gateway ?? '')),
    tokenServices: tokenServiceUsage(inventory),
  };
}

function tokenServiceUsage({ policies, tokenServices }: Inventory): TokenServiceUsage[] {
  const usedBy = new Map<string, Set<string>>(tokenServices.map((service) => [idOf(service), new Set()]));
  const present = new Set(usedBy.keys());
  for (const policy of policies) {
    for (const { kind, namespace = policy.metadata.namespace ?? 'default', name } of referencesIn(policy.spec)) {
      if (kind !== 'SecurityTokenService') continue;
      const id = `${namespace}/${name}`;
      const users = usedBy.get(id) ?? new Set();
      usedBy.set(id, users.add(idOf(policy)));
    }
  }
  return [...usedBy]
    .map(([id, users]) => ({ tokenService: id, exists: present.has(id), policies: [...users].sort() }))
    .sort((a, b) => order(a.tokenService, b.tokenService));
}

interface Described {
  readonly enabled: boolean;
  readonly mode: 'Enforce' | 'Audit';
  readonly guard: boolean;
  /** It does something to messages that it concerns. */
  readonly works: boolean;
}

function describePolicy({ spec }: KubernetesObject): Described {
  const { enabled, mode, unmatched, request, response } = (spec ?? {}) as Readonly<Record<string, unknown>>;
  return {
    enabled: enabled !== false,
    mode: mode === 'Audit' ? 'Audit' : 'Enforce',
    guard: unmatched === 'Refuse',
    works: request !== undefined || response !== undefined,
  };
}

function stateOf(policy: string | undefined, byId: ReadonlyMap<string, Described>): RouteUsage['state'] {
  const described = policy === undefined ? undefined : byId.get(policy);
  if (described?.enabled !== true) return 'Open';
  if (described.works) return 'Policy';
  return described.guard && described.mode === 'Enforce' ? 'Guarded' : 'Open';
}

function placeOf({ ref, gateway, accepted, programmed, routes }: PlannedAncestor): PolicyPlace {
  return {
    ...{ kind: ref.kind ?? 'Gateway', name: nameOf(ref), ...(gateway && { gateway }) },
    ...{ applies: accepted.status, programmed: programmed.status },
    ...{ reason: accepted.reason, message: accepted.message, routes },
  };
}

function nameOf({ namespace = '', name, sectionName }: ParentReference): string {
  return [namespace, name, ...(sectionName === undefined ? [] : [sectionName])].join('/');
}

function idOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
