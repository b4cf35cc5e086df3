/** Tokens from a service that answers a plain HTTP request with one. */

import { NoCredentialError, TokenServiceStatusError } from './errors.ts';
import type { HeldToken } from './held-token.ts';
import type { HttpAnswer } from './http-client.ts';
import { hold, type Question } from './question.ts';
import type { ExternalSettings, TokenCredential } from './settings.ts';
import { readToken } from './ws-trust/read-token.ts';

/**
 * Asks for a token. Its end is what it says itself (SAML), else what `Cache-Control` says (RFC 9111 §5.2.2), else as long
 * after now as tokens of the service are kept.
 *
 * @throws {TokenServiceError} a subclass, when there is none
 */
export async function issueExternally(settings: ExternalSettings, question: Question): Promise<HeldToken> {
  const { url, method, headers } = settings;
  const { http, credential, timeout, signal, now } = question;
  const obtained = now();
  const authorization = authorizationOf(credential);
  const answer = await http.request({
    ...{ url, method, timeout, signal },
    headers: { ...lowerCased(headers), ...(authorization !== undefined && { authorization }) },
  });
  if (answer.status < 200 || answer.status > 299) throw new TokenServiceStatusError(answer.status);
  const { expires, ...token } = readToken(answer.body);
  return hold(token, obtained, { expires }, { ...question, ttl: maxAge(answer) ?? question.ttl });
}

function lowerCased(headers: ExternalSettings['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** HTTP Basic (RFC 7617) where the credential has no value for the header of its own. */
function authorizationOf(credential: TokenCredential | undefined): string | undefined {
  if (credential === undefined) return undefined;
  const { authorization, username, password = '' } = credential;
  if (authorization !== undefined) return authorization;
  if (username === undefined) return undefined;
  if (username.includes(':')) throw new NoCredentialError('HTTP Basic has no user names with a colon');
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

const MAX_AGE = /^max-age="?(\d{1,10})"?$/;
const NOT_TO_BE_KEPT = /^no-(store|cache)$/;

/** @returns milliseconds; undefined when the answer does not say how long it may be kept */
function maxAge({ headers }: HttpAnswer): number | undefined {
  let seconds: number | undefined;
  for (const line of headers.get('cache-control') ?? []) {
    for (const directive of line.toLowerCase().split(',')) {
      if (NOT_TO_BE_KEPT.test(directive.trim())) return 0;
      const age = MAX_AGE.exec(directive.trim());
      if (age !== null) seconds = Math.min(seconds ?? Infinity, Number(age[1]));
    }
  }
  if (seconds === undefined) return undefined;
  const age = headers.get('age')?.[0] ?? '0';
  return Math.max(0, seconds - (/^\d{1,10}$/.test(age) ? Number(age) : 0)) * 1000;
}
