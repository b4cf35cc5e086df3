/** What a policy attaches to: its references, and what its selectors find. */

import type { TargetReference } from '../kubernetes.ts';
import type { ClusterIndex, Parent } from './cluster-index.ts';
import { GATEWAY_API } from './cluster-index.ts';
import type { PolicyView } from './policy-view.ts';
import type { Verdict } from './types.ts';

export interface Target {
  readonly reference: TargetReference;
  /** `Kind/namespace/name`, with `/section` where there is one: equal for equal targets. */
  readonly key: string;
  /** The Gateways that it leads to. */
  readonly parents: readonly Parent[];
  /** Why the policy cannot attach to it. */
  readonly problem?: Verdict;
}

/** The references first, then what the selectors find, each target once. */
export function targetsOf(policy: PolicyView, index: ClusterIndex): readonly Target[] {
  const found = new Map<string, Target>();
  const add = (reference: TargetReference): void => {
    const key = targetKey(policy.namespace, reference);
    if (!found.has(key)) found.set(key, resolveTarget(policy.namespace, reference, key, index));
  };
  policy.targetRefs.forEach(add);
  for (const { group = GATEWAY_API, kind, matchLabels = {} } of policy.targetSelectors) {
    if (!isSupported(group, kind)) add({ group, kind, name: '*' });
    else for (const name of index.select(kind, policy.namespace, matchLabels)) add({ group, kind, name });
  }
  return [...found.values()];
}

export function targetKey(namespace: string, { kind, name, sectionName }: Omit<TargetReference, 'group'>): string {
  const key = `${kind}/${namespace}/${name}`;
  return sectionName === undefined ? key : `${key}/${sectionName}`;
}

/** `Kind namespace/name`, for sentences. */
export function describe(namespace: string, { kind, name, sectionName }: TargetReference): string {
  if (sectionName === undefined) return `${kind} ${namespace}/${name}`;
  return `${SECTIONS[kind] ?? 'section'} ${sectionName} of ${kind} ${namespace}/${name}`;
}

const SECTIONS: Readonly<Record<string, string>> = { Gateway: 'listener', HTTPRoute: 'rule' };

function isSupported(group: string, kind: string): boolean {
  return group === GATEWAY_API ? kind === 'Gateway' || kind === 'HTTPRoute' : group === '' && kind === 'Service';
}

function resolveTarget(namespace: string, reference: TargetReference, key: string, index: ClusterIndex): Target {
  const { group, kind, name, sectionName } = reference;
  const id = `${namespace}/${name}`;
  const missing = (sections?: readonly string[]): Target => ({
    reference,
    key,
    parents: kind === 'HTTPRoute' ? (index.routes.get(id)?.parents ?? []) : [],
    problem: notFound(namespace, reference, sections),
  });
  if (!isSupported(group, kind)) return { reference, key, parents: [], problem: unsupported(group, kind) };
  if (kind === 'Gateway') {
    const gateway = index.gateways.get(id);
    if (!gateway) return missing();
    const parent = { gateway, listeners: sectionName === undefined ? gateway.listeners : [sectionName] };
    if (sectionName === undefined || gateway.listeners.includes(sectionName)) {
      return { reference, key, parents: [parent] };
    }
    return { ...missing(gateway.listeners), parents: [parent] };
  }
  if (kind === 'HTTPRoute') {
    const route = index.routes.get(id);
    if (!route) return missing();
    if (sectionName !== undefined && !route.rules.includes(sectionName)) return missing(route.rules);
    if (route.parents.length > 0) return { reference, key, parents: route.parents };
    return { reference, key, parents: [], problem: withoutGateway(id) };
  }
  const service = index.services.get(id);
  if (!service) return missing();
  if (sectionName !== undefined) return { reference, key, parents: [], problem: portOfService(id) };
  if (Object.keys(service.spec.selector ?? {}).length > 0) return { reference, key, parents: [] };
  return { reference, key, parents: [], problem: withoutSelector(id) };
}

function notFound(namespace: string, reference: TargetReference, sections?: readonly string[]): Verdict {
  const { kind, name } = reference;
  const message =
    sections === undefined
      ? `There is no ${kind} ${namespace}/${name}. A policy attaches to objects of its own namespace.`
      : `There is no ${describe(namespace, reference)}. ` +
        (sections.length > 0 ? `It has: ${sections.join(', ')}.` : 'None of them has a name.');
  return { status: false, reason: 'TargetNotFound', message };
}

function unsupported(group: string, kind: string): Verdict {
  const given = group === '' ? kind : `${group}/${kind}`;
  return {
    status: false,
    reason: 'Invalid',
    message: `A policy cannot attach to ${given}. It can to ${GATEWAY_API}/Gateway and HTTPRoute, and with Istio's sidecars to Service of the empty group.`,
  };
}

function withoutGateway(id: string): Verdict {
  return {
    status: false,
    reason: 'TargetNotFound',
    message: `HTTPRoute ${id} belongs to no Gateway: none of its parentRefs names a Gateway, and a listener of it, that exists and allows it.`,
  };
}

function withoutSelector(id: string): Verdict {
  return {
    status: false,
    reason: 'Invalid',
    message: `Service ${id} has no selector, so there is no telling which sidecars it stands for.`,
  };
}

function portOfService(id: string): Verdict {
  return {
    status: false,
    reason: 'Invalid',
    message: `A policy is for all ports of Service ${id}: leave out the sectionName.`,
  };
}
