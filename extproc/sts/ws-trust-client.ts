/** WS-Trust over HTTP: one request, one answer. What goes wrong is a `TokenServiceError`. */

import { DEFAULT_LIMITS } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import { readSoap, type SoapMessage } from '../wss/soap.ts';
import type { DecryptionKey } from '../wss/settings.ts';
import {
  NoCallerTokenError,
  TokenAnswerError,
  TokenServiceFaultError,
  TokenServiceStatusError,
  type TrustFault,
} from './errors.ts';
import type { HeldToken } from './held-token.ts';
import type { HttpAnswer } from './http-client.ts';
import { hold, type Question } from './question.ts';
import type { TokenCredential, WsTrustSettings } from './settings.ts';
import { writeTrustMessage } from './trust-message.ts';
import { createTrustRequest, type Operation } from './ws-trust/create-request.ts';
import { readTrustAnswer, type TrustAnswer } from './ws-trust/read-answer.ts';
import { readTrustFault } from './ws-trust/read-fault.ts';
import { verifyAnswer } from './ws-trust/verify-answer.ts';

/** Asks for a token (WS-Trust 1.3 §4). */
export async function issueToken(settings: WsTrustSettings, question: Question): Promise<HeldToken> {
  const obtained = question.now();
  const { token, ...lifetime } = tokenOf(await exchange('Issue', settings, question));
  return hold(token, obtained, lifetime, question);
}

/** Asks for a token in place of one that we hold (WS-Trust 1.3 §5). */
export async function renewToken(settings: WsTrustSettings, question: Question, held: HeldToken): Promise<HeldToken> {
  const obtained = question.now();
  const { token, ...lifetime } = tokenOf(await exchange('Renew', settings, question, held));
  // The key stays what it was where the answer says nothing of it.
  const secret = token.secret ?? held.token.secret;
  return hold({ ...token, ...(secret && { secret }) }, obtained, lifetime, question);
}

/** Asks whether a token is valid (WS-Trust 1.3 §7). */
export async function validateToken(settings: WsTrustSettings, question: Question, held: HeldToken): Promise<boolean> {
  const answer = await exchange('Validate', settings, question, held);
  if (answer === undefined || !('valid' in answer))
    throw new TokenAnswerError('the answer does not say whether the token is valid');
  return answer.valid;
}

/** Gives a token back (WS-Trust 1.3 §6). */
export async function cancelToken(settings: WsTrustSettings, question: Question, held: HeldToken): Promise<void> {
  await exchange('Cancel', settings, question, held);
}

type Answer = ReturnType<typeof readTrustAnswer>;

function tokenOf(answer: Answer): TrustAnswer {
  if (answer === undefined || !('token' in answer)) throw new TokenAnswerError('the answer holds no token');
  return answer;
}

async function exchange(
  operation: Operation,
  settings: WsTrustSettings,
  question: Question,
  held?: HeldToken,
): Promise<Answer> {
  const { http, credential, timeout, signal, now } = question;
  const caller = callerOf(operation, settings, question);
  const request = createTrustRequest(operation, settings, { credential, caller, target: held?.token.bytes });
  const { headers, body, messageId } = await writeTrustMessage(request, settings, credential, now());
  const answer = await http.request({ url: settings.url, method: 'POST', headers, body, timeout, signal });
  if (answer.status < 200 || answer.status > 299) throw refusalOf(answer);
  const sent = messageId === undefined ? {} : { messageId };
  const message = await verifyAnswer(answer.body, contentTypeOf(answer), settings, credential, now(), sent);
  const fault = readTrustFault(message);
  if (fault !== undefined) throw new TokenServiceFaultError(fault);
  return readTrustAnswer(message, request, operation, settings, { keys: decryptionKeys(settings, credential) });
}

/** Only a new token names the caller; what is done with it later concerns the token alone. */
function callerOf(operation: Operation, { delegation }: WsTrustSettings, { caller }: Question): Uint8Array | undefined {
  if (delegation === undefined || operation === 'Validate' || operation === 'Cancel') return undefined;
  if (caller === undefined)
    throw new NoCallerTokenError('the message proved no caller in whose name to ask for a token');
  return caller.bytes;
}

/** SOAP 1.1 §6.2 sends Faults with status 500, SOAP 1.2 part 2 §7.5.2.2 with 400 as well. They need prove nothing: all they do is harm. */
function refusalOf(answer: HttpAnswer): Error {
  const { status, body } = answer;
  const fault = status === 500 || status === 400 ? faultOf(body) : undefined;
  return fault === undefined ? new TokenServiceStatusError(status) : new TokenServiceFaultError(fault);
}

function faultOf(body: Buffer): TrustFault | undefined {
  let message: SoapMessage;
  try {
    message = readSoap(scan(body, { limits: DEFAULT_LIMITS }));
  } catch {
    return undefined;
  }
  return readTrustFault(message);
}

function contentTypeOf({ headers }: HttpAnswer): string {
  return (headers.get('content-type') ?? []).join(', ');
}

function decryptionKeys({ decryptionKeys }: WsTrustSettings, credential: TokenCredential | undefined): DecryptionKey[] {
  const own = credential?.key;
  return own === undefined ? [...decryptionKeys] : [...decryptionKeys, own];
}
