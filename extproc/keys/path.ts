/** Certification paths: from a signer to a trust anchor (RFC 5280 §6.1, without certificate policies). */

import {
  CertificateConstraintError,
  CertificateExpiredError,
  CertificateUntrustedError,
  RevocationUnknownError,
  WssError,
} from '../wss/errors.ts';
import type { Certificate } from './certificate.ts';
import { checkStatus, type RevocationRules } from './ocsp/check.ts';
import { RevocationNeededError, type OcspQuestion } from './ocsp/status.ts';

/** Certificates of a path, signer and anchor included. */
const MAX_PATH = 8;
/** Certificates that a message may bring. */
const MAX_CHAIN = 10;
/**
 * Signature checks in one search: cross-signed chains offer ways without number, and a check against the largest key that
 * is accepted takes over a millisecond.
 */
const MAX_ATTEMPTS = 16;

export interface PathRules extends RevocationRules {
  readonly anchors: readonly Certificate[];
  readonly isPinned: (certificate: Certificate) => boolean;
  /** Certificates of our own that may stand in the middle. */
  readonly helpers: readonly Certificate[];
  /** Object identifiers that the signer must have, and that no CA above it may exclude. */
  readonly extendedKeyUsage: readonly string[];
}

/** From when until when (milliseconds, end excluded) a path holds, if nothing but time passes. */
export interface ValidityWindow {
  readonly from: number;
  readonly until: number;
}

/**
 * Finds a path on which everything holds at `now`.
 *
 * @param chain the signer's certificate, then others that may help, in any order
 * @throws RevocationNeededError when a path is good but for what an OCSP responder has to be asked
 * @throws WssError the error of the first complete path when each has a fault, else CertificateUntrustedError
 */
export function findPath(chain: readonly Certificate[], now: number, rules: PathRules): ValidityWindow {
  const [signer, ...given] = chain;
  if (chain.length > MAX_CHAIN) throw new CertificateUntrustedError('the message brings too many certificates');
  const isAnchor = new Set(rules.anchors.map((anchor) => anchor.fingerprint));
  if (rules.isPinned(signer) || isAnchor.has(signer.fingerprint)) return checkPath([signer], now, rules);

  const candidates = [...rules.anchors, ...given, ...rules.helpers];
  let attempts = 0;
  let failure: WssError | undefined;
  const unfinished: Certificate[][] = [[signer]];
  for (let path = unfinished.pop(); path !== undefined; path = unfinished.pop()) {
    const last = path[path.length - 1];
    const tried = new Set(path.map((certificate) => certificate.fingerprint));
    for (const candidate of candidates) {
      if (!mayIssue(candidate, last) || tried.has(candidate.fingerprint)) continue;
      tried.add(candidate.fingerprint);
      if (++attempts > MAX_ATTEMPTS) throw failure ?? new CertificateUntrustedError('too many possible paths');
      if (!hasSigned(candidate, last)) continue;
      const longer = [...path, candidate];
      if (!isAnchor.has(candidate.fingerprint)) {
        if (longer.length < MAX_PATH) unfinished.push(longer);
        continue;
      }
      try {
        return checkPath(longer, now, rules);
      } catch (error) {
        if (!(error instanceof WssError)) throw error;
        failure ??= error;
      }
    }
  }
  throw failure ?? untrusted(signer);
}

function untrusted(signer: Certificate): CertificateUntrustedError {
  const reason =
    signer.signatureScheme === undefined
      ? 'it is signed with an algorithm that is not accepted (SHA-1, MD5 or unknown); such a certificate can only be pinned'
      : 'no path leads to a trusted certificate';
  return new CertificateUntrustedError(
    `the signer ${signer.subject} (issuer ${signer.issuer}) is not trusted: ${reason}`,
  );
}

/** Names and key identifiers fit (RFC 5280 §6.1.3 a 4, §4.2.1.1): what can be said without a signature check. */
function mayIssue(issuer: Certificate, certificate: Certificate): boolean {
  if (issuer.subjectKey !== certificate.issuerKey) return false;
  const expected = certificate.extensions.authorityKeyIdentifier;
  const own = issuer.extensions.subjectKeyIdentifier;
  return expected === undefined || own === undefined || expected.equals(own);
}

function hasSigned(issuer: Certificate, certificate: Certificate): boolean {
  const scheme = certificate.signatureScheme;
  return (
    scheme !== undefined &&
    scheme.keyTypes.includes(issuer.publicKey.asymmetricKeyType ?? '') &&
    certificate.x509.verify(issuer.publicKey)
  );
}

