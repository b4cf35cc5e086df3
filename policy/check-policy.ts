/** What is wrong with a policy although each of its fields is right: fields that contradict or need one another. */

import type { Addressing, WSSecurityPolicySpec } from '../crds/types.ts';
import { compileConditions, ConditionError } from '../extproc/pipeline/conditions.ts';
import type { ResolvedSpec } from './bundle.ts';
import { checkSecure } from './check-secure.ts';
import { checkVerify } from './check-verify.ts';
import type { Manifest } from './load.ts';
import type { Problem } from './problem.ts';
import { parsePath, Report } from './report.ts';

/** Which of the two phases is looked at, and the other. */
export interface PhaseContext {
  readonly phase: 'request' | 'response';
  readonly spec: ResolvedSpec;
}

/**
 * @param given the spec as written, with the schema's defaults
 * @param spec the same with all defaults
 */
export function checkPolicy(manifest: Manifest, given: WSSecurityPolicySpec, spec: ResolvedSpec): readonly Problem[] {
  const report = new Report(manifest, ['spec']);
  checkWhen(report, spec);
  for (const phase of ['request', 'response'] as const) {
    const inPhase = new Report(manifest, ['spec', phase]);
    const context = { phase, spec };
    const { verify, addressing, secure } = spec[phase];
    if (verify) checkVerify(inPhase, verify, context);
    if (addressing) checkAddressing(inPhase, addressing, context);
    if (secure) checkSecure(inPhase, secure, given[phase]?.secure, context);
    report.problems.push(...inPhase.problems);
  }
  const phases = [spec.request, spec.response];
  if (
    spec.unmatched === 'Pass' &&
    phases.every(({ verify, addressing, secure }) => !verify && !addressing && !secure)
  ) {
    report.warning(
      [],
      'neither request nor response says what to do, so messages pass untouched; give one of them verify or secure',
    );
  }
  return report.problems;
}

function checkWhen(report: Report, spec: ResolvedSpec): void {
  try {
    compileConditions(spec.when);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    report.error(['when', ...parsePath(error.field)], error.message);
  }
}

function checkAddressing(report: Report, addressing: Addressing, { phase }: PhaseContext): void {
  const { action, to, messageId, replyTo, faultTo, from, relatesTo } = addressing;
  if ([action, to, messageId, replyTo, faultTo, from, relatesTo].every((value) => value === undefined)) {
    report.error(['addressing'], 'adds nothing; give it action, to, messageId, replyTo, faultTo, from or relatesTo');
  }
  if (phase === 'request') return;
  for (const field of ['action', 'to'] as const) {
    if (addressing[field] !== 'Default') continue;
    report.error(['addressing', field], `Default is taken from the request, so a response needs the text itself`);
  }
}
