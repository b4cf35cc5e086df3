/** What there is to say about a policy: one entry for each Gateway, and one for each target that leads to none. */

import type { ParentReference } from '../kubernetes.ts';
import { bufferVerdict } from './buffer-limit.ts';
import type { Governed } from './claims.ts';
import { governedRules } from './claims.ts';
import { GATEWAY_API, namespaceOf, type GatewayEntry } from './cluster-index.ts';
import { takenByEnvoyGateway } from './envoy-gateway-status.ts';
import { envoyFilterName, policyFilterNames, serviceTarget, sharedNames } from './istio.ts';
import type { Landscape } from './landscape.ts';
import type { PolicyView } from './policy-view.ts';
import { enumerate, moreSpecific } from './sentences.ts';
import { describe, type Target } from './targets.ts';
import type { PlannedAncestor, Verdict } from './types.ts';

/** The API's limit of `status.ancestors`. */
const MAX_ANCESTORS = 16;

/** What is found out about one entry, target by target. */
interface Draft {
  readonly ref: ParentReference;
  readonly gateway?: GatewayEntry;
  readonly attached: string[];
  readonly notes: Set<string>;
  readonly failures: Verdict[];
  /** Something is handed to the gateway. */
  planned: boolean;
}

export function ancestorsOf(policy: PolicyView, landscape: Landscape): readonly PlannedAncestor[] {
  const targets = landscape.targets.get(policy.id) ?? [];
  if (targets.length === 0) return [withoutTarget(policy, landscape)];
  const drafts = new Map<string, Draft>();
  const draft = (key: string, ref: ParentReference, gateway?: GatewayEntry): Draft => {
    let found = drafts.get(key);
    if (!found) {
      const rest = { attached: [], notes: new Set<string>(), failures: [], planned: false };
      found = { ref, ...(gateway && { gateway }), ...rest };
      drafts.set(key, found);
    }
    return found;
  };
  for (const target of targets) {
    if (target.parents.length === 0) {
      examineTarget(draft(target.key, targetReference(policy, target)), policy, target, landscape);
    }
    for (const { gateway } of target.parents) {
      const entry = draft(gateway.id, gatewayReference(gateway), gateway);
      examineAtGateway(entry, gateway, policy, target, landscape);
    }
  }
  const ancestors = [...drafts.values()].map((entry) => finish(entry, policy, landscape));
  // Where not all can be told, what is wrong comes first.
  return [
    ...ancestors.filter(({ accepted }) => !accepted.status),
    ...ancestors.filter(({ accepted }) => accepted.status),
  ].slice(0, MAX_ANCESTORS);
}

/** A target that leads to no Gateway: a Service, or something that is wrong. */
function examineTarget(entry: Draft, policy: PolicyView, target: Target, landscape: Landscape): void {
  const winner = landscape.claims.get(target.key);
  if (target.problem) entry.failures.push(target.problem);
  else if (winner && winner !== policy) entry.failures.push(lostTo(winner, policy, target));
  else {
    entry.attached.push(describe(policy.namespace, target.reference));
    entry.planned = true;
  }
}

function examineAtGateway(
  entry: Draft,
  gateway: GatewayEntry,
  policy: PolicyView,
  target: Target,
  landscape: Landscape,
): void {
  const winner = landscape.claims.get(target.key);
  if (target.problem) entry.failures.push(target.problem);
  else if (!gateway.kind) entry.failures.push(notOurs(gateway, landscape));
  else if (winner && winner !== policy) entry.failures.push(lostTo(winner, policy, target));
  else if (gateway.kind === 'Istio' && landscape.isInseparable(target.key, gateway)) {
    entry.failures.push(inseparable(policy, target));
  } else {
    entry.planned = true;
    const governor = landscape.governorAt(gateway)(target.key);
    const shared = gateway.kind === 'Istio' ? sharedNames(policy, gateway, target, landscape) : [];
    if (governor?.kind === 'EnvoyExtensionPolicy') entry.failures.push(lostToForeign(governor.id, policy, target));
    else if (shared.length > 0) entry.failures.push(ambiguous(gateway, shared));
    else {
      entry.attached.push(describe(policy.namespace, target.reference));
      for (const note of notesOn(gateway, policy, target, landscape)) entry.notes.add(note);
    }
  }
}

