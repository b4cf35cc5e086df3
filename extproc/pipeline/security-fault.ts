/** Whether a backend's answer is a Fault that speaks of security: then the token it was sent may have been the reason. */

import { WSSE, WSSE11 } from '../wss/namespaces.ts';
import { faultCodes } from '../wss/read-fault.ts';
import { readSoap, SoapError } from '../wss/soap.ts';
import { XmlError } from '../xml/errors.ts';
import { DEFAULT_LIMITS } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import { contentCodings, decodeBody } from './entity.ts';
import { PipelineError } from './errors.ts';
import type { ResponseMeta } from './exchange.ts';

/** A Fault is small; anything else is not looked at. */
const MAX_BYTES = 64 * 1024;
/** Faults come with a status of an error (SOAP 1.1 §6.2, SOAP 1.2 part 2 §7.5.2). */
const FIRST_ERROR_STATUS = 400;
/** WSS 1.1 §12, the general code that Apache WSS4J hides them behind, and what WS-Trust says of tokens (1.3 §10). */
const NAMESPACES: ReadonlySet<string> = new Set([
  ...[WSSE, WSSE11, 'http://ws.apache.org/wss4j', 'http://docs.oasis-open.org/ws-sx/ws-trust/200512'],
  'http://schemas.xmlsoap.org/ws/2005/02/trust',
]);

/** Whether the body of a response is worth looking at. */
export function mayBeFault({ status, headers }: ResponseMeta): boolean {
  return status >= FIRST_ERROR_STATUS && Number(headers.get('content-length')?.[0] ?? 0) <= MAX_BYTES;
}

/** Never throws: what cannot be read is no Fault that anybody has to act on. */
export function isSecurityFault(response: ResponseMeta, body: Buffer | undefined): boolean {
  if (!mayBeFault(response) || body === undefined || body.length === 0) return false;
  const { headers } = response;
  try {
    const codings = contentCodings(headers);
    const bytes = codings.length === 0 ? body : decodeBody(body, codings, MAX_BYTES);
    const message = readSoap(scan(bytes, { limits: { ...DEFAULT_LIMITS, maxBytes: MAX_BYTES } }));
    return faultCodes(message).some(({ namespace }) => NAMESPACES.has(namespace));
  } catch (error) {
    if (error instanceof XmlError || error instanceof SoapError || error instanceof PipelineError) return false;
    throw error;
  }
}
