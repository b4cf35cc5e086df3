import type { When } from '../crds/types.ts';
import { compileConditions, ConditionError } from '../extproc/pipeline/conditions.ts';
import type { FieldPath } from './load.ts';
import { parsePath, type Report } from './report.ts';

/** Conditions hold values that can be compared with: regular expressions, networks, numbers. */
export function checkConditions(report: Report, at: FieldPath, when: When | undefined): void {
  try {
    compileConditions(when);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    report.error([...at, ...parsePath(error.field)], error.message);
  }
}
