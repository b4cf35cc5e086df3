/** What is wrong with a manifest, for a person who wants to mend it. */

export type Severity = 'error' | 'warning' | 'note';

/**
 * A word for machines. `Invalid`: the text is no valid policy. `NotSupported`: valid, but not implemented.
 * `InvalidRef`: a Secret, ConfigMap or token service is missing or cannot be used. `RefNotPermitted`: it is in another namespace, where
 * no ReferenceGrant allows the reference. `LegacyAlgorithms`: allowed but weak.
 * `TargetNotFound`, `Conflicted`: what the policy attaches to is not there, or belongs to another policy.
 * `CertificateExpiring`: valid for less than 30 days. `Unwise`: allowed but probably not meant. `Ignored`: has no effect.
 * `Unreadable`: the file or document could not be read.
 */
export type ProblemReason =
  | 'Invalid'
  | 'NotSupported'
  | 'InvalidRef'
  | 'RefNotPermitted'
  | 'TargetNotFound'
  | 'Conflicted'
  | 'LegacyAlgorithms'
  | 'CertificateExpiring'
  | 'Unwise'
  | 'Ignored'
  | 'Unreadable';

export interface Problem {
  /** An `error` breaks the policy; a `warning` or a `note` does not. */
  readonly severity: Severity;
  readonly reason: ProblemReason;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** The policy concerned, `namespace/name`, where it is known. */
  readonly policy?: string;
  /** The token service concerned, `namespace/name`, where it is one's own manifest that is wrong. */
  readonly tokenService?: string;
  /** For example `spec.request.secure.signature.algorithm`; empty for a whole document. */
  readonly field: string;
  /** What is wrong and how to mend it. Never holds a secret. */
  readonly message: string;
}

/** One line: `file:line:column: severity: field: message`. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((item) => item !== undefined).join(':');
  return [place, problem.severity, problem.field, problem.message].filter((item) => item !== '').join(': ');
}

/** What a broken policy says of itself: its first errors. Undefined when there is none. */
export function brokenBecause(problems: readonly Problem[]): string | undefined {
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return undefined;
  const first = errors.slice(0, 3).map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  return errors.length > 3 ? `${first.join('; ')}; and ${errors.length - 3} more` : first.join('; ');
}
