import type { FieldPath } from './load.ts';
import type { Report } from './report.ts';

const REASONS: readonly (readonly [test: RegExp, reason: string, instead: string])[] = [
  [/SHA1$/, 'SHA-1 is broken against collisions', 'one with SHA256'],
  [/^TripleDES/, 'TripleDES has 64-bit blocks', 'AES256-GCM'],
  [/-CBC$/, 'CBC detects no change and invites padding oracles', 'AES256-GCM'],
  [/^RSA-1_5$/, "RSA-1_5 invites Bleichenbacher's attack", 'RSA-OAEP'],
];

/** Whether an algorithm is only there for peers that know nothing better. */
export function isLegacy(algorithm: string): boolean {
  return REASONS.some(([test]) => test.test(algorithm));
}

/** Legacy algorithms are allowed when a policy names them, and always reported. */
export function warnLegacy(report: Report, at: FieldPath, algorithm: string | undefined): void {
  const found = REASONS.find(([test]) => algorithm !== undefined && test.test(algorithm));
  if (found === undefined) return;
  const [, reason, instead] = found;
  report.warning(at, `${algorithm}: ${reason}; use ${instead} if the peer knows it`, 'LegacyAlgorithms');
}
