/** Why a token service refuses, as far as WS-Trust and WS-Security have a name for it. */

import { SOAP11, SOAP12, WSSE } from '../../wss/namespaces.ts';
import type { SoapMessage } from '../../wss/soap.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { TRUST_FAULTS, type TrustFault } from '../errors.ts';
import { VOCABULARIES } from './versions.ts';

/** Subcodes inside one another that are looked at. */
const MAX_SUBCODES = 4;
/** Bytes of a code as it is written. */
const MAX_CODE_BYTES = 256;

/** Services that speak several versions of WS-Trust mix up their namespaces here. */
const NAMESPACES: ReadonlySet<string> = new Set([WSSE, ...Object.values(VOCABULARIES).map((words) => words.namespace)]);

/**
 * Reads the reason of a SOAP Fault: the first of its codes that has a name in WS-Trust 1.3 §11 or WSS 1.1 §12. Texts and
 * details are not looked at.
 *
 * @returns undefined when the message is no Fault
 */
export function readTrustFault({ index, body, version }: SoapMessage): TrustFault | undefined {
  const fault = index.firstChild(body);
  if (fault === -1 || !index.is(fault, version === '1.1' ? SOAP11 : SOAP12, 'Fault')) return undefined;
  if (version === '1.1') return knownFault(index, index.child(fault, '', 'faultcode')) ?? 'Other';
  let code = index.child(fault, SOAP12, 'Code');
  for (let depth = 0; code !== -1 && depth <= MAX_SUBCODES; depth++) {
    const known = knownFault(index, index.child(code, SOAP12, 'Value'));
    if (known !== undefined) return known;
    code = index.child(code, SOAP12, 'Subcode');
  }
  return 'Other';
}

/** @param element holds a qualified name; or -1 */
function knownFault(index: XmlIndex, element: number): TrustFault | undefined {
  if (element === -1 || !index.hasOnlyText(element)) return undefined;
  if (index.contentEnd(element) - index.contentStart(element) > MAX_CODE_BYTES) return undefined;
  const name = index.text(element).trim();
  const colon = name.indexOf(':');
  const namespace = index.namespaceOf(element, colon === -1 ? '' : name.slice(0, colon)) ?? '';
  return NAMESPACES.has(namespace) ? TRUST_FAULTS.find((fault) => fault === name.slice(colon + 1)) : undefined;
}
