/** WS-Trust over HTTP: one request, one answer. What goes wrong is a `TokenServiceError`. */

import type { SoapMessage } from '../wss/soap.ts';
import { TokenAnswerError, TokenServiceFaultError, TokenServiceStatusError } from './errors.ts';
import type { HeldToken } from './held-token.ts';
import { hold, type Question } from './question.ts';
import type { WsTrustSettings } from './settings.ts';
import { writeTrustMessage } from './trust-message.ts';
import { readTrustAnswer } from './ws-trust/read-answer.ts';
import { decryptionKeysOf } from './ws-trust/answer-verification.ts';
import { readTrustFault } from './ws-trust/read-fault.ts';
import { createTrustRequest } from './ws-trust/create-request.ts';
import { verifyAnswer } from './ws-trust/verify-answer.ts';
import type { Operation } from './ws-trust/versions.ts';

/** Asks for a token (WS-Trust 1.3 §4). */
export function issueToken(settings: WsTrustSettings, question: Question): Promise<HeldToken> {
  return askForToken('Issue', settings, question);
}

/** Asks for a token in place of one that we hold (WS-Trust 1.3 §5). */
export function renewToken(settings: WsTrustSettings, question: Question, held: HeldToken): Promise<HeldToken> {
  return askForToken('Renew', settings, question, held);
}

/** Asks whether a token is valid (WS-Trust 1.3 §7). */
export async function validateToken(settings: WsTrustSettings, question: Question, held: HeldToken): Promise<boolean> {
  const answer = await exchange('Validate', settings, question, held);
  if (answer === undefined || !('valid' in answer))
    throw new TokenAnswerError('the answer does not say if it is valid');
  return answer.valid;
}

/** Gives a token back (WS-Trust 1.3 §6). */
export async function cancelToken(settings: WsTrustSettings, question: Question, held: HeldToken): Promise<void> {
  await exchange('Cancel', settings, question, held);
}

async function askForToken(
  operation: 'Issue' | 'Renew',
  settings: WsTrustSettings,
  question: Question,
  held?: HeldToken,
): Promise<HeldToken> {
  const obtained = question.now();
  const answer = await exchange(operation, settings, question, held);
  if (answer === undefined || !('token' in answer)) throw new TokenAnswerError('the answer holds no token');
  const { token, ...lifetime } = answer;
  // After Renew the key stays what it was, where the answer says nothing of it.
  const secret = token.secret ?? held?.token.secret;
  return hold({ ...token, ...(secret && { secret }) }, obtained, lifetime, question);
}

async function exchange(
  operation: Operation,
  settings: WsTrustSettings,
  question: Question,
  held?: HeldToken,
): Promise<ReturnType<typeof readTrustAnswer>> {
  const { http, credential, caller, timeout, signal, now } = question;
  const parts = { now: now(), credential, caller: caller?.bytes, target: held?.token.bytes };
  const request = createTrustRequest(operation, settings, parts);
  const { headers, body, messageId } = await writeTrustMessage(request, settings, credential, now());
  const answer = await http.request({ url: settings.url, method: 'POST', headers, body, timeout, signal });
  const contentType = answer.headers.get('content-type')?.join(', ');
  let message: SoapMessage;
  try {
    message = verifyAnswer(answer.body, contentType, settings, credential, now(), { messageId });
  } catch (error) {
    // A page of a proxy's, for example.
    throw isSuccess(answer.status) ? error : new TokenServiceStatusError(answer.status);
  }
  const fault = readTrustFault(message);
  if (fault !== undefined) throw new TokenServiceFaultError(fault);
  if (!isSuccess(answer.status)) throw new TokenServiceStatusError(answer.status);
  const keys = decryptionKeysOf(settings, credential);
  return readTrustAnswer(message, request, operation, settings, { keys });
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}
