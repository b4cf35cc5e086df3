/** What a peer's SOAP Fault says of its reason. */

import type { SoapMessage } from './soap.ts';
import { onlyChild } from './structure.ts';

/** A qualified name that stands in text. */
export interface QName {
  readonly namespace: string;
  readonly local: string;
}

/** Codes in one another that are looked at. */
const MAX_DEPTH = 5;
/** Bytes of a code as it is written. */
const MAX_CODE_BYTES = 256;

/** The Fault of a message whose Body holds one and nothing else (SOAP 1.1 §4.4, SOAP 1.2 part 1 §5.4); -1: it is none. */
export function faultOf({ index, body, envelope }: SoapMessage): number {
  const fault = onlyChild(index, body);
  return fault !== -1 && index.is(fault, index.namespaceUri(envelope), 'Fault') ? fault : -1;
}

/**
 * The codes of a Fault from the general to the particular: faultcode of SOAP 1.1, Code and Subcodes of SOAP 1.2. What
 * cannot be read is left out: a Fault proves nothing, whatever it says.
 */
export function faultCodes(message: SoapMessage): QName[] {
  const { index, envelope, version } = message;
  const fault = faultOf(message);
  if (fault === -1) return [];
  if (version === '1.1') return qnames(message, index.child(fault, '', 'faultcode'));
  const codes: QName[] = [];
  const soap = index.namespaceUri(envelope);
  let code = index.child(fault, soap, 'Code');
  for (let depth = 0; code !== -1 && depth < MAX_DEPTH; depth++) {
    codes.push(...qnames(message, index.child(code, soap, 'Value')));
    code = index.child(code, soap, 'Subcode');
  }
  return codes;
}

/** @returns none where the element is missing or does not hold a qualified name with a declared prefix */
function qnames({ index }: SoapMessage, element: number): QName[] {
  if (element === -1 || !index.hasOnlyText(element)) return [];
  if (index.contentEnd(element) - index.contentStart(element) > MAX_CODE_BYTES) return [];
  const text = index.text(element).trim();
  const colon = text.indexOf(':');
  const namespace = index.namespaceOf(element, colon === -1 ? '' : text.slice(0, colon));
  if (namespace === undefined && colon !== -1) return [];
  return [{ namespace: namespace ?? '', local: text.slice(colon + 1) }];
}
