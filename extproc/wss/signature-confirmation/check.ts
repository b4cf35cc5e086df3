/** The checking side of wsse11:SignatureConfirmation (WSS 1.1 §8.5). */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { SignatureConfirmationError } from '../errors.ts';
import { WSSE11 } from '../namespaces.ts';
import { decodeBase64 } from '../structure.ts';

/**
 * Checks that a response confirms each signature of its request, and nothing else.
 *
 * A request without signatures is confirmed by one SignatureConfirmation without a Value.
 *
 * @param sent base64 SignatureValues that we put on the request
 * @returns the confirming elements, which the response's signature has to cover
 * @throws SignatureConfirmationError
 */
export function checkSignatureConfirmation(index: XmlIndex, security: number, sent: readonly string[]): number[] {
  const elements = index.children(security).filter((child) => index.is(child, WSSE11, 'SignatureConfirmation'));
  const missing = sent.length === 0 ? [''] : [...sent];
  for (const element of elements) {
    const position = missing.indexOf(confirmedValue(index, element));
    if (position === -1) throw new SignatureConfirmationError('the response confirms a signature that we did not send');
    missing.splice(position, 1);
  }
  if (missing.length > 0) throw new SignatureConfirmationError('the response does not confirm every signature we sent');
  return elements;
}

/** Base64 without white space; empty when there is no Value. */
function confirmedValue(index: XmlIndex, element: number): string {
  return decodeBase64(index.attribute(element, '', 'Value') ?? '')?.toString('base64') ?? 'not base64';
}