/** @see Landscape.isInseparable */
function inseparable(policy: PolicyView, { reference }: Target): Verdict {
  const message =
    `${describe(policy.namespace, reference)} shares its port with another listener, and Istio serves them as one. ` +
    'Attach the policy to the Gateway or to routes, or give the listener a port of its own.';
  return { status: false, reason: 'Invalid', message };
}

function ambiguous(gateway: GatewayEntry, names: readonly string[]): Verdict {
  const message =
    `At Gateway ${gateway.id} another HTTPRoute has a rule of the same name: ${enumerate(names)}. Istio tells Envoy ` +
    'nothing but the name, so messages to both are refused until the rule of one of them is renamed.';
  return { status: false, reason: 'Conflicted', message };
}

function notesOn(gateway: GatewayEntry, policy: PolicyView, target: Target, landscape: Landscape): string[] {
  const { kind, sectionName } = target.reference;
  if (kind === 'Gateway') {
    const coverage = landscape.coverage(gateway);
    const others = coverage.filter(({ by }) => by !== undefined && by.id !== policy.id);
    const below = sectionName === undefined ? others : onListener(others, gateway, sectionName, landscape);
    const open = coverage.filter(({ by }) => by === undefined).map(({ route }) => route);
    const count = new Set(landscape.routes(policy.id, gateway)).size;
    return [
      `It governs ${count} of the Gateway's ${gateway.routes.length} routes.`,
      ...moreSpecific(below),
      ...(open.length > 0 ? [`No policy governs ${enumerate(open)}: messages pass there untouched.`] : []),
    ];
  }
  const route = landscape.index.routes.get(`${policy.namespace}/${target.reference.name}`);
  const rules = route && sectionName === undefined ? governedRules(route, landscape.governorAt(gateway)) : [];
  return [
    ...moreSpecific(rules.filter(({ by }) => by?.id !== policy.id)),
    ...(landscape.hasGuard(gateway)
      ? []
      : ['A route without a policy is open: a policy on the Gateway with unmatched: Refuse closes all of them.']),
  ];
}

/** Those that a listener serves, and that have something of their own. */
function onListener(
  all: readonly Governed[],
  gateway: GatewayEntry,
  listener: string,
  landscape: Landscape,
): Governed[] {
  return all.filter(({ route, directly }) => {
    if (!directly) return false;
    const [namespace, name] = route.split('/');
    const parents = landscape.index.routes.get(`${namespace}/${name}`)?.parents ?? [];
    return parents.some((parent) => parent.gateway === gateway && parent.listeners.includes(listener));
  });
}

function finish({ ref, gateway, attached, notes, failures, planned }: Draft, policy: PolicyView, landscape: Landscape) {
  const kind = gateway ? gateway.kind : ref.kind === 'Service' ? 'Istio' : undefined;
  const accepted = acceptance(attached, [...notes], failures);
  const bufferLimit = gateway?.kind === 'EnvoyGateway' && planned ? bufferAt(gateway, policy, landscape) : undefined;
  const ancestor: PlannedAncestor = {
    ref,
    ...(kind && { gateway: kind }),
    accepted,
    programmed: planned
      ? programming(ref, gateway, policy, landscape)
      : {
          status: false,
          reason: accepted.reason,
          message: 'The policy is not accepted here.',
        },
    ...(bufferLimit && { bufferLimit }),
    routes: gateway ? landscape.routes(policy.id, gateway) : [],
  };
  return ancestor;
}

function acceptance(attached: readonly string[], notes: readonly string[], failures: readonly Verdict[]): Verdict {
  const success = attached.length > 0 ? [`Attached to ${enumerate(attached)}.`, ...notes] : [];
  const [first] = failures;
  if (!first) return { status: true, reason: 'Accepted', message: success.join(' ') };
  const problems = failures.slice(0, 3).map(({ message }) => message);
  const more = failures.length > 3 ? [`${failures.length - 3} more targets have problems.`] : [];
  return { status: false, reason: first.reason, message: [...problems, ...more, ...success].join(' ') };
}

