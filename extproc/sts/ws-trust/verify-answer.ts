/** What an answer must prove before anything in it is believed. */

import { readAddressing } from '../../wss/addressing/read.ts';
import { REPLY } from '../../wss/addressing/versions.ts';
import { DS } from '../../wss/namespaces.ts';
import { readSoap, securityHeaders, type SoapMessage, type SoapVersion } from '../../wss/soap.ts';
import { verify } from '../../wss/verify.ts';
import { scan } from '../../xml/scan.ts';
import { TokenAnswerError } from '../errors.ts';
import type { TokenCredential, WsTrustSettings } from '../settings.ts';
import { answerContext, answerVerification, decryptionKeysOf } from './answer-verification.ts';
import { readTrustFault } from './read-fault.ts';
import { ANSWER_LIMITS, reading } from './reading.ts';

const SOAP_TYPES: ReadonlyMap<string, SoapVersion> = new Map([
  ['text/xml', '1.1'],
  ['application/xml', '1.1'],
  ['application/soap+xml', '1.2'],
]);

/**
 * Scans an answer, verifies its WS-Security and decrypts it.
 *
 * Where the settings say whom to trust, Body and Timestamp must be signed by them, with SHA-2. Where they do not, TLS alone
 * says who answers: then nothing may be signed, for nobody could check it; it may be encrypted if we have a key. A
 * Timestamp, where there is one, is checked. A Fault is returned as it came: it gives no more than a reason.
 *
 * @param bytes the body of the HTTP answer
 * @param contentType its Content-Type
 * @param credential that the request was made with
 * @param now milliseconds since 1970
 * @param sent the MessageID of the request: an answer that relates to another one is refused
 * @throws {TokenAnswerError}
 */
export function verifyAnswer(
  bytes: Buffer,
  contentType: string | undefined,
  settings: WsTrustSettings,
  credential: TokenCredential | undefined,
  now: number,
  sent: { readonly messageId?: string },
): SoapMessage {
  return reading(() => {
    const announced = announcedVersion(contentType);
    const message = readSoap(scan(bytes, { limits: ANSWER_LIMITS }));
    if (message.version !== announced) {
      throw new TokenAnswerError('the answer is in another version of SOAP than its Content-Type says');
    }
    if (readTrustFault(message) !== undefined) return message;
    const keys = decryptionKeysOf(settings, credential);
    const verified = verify(message, answerVerification(keys, settings.trust), answerContext(now)).message;
    if (settings.trust === undefined) refuseSigned(verified);
    checkRelation(verified, sent.messageId);
    return verified;
  });
}

/** Charset and other parameters are not looked at: what is not UTF-8 is refused by the scanner. */
function announcedVersion(contentType: string | undefined): SoapVersion {
  const version = SOAP_TYPES.get((contentType ?? '').split(';', 1)[0].trim().toLowerCase());
  if (version === undefined) throw new TokenAnswerError('the Content-Type of the answer is none of SOAP');
  return version;
}

function refuseSigned(message: SoapMessage): void {
  for (const security of securityHeaders(message, undefined)) {
    if (message.index.child(security, DS, 'Signature') !== -1) {
      throw new TokenAnswerError('the answer is signed, and the service has no trustRefs that say by whom');
    }
  }
}

function checkRelation(message: SoapMessage, messageId: string | undefined): void {
  if (messageId === undefined) return;
  const { relatesTo } = readAddressing(message);
  const replies = relatesTo.filter(({ type }) => Object.values(REPLY).includes(type));
  if (replies.length > 0 && !replies.some((reply) => reply.messageId === messageId)) {
    throw new TokenAnswerError('the answer relates to another request');
  }
}
