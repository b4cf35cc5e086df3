/** Collects the problems of one manifest and finds out where in its file each of them stands. */

import type { FieldPath, Manifest } from './load.ts';
import type { Problem, ProblemReason, Severity } from './problem.ts';

export class Report {
  readonly problems: Problem[] = [];
  readonly #manifest: Manifest;
  readonly #base: FieldPath;
  readonly #owner: ProblemOwner;

  /** @param base where in the object the paths that are reported begin */
  constructor(manifest: Manifest, base: FieldPath = []) {
    this.#manifest = manifest;
    this.#base = base;
    this.#owner = ownerOf(manifest);
  }

  error(path: FieldPath, message: string, reason: ProblemReason = 'Invalid'): void {
    this.add('error', reason, path, message);
  }

  warning(path: FieldPath, message: string, reason: ProblemReason = 'Unwise'): void {
    this.add('warning', reason, path, message);
  }

  note(path: FieldPath, message: string): void {
    this.add('note', 'Ignored', path, message);
  }

  add(severity: Severity, reason: ProblemReason, path: FieldPath, message: string): void {
    const full = [...this.#base, ...path];
    this.problems.push({
      severity,
      reason,
      ...(this.#manifest.file !== undefined && { file: this.#manifest.file }),
      ...this.#manifest.locate?.(full),
      ...this.#owner,
      field: formatPath(full),
      message,
    });
  }
}

/** Whose a problem is; nobody's in particular where it is another kind's. */
export type ProblemOwner = Pick<Problem, 'policy' | 'tokenService'>;

export function ownerOf(manifest: Pick<Manifest, 'kind' | 'namespace' | 'name'>): ProblemOwner {
  switch (manifest.kind) {
    case 'WSSecurityPolicy':
      return { policy: policyId(manifest) };
    case 'SecurityTokenService':
      return { tokenService: policyId(manifest) };
    default:
      return {};
  }
}

/** `namespace/name` */
export function policyId(policy: { readonly namespace: string; readonly name: string }): string {
  return `${policy.namespace}/${policy.name}`;
}

/** `spec.request.secure.signature.parts[0].header` */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** The inverse of `formatPath` for the paths that this project writes. */
export function parsePath(text: string): (string | number)[] {
  return [...text.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([step, index]) => (index === undefined ? step : Number(index)));
}

/** Adds file and place to problems that speak of a policy's or token service's field but were found without its file. */
export function locateProblems(problems: readonly Problem[], manifests: readonly Manifest[]): Problem[] {
  return problems.map((problem) => {
    const { policy, tokenService } = problem;
    if (problem.file !== undefined || (policy === undefined && tokenService === undefined)) return problem;
    const manifest = manifests.find((each) => {
      const owner = ownerOf(each);
      return policy === undefined ? owner.tokenService === tokenService : owner.policy === policy;
    });
    if (manifest === undefined) return problem;
    const place = manifest.locate?.(parsePath(problem.field));
    return { ...problem, ...(manifest.file !== undefined && { file: manifest.file }), ...place };
  });
}