function programming(
  ref: ParentReference,
  gateway: GatewayEntry | undefined,
  policy: PolicyView,
  landscape: Landscape,
): Verdict {
  if (gateway?.kind === 'EnvoyGateway') {
    return takenByEnvoyGateway(landscape.extensionPolicies.get(`${policy.namespace}/${policy.alias}`), gateway);
  }
  const names = gateway
    ? policyFilterNames(policy, gateway, landscape)
    : [`${policy.namespace}/${envoyFilterName(policy.id, serviceTarget(ref.name))}`];
  const missing = names.find((name) => !landscape.envoyFilters.has(name));
  return missing === undefined
    ? { status: true, reason: 'Programmed', message: 'Istio has its EnvoyFilters.' }
    : { status: false, reason: 'Reconciling', message: `EnvoyFilter ${missing} does not exist yet.` };
}

function bufferAt(gateway: GatewayEntry, policy: PolicyView, landscape: Landscape): Verdict {
  return bufferVerdict(
    gateway,
    policy.maxBodyBytes,
    landscape.foreignTrafficPolicies.get(gateway.id) ?? [],
    landscape.index,
  );
}

function lostTo(winner: PolicyView, policy: PolicyView, { reference }: Target): Verdict {
  const what = describe(policy.namespace, reference);
  const message =
    `WSSecurityPolicy ${winner.id} is attached to ${what} already. Of two the older wins, then the first by name. ` +
    'Remove the target from one of them.';
  return { status: false, reason: 'Conflicted', message };
}

function lostToForeign(winner: string, policy: PolicyView, { reference }: Target): Verdict {
  const what = describe(policy.namespace, reference);
  const message =
    `EnvoyExtensionPolicy ${winner} has ${what} already, and Envoy Gateway takes only the older of two: ` +
    `this policy's takes over as soon as that one is gone. Move what it does to another level, or delete it.`;
  return { status: false, reason: 'Conflicted', message };
}

function notOurs(gateway: GatewayEntry, landscape: Landscape): Verdict {
  const { gatewayClassName } = gateway.object.spec;
  const controller = landscape.index.controllers.get(gatewayClassName);
  const what = controller === undefined ? 'which does not exist' : `whose controller is ${controller}`;
  const message =
    `Gateway ${gateway.id} is of GatewayClass ${gatewayClassName}, ${what}; policies attach to those of Envoy Gateway ` +
    'and Istio. For any other Envoy, "waxseal envoy-config" prints what its configuration needs.';
  return { status: false, reason: 'Invalid', message };
}

function withoutTarget(policy: PolicyView, { options }: Landscape): PlannedAncestor {
  const ref = { group: '', kind: 'Service', namespace: options.systemNamespace, name: options.service.name };
  const selectors = policy.targetSelectors.map(({ kind, matchLabels = {} }) => {
    const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
    return `${kind} with ${labels.join(',')}`;
  });
  if (selectors.length > 0) {
    const message = `Namespace ${policy.namespace} has no ${selectors.join(' and no ')}: the selectors find nothing yet.`;
    const verdict = { status: false, reason: 'TargetNotFound', message };
    return { ref, accepted: verdict, programmed: verdict, routes: [] };
  }
  const message = 'It has no target: an Envoy whose own configuration names it uses it ("waxseal envoy-config").';
  return {
    ref,
    accepted: { status: true, reason: 'Accepted', message },
    programmed: { status: true, reason: 'Programmed', message },
    routes: [],
  };
}

function targetReference(policy: PolicyView, { reference }: Target): ParentReference {
  const { group, kind, name, sectionName } = reference;
  return { group, kind, namespace: policy.namespace, name, ...(sectionName !== undefined && { sectionName }) };
}

function gatewayReference({ object }: GatewayEntry): ParentReference {
  return { group: GATEWAY_API, kind: 'Gateway', namespace: namespaceOf(object), name: object.metadata.name };
}
