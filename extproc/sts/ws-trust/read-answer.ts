/** Reading RequestSecurityTokenResponse (WS-Trust 1.3 §3.2, §4 to §8, Submission of February 2005). */

import { parseDateTime } from '../../wss/date-time.ts';
import type { IssuedToken } from '../../wss/issued-token.ts';
import { WSSE, WSU } from '../../wss/namespaces.ts';
import { selfContained } from '../../wss/self-contained.ts';
import type { DecryptionKey } from '../../wss/settings.ts';
import type { SoapMessage } from '../../wss/soap.ts';
import { onlyChild, optionalChild, requiredChild, textOf } from '../../wss/structure.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { TokenAnswerError } from '../errors.ts';
import type { WsTrustSettings } from '../settings.ts';
import { readProofKey } from './proof-key.ts';
import { reading } from './reading.ts';
import type { TrustRequest } from './create-request.ts';
import { readSamlExpiry, samlVersionOf } from './saml.ts';
import { findReference } from './token-reference.ts';
import { isSameTokenType, samlOfTokenType, tokenTypeUri } from './token-types.ts';
import { VOCABULARIES, type Operation, type TrustVocabulary } from './versions.ts';

/** A token, and from when to when it is good: milliseconds since 1970 by the token service's clock. */
export interface TrustAnswer {
  readonly token: IssuedToken;
  /** Absent: the answer has no Lifetime. */
  readonly created?: number;
  /** The end of the Lifetime or of the assertion, whichever is earlier. Absent: neither is known. */
  readonly expires?: number;
}

export interface TrustAnswerOptions {
  /** What a key in the answer may be encrypted for: `decryptionKeysOf(settings, credential)`. */
  readonly keys: readonly DecryptionKey[];
}

/**
 * Reads the answer to a request.
 *
 * @param message as `verifyAnswer` returns it, and no Fault
 * @returns the token of Issue and Renew, which after Renew has no secret where its key stays what it was; whether Validate
 *   held the token valid; undefined after Cancel
 * @throws {TokenAnswerError} when it is not the answer to this request
 */
export function readTrustAnswer(
  message: SoapMessage,
  request: TrustRequest,
  operation: Operation,
  settings: WsTrustSettings,
  { keys }: TrustAnswerOptions,
): TrustAnswer | { readonly valid: boolean } | undefined {
  return reading(() => {
    const { index } = message;
    const words = VOCABULARIES[settings.version];
    const response = responseOf(message, settings);
    switch (operation) {
      case 'Validate':
        return { valid: readStatus(index, response, words) };
      case 'Cancel':
        requiredChild(index, response, words.namespace, 'RequestedTokenCancelled');
        return undefined;
      case 'Issue':
      case 'Renew': {
        const secret = readProofKey(message, response, settings, { operation, entropy: request.entropy, keys });
        return readIssued(index, response, settings, secret);
      }
    }
  });
}

/** WS-Trust 1.3 §4.4 and §5. */
function readIssued(
  index: XmlIndex,
  response: number,
  settings: WsTrustSettings,
  secret: Buffer | undefined,
): TrustAnswer {
  const { namespace } = VOCABULARIES[settings.version];
  const element = tokenOf(index, response, namespace);
  checkTokenType(index, response, namespace, element, settings);
  const reference = findReference(index, response, namespace, element);
  if (reference === undefined && settings.keyType !== 'Bearer') {
    throw new TokenAnswerError('the answer does not say how a signature can refer to the token');
  }
  const { created, expires } = readLifetime(index, response, namespace);
  const end = Math.min(expires ?? Infinity, readSamlExpiry(index, element) ?? Infinity);
  return {
    token: { bytes: selfContained(index, element), ...(reference && { reference }), ...(secret && { secret }) },
    ...(created !== undefined && { created }),
    ...(end !== Infinity && { expires: end }),
  };
}

/** WS-Trust 1.3 §7. */
function readStatus(index: XmlIndex, response: number, { namespace, valid, invalid }: TrustVocabulary): boolean {
  const status = requiredChild(index, response, namespace, 'Status');
  const code = textOf(index, requiredChild(index, status, namespace, 'Code')).trim();
  if (code !== valid && code !== invalid) throw new TokenAnswerError('the status of the token is not known');
  return code === valid;
}

/**
 * The one response of an answer. Version 1.3 wants it in a collection after Issue and bare otherwise, and 2005-02 always
 * bare; as services do not agree, both are taken everywhere.
 */
function responseOf({ index, body }: SoapMessage, { version }: WsTrustSettings): number {
  const { namespace } = VOCABULARIES[version];
  const answer = onlyChild(index, body);
  const isCollection = answer !== -1 && index.is(answer, namespace, 'RequestSecurityTokenResponseCollection');
  const response = isCollection ? onlyChild(index, answer) : answer;
  if (response !== -1 && index.is(response, namespace, 'RequestSecurityTokenResponse')) return response;
  throw new TokenAnswerError(`the answer is not one RequestSecurityTokenResponse of WS-Trust ${version}`);
}

function tokenOf(index: XmlIndex, response: number, namespace: string): number {
  const token = onlyChild(index, requiredChild(index, response, namespace, 'RequestedSecurityToken'));
  if (token === -1) throw new TokenAnswerError('the answer does not hold exactly one token');
  if (index.is(token, WSSE, 'SecurityTokenReference')) {
    throw new TokenAnswerError('the answer holds a reference in place of the token');
  }
  return token;
}

function checkTokenType(
  index: XmlIndex,
  response: number,
  namespace: string,
  token: number,
  settings: WsTrustSettings,
): void {
  const wanted = tokenTypeUri(settings.tokenType);
  const said = optionalChild(index, response, namespace, 'TokenType');
  const assertion = samlVersionOf(index, token);
  const version = samlOfTokenType(wanted);
  if (
    (said !== -1 && !isSameTokenType(textOf(index, said).trim(), wanted)) ||
    (assertion !== undefined && version !== undefined && assertion !== version)
  ) {
    throw new TokenAnswerError('the token is not of the type that was asked for');
  }
}

function readLifetime(index: XmlIndex, response: number, namespace: string): Pick<TrustAnswer, 'created' | 'expires'> {
  const lifetime = optionalChild(index, response, namespace, 'Lifetime');
  if (lifetime === -1) return {};
  const created = readTime(index, optionalChild(index, lifetime, WSU, 'Created'));
  const expires = readTime(index, optionalChild(index, lifetime, WSU, 'Expires'));
  if (created !== undefined && expires !== undefined && expires < created) {
    throw new TokenAnswerError('the Lifetime of the token ends before it begins');
  }
  return { created, expires };
}

function readTime(index: XmlIndex, element: number): number | undefined {
  if (element === -1) return undefined;
  const time = parseDateTime(textOf(index, element));
  if (time === undefined) throw new TokenAnswerError('the Lifetime of the token is not a dateTime in UTC');
  return time;
}
