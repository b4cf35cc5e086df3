/** What OCSP needs of certificates beyond what every message needs: octets of names and keys, and who can be asked. */

import { createHash } from 'node:crypto';
import type { Certificate } from '../certificate.ts';
import { bitStringOctets, context, contextConstructed, DerReader, oidText, TAG } from '../der.ts';
import { readExtension } from '../extensions.ts';

/** RFC 6960 §4.1.1: a certificate by its issuer and its number. SHA-1 only finds the issuer, as RFC 5019 §2.1.1 demands. */
export interface CertificateId {
  readonly issuerNameHash: Buffer;
  readonly issuerKeyHash: Buffer;
  /** Content of the INTEGER. */
  readonly serial: Buffer;
}

interface Fields {
  readonly serial: Buffer;
  /** DER of the Name. */
  readonly subject: Buffer;
  /** Octets of the public key, without the algorithm. */
  readonly key: Buffer;
  readonly extensions: Buffer | undefined;
}

function fieldsOf(certificate: Certificate): Fields {
  const body = new DerReader(certificate.der).enter(TAG.sequence).enter(TAG.sequence);
  body.optional(contextConstructed(0));
  const serial = body.next(TAG.integer).content;
  body.next(TAG.sequence);
  body.next(TAG.sequence);
  body.next(TAG.sequence);
  const subject = body.next(TAG.sequence).bytes;
  const publicKeyInfo = body.enter(TAG.sequence);
  publicKeyInfo.next(TAG.sequence);
  const key = bitStringOctets(publicKeyInfo.next(TAG.bitString).content);
  let extensions: Buffer | undefined;
  while (!body.atEnd) {
    const field = body.next();
    if (field.tag === contextConstructed(3)) extensions = field.content;
  }
  return { serial, subject, key, extensions };
}

const sha1 = (octets: Buffer): Buffer => createHash('sha1').update(octets).digest();

/** The id by which a responder is asked for a certificate. */
export function certificateId(certificate: Certificate, issuer: Certificate): CertificateId {
  const { subject, key } = fieldsOf(issuer);
  return { issuerNameHash: sha1(subject), issuerKeyHash: sha1(key), serial: fieldsOf(certificate).serial };
}

/** How a response names its responder (RFC 6960 §4.2.1): by the DER of its Name, or by the SHA-1 of its key. */
export function responderNames(certificate: Certificate): { readonly name: Buffer; readonly keyHash: Buffer } {
  const { subject, key } = fieldsOf(certificate);
  return { name: subject, keyHash: sha1(key) };
}

const AUTHORITY_INFORMATION_ACCESS = '1.3.6.1.5.5.7.1.1';
const AD_OCSP = '1.3.6.1.5.5.7.48.1';
const MAX_URL = 2048;
const MAX_DESCRIPTIONS = 16;

/**
 * The responder that a certificate names itself (RFC 5280 §4.2.2.1): the first `http:` or `https:` address without a user.
 *
 * @throws DerError
 */
export function responderUrlOf(certificate: Certificate): string | undefined {
  const { extensions } = fieldsOf(certificate);
  if (extensions === undefined) return undefined;
  const list = new DerReader(extensions).enter(TAG.sequence);
  while (!list.atEnd) {
    const { oid, value } = readExtension(list);
    if (oid === AUTHORITY_INFORMATION_ACCESS) return firstResponder(new DerReader(value).enter(TAG.sequence));
  }
  return undefined;
}

function firstResponder(descriptions: DerReader): string | undefined {
  for (let count = 0; !descriptions.atEnd && count < MAX_DESCRIPTIONS; count++) {
    const description = descriptions.enter(TAG.sequence);
    const method = oidText(description.next(TAG.oid).content);
    const location = description.next();
    if (method !== AD_OCSP || location.tag !== context(6) || location.content.length > MAX_URL) continue;
    const url = URL.parse(location.content.toString('latin1'));
    if (url === null || url.username !== '' || url.password !== '') continue;
    if (url.protocol === 'http:' || url.protocol === 'https:') return url.href;
  }
  return undefined;
}
