import type { When } from '../crds/types.ts';
import { checkConditions } from './check-conditions.ts';
import type { FieldPath } from './load.ts';
import type { Report } from './report.ts';

interface PoolEntry {
  readonly name: string;
  readonly when?: When;
  readonly environments?: readonly string[];
  readonly default: boolean;
}

/** A pool of credentials, of a policy or a token service: the conditions of its entries, and whether each can be reached. */
export function checkPool(report: Report, at: FieldPath, entries: readonly PoolEntry[]): void {
  let catchAll: string | undefined;
  entries.forEach((entry, index) => {
    checkConditions(report, [...at, index, 'when'], entry.when);
    if (catchAll !== undefined) {
      report.warning(
        [...at, index],
        `is never used, because ${catchAll} before it is for every message; give that one when or environments, or put it last with default: true`,
      );
    } else if (!entry.default && !entry.when && !entry.environments) catchAll = entry.name;
  });
}
