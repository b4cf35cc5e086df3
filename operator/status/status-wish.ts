/** What the status of an object should be, in a form that does not depend on its kind. */

import { isDeepStrictEqual } from 'node:util';
import type { AncestorStatus, Condition, KubernetesObject } from '../../policy/kubernetes.ts';
import type { Occurrence } from '../events.ts';
import { timeless } from './conditions.ts';
import { CONTROLLER_NAME, policyStatus, sameStatus, type PolicyFacts } from './policy-status.ts';
import { TOKEN_SERVICE_CONDITIONS, tokenServiceStatus, type TokenServiceFacts } from './token-service-status.ts';
import { conditionTransitions, transitions } from './transitions.ts';

export interface StatusWish {
  /** As it was last seen. */
  readonly object: KubernetesObject;
  /** Plain data, equal for wishes that want the same. */
  readonly says: unknown;
  /** @returns undefined where the status says so already */
  readonly change: (status: unknown) => StatusChange | undefined;
}

export interface StatusChange {
  /** The whole status. */
  readonly status: object;
  /** What a person should notice of the change. */
  readonly occurrences: readonly Occurrence[];
}

/** The most that `status.ancestors` may hold (GEP-713); other controllers' entries come first. */
const MAX_ANCESTORS = 16;

export function policyWish(object: KubernetesObject, facts: PolicyFacts): StatusWish {
  const says = (previous: readonly AncestorStatus[]): AncestorStatus[] =>
    policyStatus(facts, previous, new Date().toISOString());
  return {
    object,
    says: says([]).map(({ ancestorRef, conditions = [] }) => ({ ancestorRef, conditions: timeless(conditions) })),
    change: (status) => {
      const present = (status as { ancestors?: readonly AncestorStatus[] } | undefined)?.ancestors ?? [];
      const before = present.filter(isOurs);
      const others = present.filter((entry) => !isOurs(entry));
      const ours = says(before).slice(0, Math.max(0, MAX_ANCESTORS - others.length));
      if (sameStatus(before, ours)) return undefined;
      return {
        status: { ...(status as object | undefined), ancestors: [...others, ...ours] },
        occurrences: transitions(before, ours),
      };
    },
  };
}

function isOurs({ controllerName }: AncestorStatus): boolean {
  return controllerName === CONTROLLER_NAME;
}

export function tokenServiceWish(object: KubernetesObject, facts: TokenServiceFacts): StatusWish {
  const says = (previous: readonly Condition[]): Condition[] =>
    tokenServiceStatus(facts, previous, new Date().toISOString());
  const known = ({ type }: Condition): boolean => TOKEN_SERVICE_CONDITIONS.has(type);
  return {
    object,
    says: timeless(says([])),
    change: (status) => {
      const present = (status as { conditions?: readonly Condition[] } | undefined)?.conditions ?? [];
      const before = present.filter(known);
      const ours = says(before);
      if (isDeepStrictEqual(timeless(before), timeless(ours))) return undefined;
      const others = present.filter((condition) => !known(condition));
      return {
        status: { ...(status as object | undefined), conditions: [...ours, ...others] },
        occurrences: conditionTransitions(before, ours),
      };
    },
  };
}
