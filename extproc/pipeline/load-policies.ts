/** Files and folders of manifests -> policies that are ready to run, and everything there is to say about them. */

import type { Bundle } from '../../policy/bundle.ts';
import { load, type Manifest } from '../../policy/load.ts';
import type { Problem } from '../../policy/problem.ts';
import { locateProblems, policyId, type ProblemOwner } from '../../policy/report.ts';
import { resolve } from '../../policy/resolve.ts';
import { compileBundle, type CertificateExpiry, type CompiledPolicy } from './compile.ts';
import { compileTokenService } from './compile-token-service.ts';

export interface LoadedPolicies {
  readonly bundle: Bundle;
  /** By `namespace/name`. */
  readonly policies: ReadonlyMap<string, CompiledPolicy>;
  /** Of all kinds. */
  readonly manifests: readonly Manifest[];
  /** With file, line and column, in the order in which they stand in the files. */
  readonly problems: readonly Problem[];
}

const EXPIRES_SOON = 30 * 24 * 3_600_000;

/**
 * @param paths as `load` takes them
 * @param now milliseconds since 1970: certificates that have expired or soon will are problems
 */
export async function loadPolicies(paths: readonly string[], now: number): Promise<LoadedPolicies> {
  const { manifests, problems: unreadable } = await load(paths);
  const { bundle, tokenServices, problems: wrong } = resolve(manifests);
  const { policies, problems: broken } = compileBundle(bundle);
  const expiring = [...policies.values()].flatMap(({ id, certificates }) =>
    expiringCertificates({ policy: id }, certificates, now),
  );
  const ofServices = tokenServices.flatMap((service) => {
    const { problems, certificates } = compileTokenService(service);
    return [...problems, ...expiringCertificates({ tokenService: policyId(service) }, certificates, now)];
  });
  const problems = locateProblems([...unreadable, ...wrong, ...broken, ...expiring, ...ofServices], manifests);
  return { bundle, policies, manifests, problems: problems.sort(byPlace) };
}

/** A warning for each certificate of a policy or token service that has expired or will within 30 days. */
export function expiringCertificates(
  owner: ProblemOwner,
  certificates: readonly CertificateExpiry[],
  now: number,
): Problem[] {
  return certificates
    .filter(({ notAfter }) => notAfter - now < EXPIRES_SOON)
    .map(({ name, notAfter }) => ({
      severity: 'warning',
      reason: 'CertificateExpiring',
      ...owner,
      field: '',
      message: `the certificate ${name} ${notAfter < now ? 'has expired' : 'expires'} on ${new Date(notAfter).toISOString()}; put a new one in its place`,
    }));
}

/** In the order in which they stand in the files. */
export function byPlace(a: Problem, b: Problem): number {
  const files = a.file === b.file ? 0 : (a.file ?? '') < (b.file ?? '') ? -1 : 1;
  return files || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
