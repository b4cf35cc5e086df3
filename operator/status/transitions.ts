/** Changes of a status that a person should notice, as Kubernetes Events. */

import type { Occurrence } from '../events.ts';
import type { AncestorStatus, Condition } from '../../policy/kubernetes.ts';

/** Conditions that are bad news while they are true. */
const ALARMS: ReadonlySet<string> = new Set(['CertificateExpiring', 'LegacyAlgorithms', 'BufferLimitTooLow']);
/** Passing states, which are over before anyone could act on them. */
const PASSING: ReadonlySet<string> = new Set(['Pending', 'PartiallyProgrammed']);

/**
 * @param before our entries as they were
 * @param after our entries as they are now
 */
export function transitions(before: readonly AncestorStatus[], after: readonly AncestorStatus[]): Occurrence[] {
  const notices = new Map<string, Occurrence>();
  for (const { ancestorRef, conditions = [] } of after) {
    const was = before.find(
      (entry) => JSON.stringify(sorted(entry.ancestorRef)) === JSON.stringify(sorted(ancestorRef)),
    );
    for (const notice of conditionTransitions(was?.conditions ?? [], conditions)) {
      notices.set(`${notice.reason} ${notice.message}`, notice);
    }
  }
  return [...notices.values()];
}

/** The same of conditions alone. */
export function conditionTransitions(before: readonly Condition[], after: readonly Condition[]): Occurrence[] {
  return after.flatMap((condition) => {
    const notice = noticeOf(
      condition,
      before.find(({ type }) => type === condition.type),
    );
    return notice ?? [];
  });
}

function noticeOf(condition: Condition, previous: Condition | undefined): Occurrence | undefined {
  const { type, status, reason, message } = condition;
  const alarm = ALARMS.has(type);
  const bad = status === (alarm ? 'True' : 'False');
  if (bad) {
    const same = previous?.status === status && previous.reason === reason && previous.message === message;
    // What is not accepted is not programmed either: one Event is enough.
    if (same || (type === 'Programmed' && (PASSING.has(reason) || reason === 'Invalid'))) return undefined;
    return { type: 'Warning', reason, message };
  }
  const recovered = type === 'Programmed' && previous?.status !== 'True';
  return recovered ? { type: 'Normal', reason, message } : undefined;
}

function sorted(reference: object): unknown {
  return Object.entries(reference).sort(([a], [b]) => (a < b ? -1 : 1));
}
