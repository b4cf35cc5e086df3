/**
 * OCSP requests and responses (RFC 6960 §4), as octets. Responses come from the network: reading is bounded by their
 * length, linear and iterative, and what they say counts only after {@link readAnswer} has checked who signed it.
 */

import { InvalidTokenError } from '../../wss/errors.ts';
import { Certificate } from '../certificate.ts';
import { bitStringOctets, context, contextConstructed, DerError, DerReader, oidText, TAG, timeValue } from '../der.ts';
import { derValue } from '../der-writer.ts';
import { readExtension } from '../extensions.ts';
import { readSignatureScheme, verifyScheme } from '../signature-scheme.ts';
import { responderNames, type CertificateId } from './identity.ts';

/** Larger responses are refused unread. */
export const MAX_RESPONSE_BYTES = 64 * 1024;
const MAX_CERTIFICATES = 8;
const MAX_ANSWERS = 64;
/** How long an answer counts that does not say when the next one comes. */
const NO_NEXT_UPDATE = 5 * 60_000;

const ENUMERATED = 0x0a;
const NULL = Buffer.of(5, 0);
const SHA1_OID = Buffer.from('06052b0e03021a', 'hex');
const NONCE_OID = Buffer.from('06092b0601050507300102', 'hex');
const BASIC = '1.3.6.1.5.5.7.48.1.1';
const NONCE = '1.3.6.1.5.5.7.48.1.2';
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const STATUSES = ['', 'malformedRequest', 'internalError', 'tryLater', '', 'sigRequired', 'unauthorized'];

/** A response that is none, or that nobody who may speak has signed, or for another question. */
export class OcspResponseError extends Error {
  readonly code = 'ERR_KEYS_OCSP_RESPONSE';

  override get name(): string {
    return 'OcspResponseError';
  }
}

export interface OcspAnswer {
  readonly status: 'good' | 'revoked' | 'unknown';
  /** Milliseconds since 1970: how long the answer counts. */
  readonly from: number;
  readonly until: number;
}

/** Writes an OCSPRequest for one certificate. @param nonce of 1 to 32 octets (RFC 9654) */
export function writeRequest(id: CertificateId, nonce?: Buffer): Buffer {
  const algorithm = derValue(TAG.sequence, SHA1_OID, NULL);
  const certId = derValue(
    TAG.sequence,
    ...[algorithm, derValue(TAG.octetString, id.issuerNameHash), derValue(TAG.octetString, id.issuerKeyHash)],
    derValue(TAG.integer, id.serial),
  );
  const parts = [derValue(TAG.sequence, derValue(TAG.sequence, certId))];
  if (nonce !== undefined) {
    const value = derValue(TAG.octetString, derValue(TAG.octetString, nonce));
    const extensions = derValue(TAG.sequence, derValue(TAG.sequence, NONCE_OID, value));
    parts.push(derValue(contextConstructed(2), extensions));
  }
  return derValue(TAG.sequence, derValue(TAG.sequence, ...parts));
}

export interface Expectation {
  readonly id: CertificateId;
  /** That the response must repeat. */
  readonly nonce?: Buffer;
  readonly issuer: Certificate;
  /** Whose answers count besides the issuer's. */
  readonly responders: readonly Certificate[];
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly clockSkew: number;
}

/**
 * Reads an OCSPResponse and checks that it answers the question, now, and who signed it: the issuer, somebody whom the
 * issuer has certified for it (RFC 6960 §4.2.2.2), or a responder of the policy.
 *
 * @throws OcspResponseError
 */
export function readAnswer(response: Buffer, expected: Expectation): OcspAnswer {
  if (response.length > MAX_RESPONSE_BYTES) throw new OcspResponseError('the response is larger than 64 KiB');
  try {
    return read(response, expected);
  } catch (error) {
    if (!(error instanceof DerError) && !(error instanceof InvalidTokenError)) throw error;
    throw new OcspResponseError(`the response cannot be read: ${error.message}`, { cause: error });
  }
}

function read(response: Buffer, expected: Expectation): OcspAnswer {
  const basic = readBasic(response);
  const data = basic.next(TAG.sequence);
  const scheme = readSignatureScheme(basic.next(TAG.sequence).bytes);
  const signature = bitStringOctets(basic.next(TAG.bitString).content);
  const certificates = basic.optional(contextConstructed(0));
  basic.finish();
  if (scheme === undefined) throw new OcspResponseError('it is signed with an algorithm that is not accepted');

  const body = new DerReader(data.content);
  body.optional(contextConstructed(0));
  const responderId = body.next();
  body.next(TAG.generalizedTime);
  const answers = body.enter(TAG.sequence);
  const extensions = body.optional(contextConstructed(1));
  body.finish();

  const sent =
    certificates === undefined ? [] : readCertificates(new DerReader(certificates.content).enter(TAG.sequence));
  const signer = [expected.issuer, ...expected.responders, ...sent].find(
    (candidate) =>
      isNamed(candidate, responderId.tag, responderId.content) &&
      mayAnswer(candidate, expected) &&
      verifyScheme(scheme, data.bytes, candidate.publicKey, signature),
  );
  if (signer === undefined) throw new OcspResponseError('nobody who may answer for the issuer has signed it');
  checkNonce(extensions?.content, expected.nonce);
  return findAnswer(answers, expected);
}

