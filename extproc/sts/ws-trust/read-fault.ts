/** Why a token service refuses, as far as WS-Trust and WS-Security have a name for it. */

import { WSSE } from '../../wss/namespaces.ts';
import { faultCodes, faultOf } from '../../wss/read-fault.ts';
import type { SoapMessage } from '../../wss/soap.ts';
import { TRUST_FAULTS, type TrustFault } from '../errors.ts';
import { VOCABULARIES } from './versions.ts';

/** Services that speak several versions of WS-Trust mix up their namespaces here. */
const NAMESPACES: ReadonlySet<string> = new Set([WSSE, ...Object.values(VOCABULARIES).map((words) => words.namespace)]);

/**
 * Reads the reason of a SOAP Fault: the first of its codes that has a name in WS-Trust 1.3 §11 or WSS 1.1 §12. Texts and
 * details are not looked at.
 *
 * @returns undefined when the message is no Fault
 */
export function readTrustFault(message: SoapMessage): TrustFault | undefined {
  if (faultOf(message) === -1) return undefined;
  for (const { namespace, local } of faultCodes(message)) {
    const known = NAMESPACES.has(namespace) ? TRUST_FAULTS.find((fault) => fault === local) : undefined;
    if (known !== undefined) return known;
  }
  return 'Other';
}
