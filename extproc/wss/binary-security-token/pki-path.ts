/** X509PKIPathv1 tokens (X.509 token profile 1.1 §3.1): an ordered list of certificates in one token. */

import { Certificate } from '../../keys/certificate.ts';
import { DerError, DerReader, TAG } from '../../keys/der.ts';
import { InvalidTokenError } from '../errors.ts';

const MAX_CERTIFICATES = 10;

/**
 * Splits a PkiPath (SEQUENCE OF Certificate, the one nearest the root first).
 *
 * @returns the certificates, the signer's own first
 * @throws InvalidTokenError when it is none, empty, or of more than 10 certificates
 */
export function splitPkiPath(der: Buffer): Certificate[] {
  const encoded: Buffer[] = [];
  try {
    const outer = new DerReader(der);
    const path = outer.enter(TAG.sequence);
    outer.finish();
    while (!path.atEnd && encoded.length <= MAX_CERTIFICATES) encoded.push(path.next(TAG.sequence).bytes);
  } catch (error) {
    if (error instanceof DerError) throw new InvalidTokenError('the token is not a PkiPath', { cause: error });
    throw error;
  }
  if (encoded.length === 0 || encoded.length > MAX_CERTIFICATES) {
    throw new InvalidTokenError(`a PkiPath must hold 1 to ${MAX_CERTIFICATES} certificates`);
  }
  return encoded.map((certificate) => Certificate.fromDer(certificate)).reverse();
}
