/** Revocation of one certificate of a path: OCSP and revocation lists side by side. */

import { CertificateRevokedError, RevocationUnknownError } from '../../wss/errors.ts';
import type { Certificate } from '../certificate.ts';
import type { ValidityWindow } from '../path.ts';
import { checkRevocation, type RevocationList } from '../revocation-list.ts';
import { questionKey, type OcspQuestion, type OcspSettings, type OcspStatuses } from './status.ts';

export interface RevocationRules {
  readonly crls: readonly RevocationList[] | undefined;
  readonly ocsp: OcspSettings | undefined;
  /** What responders have said so far. */
  readonly statuses: OcspStatuses | undefined;
}

/**
 * Checks one certificate. Whichever says that it is revoked is believed; otherwise the responder decides, and where it
 * cannot be had the lists do.
 *
 * @param questions gets what has to be asked
 * @returns from when until when the answer holds; undefined when something has to be asked first
 * @throws CertificateRevokedError
 * @throws RevocationUnknownError
 */
export function checkStatus(
  certificate: Certificate,
  issuer: Certificate,
  rules: RevocationRules,
  now: number,
  questions: OcspQuestion[],
): ValidityWindow | undefined {
  const { crls, ocsp, statuses } = rules;
  if (ocsp === undefined) return checkRevocation(certificate, issuer, crls ?? [], now);
  const listed = crls && byLists(certificate, issuer, crls, now);
  const key = questionKey(certificate, issuer);
  const answer = statuses?.get(key);
  if (answer === undefined) {
    questions.push({ key, certificate: certificate.der, issuer: issuer.der, settings: ocsp });
    return undefined;
  }
  const { status, until, reason } = answer;
  const who = `${certificate.subject} (serial ${certificate.serialNumber})`;
  if (status === 'revoked') throw new CertificateRevokedError(`the certificate of ${who} is revoked: OCSP says so`);
  if (status === 'unknown') throw new RevocationUnknownError(`the OCSP responder does not know ${who}`);
  const window = { from: -Infinity, until };
  if (status === 'good') return window;
  if (listed !== undefined && !(listed instanceof RevocationUnknownError)) return listed;
  if (ocsp.onUnavailable === 'Allow') return window;
  throw new RevocationUnknownError(`whether ${who} is revoked is not known: ${reason ?? 'no responder can be asked'}`);
}

/** @throws CertificateRevokedError */
function byLists(
  certificate: Certificate,
  issuer: Certificate,
  crls: readonly RevocationList[],
  now: number,
): ValidityWindow | RevocationUnknownError {
  try {
    return checkRevocation(certificate, issuer, crls, now);
  } catch (error) {
    if (error instanceof RevocationUnknownError) return error;
    throw error;
  }
}