function readBasic(response: Buffer): DerReader {
  const outer = new DerReader(response);
  const fields = outer.enter(TAG.sequence);
  outer.finish();
  const status = fields.next(ENUMERATED).content;
  if (status.length !== 1 || status[0] !== 0) {
    throw new OcspResponseError(`the responder refused: ${STATUSES[status[0]] || 'status unknown'}`);
  }
  const bytes = new DerReader(fields.next(contextConstructed(0)).content).enter(TAG.sequence);
  fields.finish();
  if (oidText(bytes.next(TAG.oid).content) !== BASIC) throw new OcspResponseError('the response is of an unknown type');
  const basic = new DerReader(bytes.next(TAG.octetString).content);
  const inner = basic.enter(TAG.sequence);
  basic.finish();
  return inner;
}

function readCertificates(list: DerReader): Certificate[] {
  const found: Certificate[] = [];
  while (!list.atEnd) {
    if (found.length === MAX_CERTIFICATES) throw new OcspResponseError('the response has too many certificates');
    found.push(Certificate.fromDer(list.next(TAG.sequence).bytes));
  }
  return found;
}

/** ResponderID: `[1]` a Name, `[2]` the SHA-1 of a key. */
function isNamed(candidate: Certificate, tag: number, content: Buffer): boolean {
  const { name, keyHash } = responderNames(candidate);
  if (tag === contextConstructed(1)) return name.equals(content);
  return tag === contextConstructed(2) && keyHash.equals(new DerReader(content).next(TAG.octetString).content);
}

/** RFC 6960 §4.2.2.2. That a delegate itself is not revoked is its issuer's to see to, by a short life. */
function mayAnswer(candidate: Certificate, { issuer, responders, now, clockSkew }: Expectation): boolean {
  if (candidate.fingerprint === issuer.fingerprint) return true;
  if (now < candidate.notBefore - clockSkew || now > candidate.notAfter + clockSkew) return false;
  if (responders.some((responder) => responder.fingerprint === candidate.fingerprint)) return true;
  const { extendedKeyUsage, keyUsage, unknownCritical } = candidate.extensions;
  return (
    candidate.issuerKey === issuer.subjectKey &&
    extendedKeyUsage?.includes(OCSP_SIGNING) === true &&
    (keyUsage === undefined || keyUsage.has('digitalSignature')) &&
    unknownCritical.length === 0 &&
    candidate.signatureScheme !== undefined &&
    candidate.signatureScheme.keyTypes.includes(issuer.publicKey.asymmetricKeyType ?? '') &&
    candidate.x509.verify(issuer.publicKey)
  );
}

function checkNonce(extensions: Buffer | undefined, expected: Buffer | undefined): void {
  if (expected === undefined) return;
  const list = extensions && new DerReader(extensions).enter(TAG.sequence);
  while (list !== undefined && !list.atEnd) {
    const { oid, value } = readExtension(list);
    if (oid !== NONCE) continue;
    if (new DerReader(value).next(TAG.octetString).content.equals(expected)) return;
    throw new OcspResponseError('the response repeats another nonce');
  }
  throw new OcspResponseError('the response does not repeat the nonce');
}

function findAnswer(answers: DerReader, { id, now, clockSkew }: Expectation): OcspAnswer {
  for (let count = 0; !answers.atEnd; count++) {
    if (count === MAX_ANSWERS) throw new OcspResponseError('the response has too many answers');
    const answer = answers.enter(TAG.sequence);
    if (!isFor(answer.enter(TAG.sequence), id)) continue;
    const status = statusOf(answer.next().tag);
    const from = timeValue(answer.next(TAG.generalizedTime));
    const next = answer.optional(contextConstructed(0));
    const until =
      next === undefined ? from + NO_NEXT_UPDATE : timeValue(new DerReader(next.content).next(TAG.generalizedTime));
    // That a certificate is revoked does not become wrong with time.
    if (status === 'revoked') return { status, from, until };
    if (from > now + clockSkew) throw new OcspResponseError('the response is not valid yet');
    if (until < now - clockSkew) throw new OcspResponseError('the response is stale');
    return { status, from, until };
  }
  throw new OcspResponseError('the response is about other certificates');
}

function isFor(certId: DerReader, { issuerNameHash, issuerKeyHash, serial }: CertificateId): boolean {
  const algorithm = certId.enter(TAG.sequence).next(TAG.oid).bytes;
  return (
    algorithm.equals(SHA1_OID) &&
    certId.next(TAG.octetString).content.equals(issuerNameHash) &&
    certId.next(TAG.octetString).content.equals(issuerKeyHash) &&
    certId.next(TAG.integer).content.equals(serial)
  );
}

function statusOf(tag: number): OcspAnswer['status'] {
  if (tag === context(0)) return 'good';
  return tag === contextConstructed(1) ? 'revoked' : 'unknown';
}
