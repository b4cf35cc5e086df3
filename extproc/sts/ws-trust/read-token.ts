/** Tokens that come as they are, from a service that does not speak WS-Trust. */

import type { IssuedToken } from '../../wss/issued-token.ts';
import { SOAP11, SOAP12 } from '../../wss/namespaces.ts';
import { selfContained } from '../../wss/self-contained.ts';
import { scan } from '../../xml/scan.ts';
import { TokenAnswerError } from '../errors.ts';
import { ANSWER_LIMITS, reading } from './reading.ts';
import { readSamlExpiry, samlReference } from './saml.ts';

/** A token, and until when it is good. */
export interface ReadToken extends IssuedToken {
  /** Milliseconds since 1970, by its issuer's clock; absent when the token does not say, or not in a way that we read. */
  readonly expires?: number;
}

/**
 * Reads a document that is a token: one XML element, of which SAML assertions say themselves how long they are good and how
 * a signature refers to them.
 *
 * @throws {TokenAnswerError} when it is no XML, or a SOAP message
 */
export function readToken(bytes: Buffer): ReadToken {
  return reading(() => {
    const index = scan(bytes, { limits: ANSWER_LIMITS });
    const namespace = index.namespaceUri(0);
    if (namespace === SOAP11 || namespace === SOAP12) {
      throw new TokenAnswerError('the answer is a SOAP message, not a token');
    }
    const reference = samlReference(index, 0);
    const expires = readSamlExpiry(index, 0);
    return {
      bytes: selfContained(index, 0),
      ...(reference && { reference }),
      ...(expires !== undefined && { expires }),
    };
  });
}
