/**
 * What a policy's `status.ancestors` should say (GEP-713), from what is known of it. A pure function: the same facts give
 * the same conditions, apart from the time of their last transition.
 */

import { isDeepStrictEqual } from 'node:util';
import type { PlannedAncestor, PlannedPolicy, Verdict } from '../../policy/attach/plan.ts';
import type { AncestorStatus, ParentReference } from '../../policy/kubernetes.ts';
import type { Problem } from '../../policy/problem.ts';
import { dated, errorsOf, no, statement, timeless, verdictOf, warnings, yes, type Statement } from './conditions.ts';

/** Of the entries in `status.ancestors`, only those with this name are ours to write. */
export const CONTROLLER_NAME = 'waxseal.dev/operator';

/** Of the replicas of the data plane. */
export interface Delivery {
  /** Replicas that are connected. */
  readonly replicas: number;
  /** Of those, how many run the policy as it stands. */
  readonly running: number;
  /** Of the others, how many run an earlier version of it. */
  readonly behind: number;
  /** Replicas that could not use it, each with its reason. */
  readonly refusals: readonly { readonly replica: string; readonly reason: string }[];
}

export interface PolicyFacts {
  readonly generation: number;
  /** Everything that validation, the references and the keys gave rise to. */
  readonly problems: readonly Problem[];
  readonly planned: PlannedPolicy;
  readonly delivery: Delivery;
}

/**
 * Our entries of `status.ancestors`, one for each Gateway (or for the missing target, or for the data plane's Service).
 *
 * @param previous the entries that the policy has: a condition whose status is as before keeps its transition time
 * @param now RFC 3339
 */
export function policyStatus(facts: PolicyFacts, previous: readonly AncestorStatus[], now: string): AncestorStatus[] {
  return facts.planned.ancestors.map((ancestor) => {
    const before = previous.find(
      ({ controllerName, ancestorRef }) =>
        controllerName === CONTROLLER_NAME && sameReference(ancestorRef, ancestor.ref),
    );
    return {
      ancestorRef: ancestor.ref,
      controllerName: CONTROLLER_NAME,
      conditions: dated(conditionsOf(facts, ancestor), before?.conditions, facts.generation, now),
    };
  });
}

/** Whether entries of ours say the same, whenever they began to. */
export function sameStatus(a: readonly AncestorStatus[], b: readonly AncestorStatus[]): boolean {
  return isDeepStrictEqual(a.map(withoutTimes), b.map(withoutTimes));
}

function conditionsOf(facts: PolicyFacts, ancestor: PlannedAncestor): Statement[] {
  const { problems, delivery, generation } = facts;
  const { own, references } = errorsOf(problems);
  const accepted = verdictOf(own, ancestor.accepted);
  const resolved = verdictOf(references, yes('ResolvedRefs', 'everything that the policy refers to is there'));
  const usable = own.length === 0 && references.length === 0;
  const programmed = usable
    ? programmedBy(ancestor, delivery, generation)
    : no('Invalid', `generation ${generation} is not in use; ${stillRunning(delivery)}`);
  return [
    statement('Accepted', accepted),
    statement('ResolvedRefs', resolved),
    statement('Programmed', programmed),
    ...warnings('CertificateExpiring', problems),
    ...warnings('LegacyAlgorithms', problems),
    ...(ancestor.bufferLimit?.status === false
      ? [statement('BufferLimitTooLow', { ...ancestor.bufferLimit, status: true })]
      : []),
  ];
}

function programmedBy({ accepted, programmed }: PlannedAncestor, delivery: Delivery, generation: number): Verdict {
  const { replicas, running, refusals } = delivery;
  const count = `${running} of ${replicas} data plane replicas run generation ${generation}`;
  const reasons = refusals.map(({ replica, reason }) => `; ${replica}: ${reason}`).join('');
  if (!accepted.status) return no(accepted.reason, `not attached as it asks for; ${count}`);
  if (replicas === 0) return no('Pending', 'no data plane replica is connected to the operator; messages are refused');
  if (running === 0) return no('Pending', `${count}${reasons}`);
  if (running < replicas) return no('PartiallyProgrammed', `${count}${reasons}`);
  if (!programmed.status) return no(programmed.reason, `${programmed.message}; ${count}`);
  return yes('Programmed', count);
}

function stillRunning({ replicas, running, behind }: Delivery): string {
  const before = running + behind;
  if (replicas === 0) return 'no data plane replica is connected';
  return before === 0
    ? 'there is no earlier version to stay with, so its messages are refused'
    : `${before} of ${replicas} data plane replicas stay with the last version that works`;
}

function sameReference(a: ParentReference, b: ParentReference): boolean {
  return referenceKey(a) === referenceKey(b);
}

function referenceKey({ group, kind, namespace, name, sectionName, port }: ParentReference): string {
  return [group, kind, namespace, name, sectionName, port].join('/');
}

/** Plain data with its keys in one order, as the API server gives it back in another. */
function withoutTimes({ ancestorRef, controllerName, conditions = [] }: AncestorStatus): unknown {
  return {
    ref: referenceKey(ancestorRef),
    controllerName,
    conditions: timeless(conditions),
  };
}
