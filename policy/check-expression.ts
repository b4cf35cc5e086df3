import { RE2JS, RE2JSException } from 're2js';
import type { FieldPath } from './load.ts';
import type { Report } from './report.ts';

/** Checks that an expression over a distinguished name can be compiled. */
export function checkExpression(report: Report, at: FieldPath, expression: string): void {
  try {
    RE2JS.compile(expression);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    report.error(at, `"${expression}" is no RE2 regular expression (${error.message})`);
  }
}
