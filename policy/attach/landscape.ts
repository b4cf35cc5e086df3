/** Everything about the cluster that is found out once and asked for by many policies. */

import type { ClientTrafficPolicy, EnvoyExtensionPolicy } from '../kubernetes.ts';
import { foreignTrafficPolicies } from './buffer-limit.ts';
import {
  claimTargets,
  coverageOf,
  foreignClaims,
  type ForeignClaim,
  type Governed,
  type GovernorOf,
} from './claims.ts';
import { ClusterIndex, idOf, type GatewayEntry, type RouteEntry } from './cluster-index.ts';
import { isOurs } from './ours.ts';
import { bySeniority, viewOf, type PolicyView } from './policy-view.ts';
import { targetsOf, type Target } from './targets.ts';
import type { AttachOptions, Inventory } from './types.ts';

export class Landscape {
  readonly options: AttachOptions;
  readonly index: ClusterIndex;
  readonly policies: readonly PolicyView[];
  /** Policy id -> what it attaches to. */
  readonly targets: ReadonlyMap<string, readonly Target[]>;
  /** Target key -> the policy that has it. */
  readonly claims: ReadonlyMap<string, PolicyView>;
  /** Our own, by `namespace/name`. */
  readonly extensionPolicies: ReadonlyMap<string, EnvoyExtensionPolicy>;
  /** `namespace/name` of our own. */
  readonly envoyFilters: ReadonlySet<string>;
  /** Other people's, by the id of the Gateway. */
  readonly foreignTrafficPolicies: ReadonlyMap<string, readonly ClientTrafficPolicy[]>;
  readonly #foreign: ReadonlyMap<string, ForeignClaim>;
  readonly #coverage = new Map<string, readonly Governed[]>();
  readonly #claimed = new Map<PolicyView, ReadonlyMap<GatewayEntry, readonly Target[]>>();
  readonly #ruleOwners = new Map<string, ReadonlyMap<string, readonly RouteEntry[]>>();
  readonly #routes = new Map<string, ReadonlyMap<string, readonly string[]>>();

  constructor(inventory: Inventory, options: AttachOptions) {
    this.options = options;
    this.index = new ClusterIndex(inventory);
    this.policies = inventory.policies
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(viewOf)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    this.targets = new Map(this.policies.map((policy) => [policy.id, targetsOf(policy, this.index)]));
    this.claims = claimTargets(this.policies, this.targets);
    this.extensionPolicies = new Map(
      inventory.extensionPolicies.filter(isOurs).map((object) => [idOf(object), object]),
    );
    this.envoyFilters = new Set(inventory.envoyFilters.filter(isOurs).map(idOf));
    this.foreignTrafficPolicies = foreignTrafficPolicies(inventory.trafficPolicies, this.index);
    this.#foreign = foreignClaims(inventory.extensionPolicies, this.index);
  }

  /** The Gateways that targets of a policy lead to which it has. */
  claimedGateways(policy: PolicyView): Iterable<GatewayEntry> {
    return this.#claimedBy(policy).keys();
  }

  /** The targets that a policy has and that lead to a Gateway. */
  claimedAt(policy: PolicyView, gateway: GatewayEntry): readonly Target[] {
    return this.#claimedBy(policy).get(gateway) ?? [];
  }

  #claimedBy(policy: PolicyView): ReadonlyMap<GatewayEntry, readonly Target[]> {
    let found = this.#claimed.get(policy);
    if (!found) {
      const byGateway = new Map<GatewayEntry, Target[]>();
      for (const target of this.targets.get(policy.id) ?? []) {
        if (target.problem || this.claims.get(target.key) !== policy) continue;
        for (const { gateway } of target.parents) {
          const list = byGateway.get(gateway);
          if (list) list.push(target);
          else byGateway.set(gateway, [target]);
        }
      }
      found = byGateway;
      this.#claimed.set(policy, found);
    }
    return found;
  }

  /** Who has a target at a Gateway, given what its controller makes of other people's objects. */
  governorAt(gateway: GatewayEntry): GovernorOf {
    return (key) => {
      if (gateway.kind === 'Istio' && this.isInseparable(key, gateway)) return undefined;
      const policy = this.claims.get(key);
      const foreign = gateway.kind === 'EnvoyGateway' ? this.#foreign.get(key) : undefined;
      if (foreign && (policy ? this.#precedes(foreign, policy) : !foreign.merges)) {
        return { kind: 'EnvoyExtensionPolicy', id: foreign.id };
      }
      return policy && { kind: 'WSSecurityPolicy', id: policy.id };
    };
  }

  /** Istio serves listeners of one port as one: a policy cannot have one of them alone. */
  isInseparable(key: string, { id, object }: GatewayEntry): boolean {
    if (!key.startsWith(`Gateway/${id}/`)) return false;
    const listeners = object.spec.listeners ?? [];
    const port = listeners.find(({ name }) => key === `Gateway/${id}/${name}`)?.port;
    return listeners.filter((listener) => listener.port === port).length > 1;
  }

  /** Name of a rule -> the routes of the Gateway that have a rule of that name. */
  ruleOwners(gateway: GatewayEntry): ReadonlyMap<string, readonly RouteEntry[]> {
    let found = this.#ruleOwners.get(gateway.id);
    if (!found) {
      const owners = new Map<string, RouteEntry[]>();
      for (const route of gateway.routes) {
        for (const rule of route.rules) {
          const list = owners.get(rule);
          if (list) list.push(route);
          else owners.set(rule, [route]);
        }
      }
      found = owners;
      this.#ruleOwners.set(gateway.id, found);
    }
    return found;
  }

  /** What does not exist yet will be the youngest. */
  #precedes(foreign: ForeignClaim, policy: PolicyView): boolean {
    const id = `${policy.namespace}/${policy.alias}`;
    const ours = this.extensionPolicies.get(id);
    return !ours || bySeniority(foreign, { id, created: ours.metadata.creationTimestamp ?? '' }) < 0;
  }

  /** Who governs each route of a Gateway. */
  coverage(gateway: GatewayEntry): readonly Governed[] {
    let found = this.#coverage.get(gateway.id);
    if (!found) {
      found = coverageOf(gateway, this.governorAt(gateway));
      this.#coverage.set(gateway.id, found);
    }
    return found;
  }

  /** The routes of a Gateway that a policy governs. */
  routes(policyId: string, gateway: GatewayEntry): readonly string[] {
    let byPolicy = this.#routes.get(gateway.id);
    if (!byPolicy) {
      const lists = new Map<string, string[]>();
      for (const { route, by } of this.coverage(gateway)) {
        if (by?.kind !== 'WSSecurityPolicy') continue;
        const list = lists.get(by.id);
        if (list) list.push(route);
        else lists.set(by.id, [route]);
      }
      byPolicy = lists;
      this.#routes.set(gateway.id, byPolicy);
    }
    return byPolicy.get(policyId) ?? [];
  }

  /** Whether SOAP on routes without a policy is refused. */
  hasGuard(gateway: GatewayEntry): boolean {
    return gateway.kind !== undefined && this.claims.get(`Gateway/${gateway.id}`)?.guard === true;
  }
}
