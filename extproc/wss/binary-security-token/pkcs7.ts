/**
 * PKCS7 tokens (X.509 token profile 1.1 §3.1): certificates in any order in a SignedData that signs nothing (RFC 2315 §9.1,
 * RFC 5652 §5.1).
 */

import { Certificate } from '../../keys/certificate.ts';
import { contextConstructed, DerError, DerReader, integerValue, oidText, TAG } from '../../keys/der.ts';
import { derValue } from '../../keys/der-writer.ts';
import { InvalidTokenError } from '../errors.ts';

const MAX_CERTIFICATES = 10;
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const SIGNED_DATA_OID = Buffer.from('06092a864886f70d010702', 'hex');
const DATA_OID = Buffer.from('06092a864886f70d010701', 'hex');
const VERSION_1 = Buffer.of(TAG.integer, 1, 1);

/** @param encoded certificates in DER */
export function writePkcs7(encoded: readonly Buffer[]): Buffer {
  const noDigests = derValue(TAG.set);
  const noSigners = derValue(TAG.set);
  // DER has the members of a SET in the order of their octets.
  const certificates = derValue(contextConstructed(0), ...[...encoded].sort((a, b) => Buffer.compare(a, b)));
  const signedData = derValue(
    TAG.sequence,
    ...[VERSION_1, noDigests, derValue(TAG.sequence, DATA_OID), certificates, noSigners],
  );
  return derValue(TAG.sequence, SIGNED_DATA_OID, derValue(contextConstructed(0), signedData));
}

/**
 * Splits a PKCS7 token. Whatever else it holds (revocation lists, signatures) is passed over: none of it is trusted.
 *
 * @returns the certificates, first the one that issued none of the others: the signer's own
 * @throws InvalidTokenError when it is none, holds none or more than 10, or not one that issued no other
 */
export function splitPkcs7(der: Buffer): Certificate[] {
  const certificates = readEncoded(der).map((encoded) => Certificate.fromDer(encoded));
  const leaves = certificates.filter((certificate) =>
    certificates.every((other) => other === certificate || other.issuerKey !== certificate.subjectKey),
  );
  if (leaves.length !== 1) {
    throw new InvalidTokenError('a PKCS7 token must hold one certificate that has issued none of the others');
  }
  return [leaves[0], ...certificates.filter((certificate) => certificate !== leaves[0])];
}

function readEncoded(der: Buffer): Buffer[] {
  const encoded: Buffer[] = [];
  try {
    const outer = new DerReader(der);
    const contentInfo = outer.enter(TAG.sequence);
    outer.finish();
    if (oidText(contentInfo.next(TAG.oid).content) !== SIGNED_DATA) throw new DerError('no SignedData');
    const signedData = contentInfo.enter(contextConstructed(0)).enter(TAG.sequence);
    integerValue(signedData.next(TAG.integer).content);
    signedData.next(TAG.set);
    signedData.next(TAG.sequence);
    const certificates = signedData.enter(contextConstructed(0));
    while (!certificates.atEnd && encoded.length <= MAX_CERTIFICATES) {
      encoded.push(certificates.next(TAG.sequence).bytes);
    }
  } catch (error) {
    if (error instanceof DerError)
      throw new InvalidTokenError('the token is not a PKCS7 of certificates', { cause: error });
    throw error;
  }
  if (encoded.length === 0 || encoded.length > MAX_CERTIFICATES) {
    throw new InvalidTokenError(`a PKCS7 token must hold 1 to ${MAX_CERTIFICATES} certificates`);
  }
  return encoded;
}
