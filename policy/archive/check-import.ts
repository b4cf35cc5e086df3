/** Whether what is imported will work where it goes: said before anything is written. */

import type { Manifest } from '../load.ts';
import { formatProblem, type Problem } from '../problem.ts';
import { policyId } from '../report.ts';
import type { NeededObject } from './archive.ts';

/** What keeps a policy from working until somebody adds an object: no reason not to import it. */
const OF_OBJECTS: ReadonlySet<string> = new Set(['InvalidRef', 'RefNotPermitted']);

export interface ImportFindings {
  /** Nothing may be written. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** @param problems of the target as it would be; those of other policies are passed over */
export function findingsOf(problems: readonly Problem[], imported: readonly Manifest[]): ImportFindings {
  const ids = new Set(imported.map(policyId));
  const concerning = problems.filter(
    ({ policy, severity }) => policy !== undefined && ids.has(policy) && severity !== 'note',
  );
  const text = (problem: Problem): string => `${problem.policy ?? ''}: ${formatProblem(problem)}`;
  const isError = ({ severity, reason }: Problem): boolean => severity === 'error' && !OF_OBJECTS.has(reason);
  return {
    errors: concerning.filter(isError).map(text),
    warnings: concerning.filter((problem) => !isError(problem) && problem.reason !== 'InvalidRef').map(text),
  };
}

/** `Secret shop/keys (tls.crt and tls.key), used by WSSecurityPolicy/orders` */
export function describeNeed({ kind, name, namespace, keys, usedBy }: NeededObject, own: string): string {
  return `${kind} ${namespace ?? own}/${name} (${keys.join('; ')}), used by ${usedBy.join(', ')}`;
}