/** @param path signer first; the last one is the anchor, or pinned */
function checkPath(path: readonly Certificate[], now: number, rules: PathRules): ValidityWindow {
  let window: ValidityWindow = { from: -Infinity, until: Infinity };
  for (const [index, certificate] of path.entries()) {
    window = narrow(window, checkValidity(certificate, now));
    checkExtensions(certificate);
    if (index === 0) checkSigner(certificate);
    else checkIssuer(path, index);
    checkExtendedKeyUsage(certificate, index === 0, rules.extendedKeyUsage);
  }
  if (rules.crls === undefined && rules.ocsp === undefined) return window;
  const questions: OcspQuestion[] = [];
  for (const [index, certificate] of path.entries()) {
    if (index > 0 && index === path.length - 1) break;
    const issuer = path[index + 1] ?? issuerOfPinned(certificate, rules);
    const found = issuer && checkStatus(certificate, issuer, rules, now, questions);
    if (found !== undefined) window = narrow(window, found);
  }
  if (questions.length > 0) throw new RevocationNeededError(questions);
  return window;
}

const narrow = (a: ValidityWindow, b: ValidityWindow): ValidityWindow => ({
  from: Math.max(a.from, b.from),
  until: Math.min(a.until, b.until),
});

function checkValidity(certificate: Certificate, now: number): ValidityWindow {
  const { notBefore, notAfter, subject } = certificate;
  if (now < notBefore) {
    throw new CertificateExpiredError(`the certificate of ${subject} is not valid before ${iso(notBefore)}`);
  }
  if (now > notAfter) throw new CertificateExpiredError(`the certificate of ${subject} expired at ${iso(notAfter)}`);
  return { from: notBefore, until: notAfter + 1 };
}

const iso = (time: number): string => new Date(time).toISOString();

function checkExtensions(certificate: Certificate): void {
  const { unknownCritical } = certificate.extensions;
  if (unknownCritical.length === 0) return;
  throw new CertificateUntrustedError(
    `the certificate of ${certificate.subject} has a critical extension that is not understood (${unknownCritical.join(', ')})`,
  );
}

function checkSigner(certificate: Certificate): void {
  const usage = certificate.extensions.keyUsage;
  if (usage === undefined || usage.has('digitalSignature') || usage.has('nonRepudiation')) return;
  throw new CertificateConstraintError(`the key usage of ${certificate.subject} does not allow signatures`);
}

function checkIssuer(path: readonly Certificate[], index: number): void {
  const issuer = path[index];
  const { ca, keyUsage, pathLength, hasNameConstraints } = issuer.extensions;
  // X.509 v1 roots know no extensions; only an anchor, which the operator chose, may be one.
  const oldRoot = issuer.version < 3 && index === path.length - 1;
  if (!ca && !oldRoot) throw new CertificateUntrustedError(`${issuer.subject} is not a certification authority`);
  if (keyUsage !== undefined && !keyUsage.has('keyCertSign')) {
    throw new CertificateUntrustedError(`the key usage of ${issuer.subject} does not allow it to issue certificates`);
  }
  const below = path.slice(1, index).filter((certificate) => certificate.subjectKey !== certificate.issuerKey);
  if (pathLength !== undefined && below.length > pathLength) {
    throw new CertificateUntrustedError(`the path below ${issuer.subject} is longer than it allows (${pathLength})`);
  }
  if (hasNameConstraints) {
    throw new CertificateUntrustedError(`${issuer.subject} has name constraints, which are not supported`);
  }
}

function checkExtendedKeyUsage(certificate: Certificate, isSigner: boolean, required: readonly string[]): void {
  const own = certificate.extensions.extendedKeyUsage;
  if (required.length === 0 || (own === undefined && !isSigner) || own?.includes(ANY_EXTENDED_KEY_USAGE)) return;
  const missing = required.filter((usage) => own === undefined || !own.includes(usage));
  if (missing.length === 0) return;
  throw new CertificateConstraintError(
    `the certificate of ${certificate.subject} lacks the extended key usage ${missing.join(', ')}`,
  );
}

const ANY_EXTENDED_KEY_USAGE = '2.5.29.37.0';

/**
 * A pinned certificate's issuer need not be trusted, but only it can revoke; a self-signed one has nobody above it.
 *
 * @throws RevocationUnknownError
 */
function issuerOfPinned(certificate: Certificate, rules: PathRules): Certificate | undefined {
  if (certificate.subjectKey === certificate.issuerKey && hasSigned(certificate, certificate)) return undefined;
  const issuer = rules.helpers.find((helper) => mayIssue(helper, certificate) && hasSigned(helper, certificate));
  if (issuer !== undefined) return issuer;
  throw new RevocationUnknownError(
    `whether ${certificate.subject} is revoked is not known: its issuer ${certificate.issuer} is not among the certificates of the policy`,
  );
}
