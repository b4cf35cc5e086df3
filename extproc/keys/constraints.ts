/** What a policy demands of a signer's certificate beyond a good path. */

import { RE2JS, RE2JSException } from 're2js';
import { CertificateConstraintError } from '../wss/errors.ts';
import type { Certificate } from './certificate.ts';

/** Everything that is given must hold; of several names, one. */
export interface CertificateConstraints {
  /**
   * RE2 expression that must match the whole of the subject as RFC 2253 text, most specific part first
   * (`CN=acme,OU=partners,O=Example`): the text and the rule that WSS4J's certificate constraints use.
   */
  readonly subject?: string;
  /** The same for the issuer. */
  readonly issuer?: string;
  /** DNS names; `*.example.com` stands for one label. Letter case does not matter. */
  readonly dnsNames?: readonly string[];
  /** URIs, such as SPIFFE ids: the same text, or with `/*` at the end everything below that path. */
  readonly uris?: readonly string[];
  /** Every one of these must be in the certificate: names of RFC 5280 §4.2.1.12 or object identifiers. */
  readonly extendedKeyUsage?: readonly string[];
}

export interface CompiledConstraints {
  readonly subject?: RE2JS;
  readonly issuer?: RE2JS;
  readonly dnsNames?: readonly string[];
  readonly uris?: readonly string[];
  readonly extendedKeyUsage: readonly string[];
}

/** A constraint cannot be understood; `field` is its name in {@link CertificateConstraints}. */
export class ConstraintSyntaxError extends Error {
  readonly code = 'ERR_KEYS_CONSTRAINT_SYNTAX';
  readonly field: keyof CertificateConstraints;

  constructor(field: keyof CertificateConstraints, message: string) {
    super(message);
    this.field = field;
  }

  override get name(): string {
    return 'ConstraintSyntaxError';
  }
}

export const EXTENDED_KEY_USAGES: ReadonlyMap<string, string> = new Map([
  ['any', '2.5.29.37.0'],
  ['serverAuth', '1.3.6.1.5.5.7.3.1'],
  ['clientAuth', '1.3.6.1.5.5.7.3.2'],
  ['codeSigning', '1.3.6.1.5.5.7.3.3'],
  ['emailProtection', '1.3.6.1.5.5.7.3.4'],
  ['timeStamping', '1.3.6.1.5.5.7.3.8'],
  ['OCSPSigning', '1.3.6.1.5.5.7.3.9'],
]);

/**
 * @throws ConstraintSyntaxError naming the field and what is wrong with it
 */
export function compileConstraints(constraints: CertificateConstraints): CompiledConstraints {
  const { subject, issuer, dnsNames, uris, extendedKeyUsage = [] } = constraints;
  return {
    ...(subject === undefined ? {} : { subject: compileExpression('subject', subject) }),
    ...(issuer === undefined ? {} : { issuer: compileExpression('issuer', issuer) }),
    ...(dnsNames === undefined ? {} : { dnsNames: dnsNames.map((name) => name.toLowerCase()) }),
    ...(uris === undefined ? {} : { uris }),
    extendedKeyUsage: extendedKeyUsage.map(usageIdentifier),
  };
}

function compileExpression(field: 'subject' | 'issuer', expression: string): RE2JS {
  try {
    return RE2JS.compile(expression);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new ConstraintSyntaxError(field, `not an RE2 regular expression: ${error.message}`);
  }
}

function usageIdentifier(usage: string): string {
  if (/^\d+(\.\d+)+$/.test(usage)) return usage;
  const identifier = EXTENDED_KEY_USAGES.get(usage);
  if (identifier !== undefined) return identifier;
  const known = [...EXTENDED_KEY_USAGES.keys()].join(', ');
  throw new ConstraintSyntaxError('extendedKeyUsage', `"${usage}" is none of ${known}, and no object identifier`);
}

/**
 * Checks the names of a signer. Extended key usage is checked along the path.
 *
 * @throws CertificateConstraintError naming the field that does not hold
 */
export function checkConstraints(certificate: Certificate, constraints: CompiledConstraints): void {
  const { subject, issuer, dnsNames, uris } = constraints;
  if (subject !== undefined && !subject.matches(certificate.subject)) {
    throw new CertificateConstraintError(`the signer's subject ${certificate.subject} does not match the policy`);
  }
  if (issuer !== undefined && !issuer.matches(certificate.issuer)) {
    throw new CertificateConstraintError(`the signer's issuer ${certificate.issuer} does not match the policy`);
  }
  const own = certificate.extensions;
  if (dnsNames !== undefined && !own.dnsNames.some((name) => dnsNames.some((pattern) => isDnsName(name, pattern)))) {
    throw new CertificateConstraintError("none of the signer's DNS names is one that the policy accepts");
  }
  if (uris !== undefined && !own.uris.some((uri) => uris.some((pattern) => isUri(uri, pattern)))) {
    throw new CertificateConstraintError("none of the signer's URIs is one that the policy accepts");
  }
}

function isDnsName(name: string, pattern: string): boolean {
  const lower = name.toLowerCase();
  if (!pattern.startsWith('*.')) return lower === pattern;
  const dot = lower.indexOf('.');
  return dot > 0 && lower.slice(dot) === pattern.slice(1) && !lower.startsWith('*');
}

/** A prefix ends at a slash, so that `…/partner/*` is not `…/partner-of-somebody-else`. */
function isUri(uri: string, pattern: string): boolean {
  if (!pattern.endsWith('/*')) return uri === pattern;
  const prefix = pattern.slice(0, -1);
  const rest = uri.startsWith(prefix) ? uri.slice(prefix.length) : '';
  return rest !== '' && !rest.split('/').some((segment) => segment === '' || segment === '.' || segment === '..');
}
