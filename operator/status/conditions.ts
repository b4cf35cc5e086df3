/** What is known of a policy or token service, as conditions of its status. */

import type { Verdict } from '../../policy/attach/plan.ts';
import type { Condition } from '../../policy/kubernetes.ts';
import { brokenBecause, type Problem } from '../../policy/problem.ts';

/** What a condition says, whenever that began. */
export type Statement = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>;

/** Problems of references; other errors are of the object itself. */
const REFERENCE_REASONS: ReadonlySet<string> = new Set(['InvalidRef', 'RefNotPermitted']);

/** The errors among problems: those of references, and those of the object itself. */
export function errorsOf(problems: readonly Problem[]): { own: Problem[]; references: Problem[] } {
  const errors = problems.filter(({ severity }) => severity === 'error');
  return {
    own: errors.filter(({ reason }) => !REFERENCE_REASONS.has(reason)),
    references: errors.filter(({ reason }) => REFERENCE_REASONS.has(reason)),
  };
}

/** Bad news where there are errors. @param otherwise what is said where there are none */
export function verdictOf(errors: readonly Problem[], otherwise: Verdict): Verdict {
  return errors.length > 0 ? no(wordFor(errors), brokenBecause(errors)) : otherwise;
}

/** A condition that is there only while there is something to say. */
export function warnings(type: 'CertificateExpiring' | 'LegacyAlgorithms', problems: readonly Problem[]): Statement[] {
  const found = problems.filter(({ reason }) => reason === type);
  if (found.length === 0) return [];
  const message = found.map(({ field, message: text }) => (field === '' ? text : `${field}: ${text}`)).join('; ');
  return [statement(type, yes(type, message))];
}

/** The word that all of them share, or `Invalid`. */
function wordFor(problems: readonly Problem[]): string {
  const reason = problems[0]?.reason;
  return problems.every((problem) => problem.reason === reason) ? (reason ?? 'Invalid') : 'Invalid';
}

export const yes = (reason: string, message = ''): Verdict => ({ status: true, reason, message });
export const no = (reason: string, message = ''): Verdict => ({ status: false, reason, message });

/** The API server takes no more. */
const MAX_MESSAGE = 32_768;

export function statement(type: string, { status, reason, message }: Verdict): Statement {
  return { type, status: status ? 'True' : 'False', reason, message: message.slice(0, MAX_MESSAGE) };
}

/**
 * @param before a condition whose status is as before keeps its transition time
 * @param now RFC 3339
 */
export function dated(
  statements: readonly Statement[],
  before: readonly Condition[] | undefined,
  generation: number,
  now: string,
): Condition[] {
  return statements.map((said) => {
    const same = before?.find(({ type, status }) => type === said.type && status === said.status);
    return { ...said, observedGeneration: generation, lastTransitionTime: same?.lastTransitionTime ?? now };
  });
}

/** The conditions without their times, with their keys in one order, as the API server gives them back in another. */
export function timeless(conditions: readonly Condition[]): unknown {
  return conditions.map(({ type, status, reason, message, observedGeneration }) => ({
    ...{ type, status, reason, message, observedGeneration },
  }));
}
