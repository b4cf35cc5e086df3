/** What all reading of a token service's answers has in common: its bounds, and what it says when it fails. */

import { SoapError } from '../../wss/soap.ts';
import { WssError } from '../../wss/errors.ts';
import { XmlError } from '../../xml/errors.ts';
import { DEFAULT_LIMITS, type XmlLimits } from '../../xml/limits.ts';
import { TokenAnswerError } from '../errors.ts';

/** Bytes that an answer may have: tokens with hundreds of claims have some ten thousand. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

export const ANSWER_LIMITS: XmlLimits = {
  ...DEFAULT_LIMITS,
  maxBytes: MAX_ANSWER_BYTES,
  maxElements: 20_000,
  maxTotalAttributes: 40_000,
  maxTextLength: MAX_ANSWER_BYTES,
};

/**
 * Does `read`, and makes of whatever is wrong with XML, SOAP or WS-Security one error that names no more than the kind of
 * fault: the texts of the others may repeat words of the answer.
 *
 * @throws {TokenAnswerError}
 */
export function reading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof XmlError || error instanceof SoapError || error instanceof WssError) {
      throw new TokenAnswerError(`the token service's answer is refused: ${error.code}`);
    }
    throw error;
  }
}
