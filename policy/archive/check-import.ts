/** Whether what is imported will work where it goes: said before anything is written. */

import type { Manifest } from '../load.ts';
import { formatProblem, type Problem } from '../problem.ts';
import { ownerOf } from '../report.ts';
import type { NeededObject } from './archive.ts';

/** What keeps an object from working until somebody adds another one: no reason not to import it. */
const OF_OBJECTS: ReadonlySet<string> = new Set(['InvalidRef', 'RefNotPermitted']);

export interface ImportFindings {
  /** Nothing may be written. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** @param problems of the target as it would be; those of other objects are passed over */
export function findingsOf(problems: readonly Problem[], imported: readonly Manifest[]): ImportFindings {
  const ids = new Set(imported.map((manifest) => JSON.stringify(ownerOf(manifest))));
  const concerning = problems.filter(
    ({ policy, tokenService, severity }) =>
      ids.has(JSON.stringify(policy === undefined ? { tokenService } : { policy })) && severity !== 'note',
  );
  const text = (problem: Problem): string =>
    `${problem.policy ?? problem.tokenService ?? ''}: ${formatProblem(problem)}`;
  const isError = ({ severity, reason }: Problem): boolean => severity === 'error' && !OF_OBJECTS.has(reason);
  return {
    errors: concerning.filter(isError).map(text),
    warnings: concerning.filter((problem) => !isError(problem) && problem.reason !== 'InvalidRef').map(text),
  };
}

/** `Secret shop/keys (tls.crt and tls.key), used by WSSecurityPolicy/orders` */
export function describeNeed({ kind, name, namespace, keys, usedBy }: NeededObject, own: string): string {
  const content = keys.length === 0 ? '' : ` (${keys.join('; ')})`;
  return `${kind} ${namespace ?? own}/${name}${content}, used by ${usedBy.join(', ')}`;
}
