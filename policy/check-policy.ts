/** What is wrong with a policy although each of its fields is right: fields that contradict or need one another. */

import type { WSSecurityPolicySpec } from '../crds/types.ts';
import type { ResolvedPolicy, ResolvedSpec, ResolvedTokenService } from './bundle.ts';
import { checkAddressing } from './check-addressing.ts';
import { checkConditions } from './check-conditions.ts';
import { checkSecure } from './check-secure.ts';
import { checkVerify } from './check-verify.ts';
import type { Manifest } from './load.ts';
import type { Problem } from './problem.ts';
import { Report } from './report.ts';

/** Which of the two phases is looked at, and the other. */
export interface PhaseContext {
  readonly phase: 'request' | 'response';
  readonly spec: ResolvedSpec;
  /** The policy as it is written. */
  readonly manifest: Manifest;
  /** That of the phase's `securityToken`, where there is one that can be used. */
  readonly tokenService?: ResolvedTokenService;
}

/**
 * @param given the spec as written, with the schema's defaults
 * @param spec the same with all defaults
 */
export function checkPolicy(
  manifest: Manifest,
  given: WSSecurityPolicySpec,
  spec: ResolvedSpec,
  tokenServices: NonNullable<ResolvedPolicy['tokenServices']>,
): readonly Problem[] {
  const report = new Report(manifest, ['spec']);
  checkConditions(report, ['when'], spec.when);
  for (const phase of ['request', 'response'] as const) {
    const inPhase = new Report(manifest, ['spec', phase]);
    const context = { phase, spec, manifest, tokenService: tokenServices[phase] };
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
