/**
 * What a token service's `status.conditions` should say, from what is known of it. A pure function: the same facts give the
 * same conditions, apart from the time of their last transition.
 */

import type { Condition } from '../../policy/kubernetes.ts';
import type { Problem } from '../../policy/problem.ts';
import { dated, errorsOf, statement, verdictOf, warnings, yes } from './conditions.ts';

export interface TokenServiceFacts {
  readonly generation: number;
  /** Everything that validation, the references and the keys gave rise to. */
  readonly problems: readonly Problem[];
}

/** Conditions of these types are ours to write; the others are somebody else's. */
export const TOKEN_SERVICE_CONDITIONS: ReadonlySet<string> = new Set([
  ...['Accepted', 'ResolvedRefs', 'CertificateExpiring', 'LegacyAlgorithms'],
]);

/**
 * @param previous the conditions that the token service has: one whose status is as before keeps its transition time
 * @param now RFC 3339
 */
export function tokenServiceStatus(
  { generation, problems }: TokenServiceFacts,
  previous: readonly Condition[],
  now: string,
): Condition[] {
  const { own, references } = errorsOf(problems);
  const statements = [
    statement('Accepted', verdictOf(own, yes('Accepted', 'policies can use the token service'))),
    statement(
      'ResolvedRefs',
      verdictOf(
        references,
        yes('ResolvedRefs', 'every Secret and ConfigMap that the token service refers to is there'),
      ),
    ),
    ...warnings('CertificateExpiring', problems),
    ...warnings('LegacyAlgorithms', problems),
  ];
  return dated(statements, previous, generation, now);
}
