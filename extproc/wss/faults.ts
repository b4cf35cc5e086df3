/**
 * What the client is told of a refusal: little, and always the same. The reason goes to the log; the client gets a
 * standard code, a constant sentence and a correlation id by which an operator finds the reason.
 */

import { MimeError } from '../mime/errors.ts';
import { XmlError } from '../xml/errors.ts';
import { escapeText } from '../xml/escape.ts';
import { WssError, type WssFaultCode } from './errors.ts';
import { SOAP11, SOAP12, WSSE } from './namespaces.ts';
import { SoapError, UnknownSoapVersionError, type SoapVersion } from './soap.ts';

/** Namespace of what we put into a Fault's detail. */
export const FAULT_DETAIL = 'https://waxseal.dev/v1alpha1/fault';

/** A WSS fault code, or the one of SOAP for an envelope of no known version. */
export type FaultCode = WssFaultCode | 'VersionMismatch';

/** How a failure looks from outside. */
export interface FailureClass {
  /**
   * `Malformed`: not one SOAP message. `Refused`: a message that did not prove what the policy demands. `Internal`: a
   * fault of ours, which says nothing of the message.
   */
  readonly kind: 'Malformed' | 'Refused' | 'Internal';
  /** Stable; for logs, metrics and the command line, never for the client. */
  readonly code: string;
  readonly wssCode?: FaultCode;
  readonly senderFault: boolean;
}

/** The one place that says what becomes of an error. */
export function classifyFailure(error: unknown): FailureClass {
  if (error instanceof WssError) {
    const wssCode = error.concealed ? 'FailedCheck' : error.faultCode;
    return { kind: 'Refused', code: error.code, wssCode, senderFault: true };
  }
  if (error instanceof UnknownSoapVersionError) {
    return { kind: 'Malformed', code: error.code, wssCode: 'VersionMismatch', senderFault: true };
  }
  if (error instanceof SoapError || error instanceof XmlError || error instanceof MimeError) {
    return { kind: 'Malformed', code: error.code, senderFault: true };
  }
  return { kind: 'Internal', code: 'ERR_INTERNAL', senderFault: false };
}

export interface FaultOptions {
  /** Absent: only whose fault it was is said. */
  readonly wssCode?: FaultCode;
  /** The sentence for the client; the policy's, never an error's own. */
  readonly text: string;
  /** The policy's own code, if it has one. */
  readonly errorCode?: string;
  readonly correlationId: string;
  /** Whether the client caused it (SOAP 1.1 Client, 1.2 Sender) or we did (Server, Receiver). */
  readonly senderFault: boolean;
}

/**
 * Writes a SOAP Fault message (SOAP 1.1 §4.4, SOAP 1.2 part 1 §5.4) with the fault codes of WSS 1.1 §12.
 *
 * @returns a whole envelope in UTF-8
 */
export function soapFault(version: SoapVersion, options: FaultOptions): Buffer {
  return Buffer.from(version === '1.1' ? fault11(options) : fault12(options));
}

function fault11(options: FaultOptions): string {
  const { wssCode } = options;
  const generic = options.senderFault ? 's:Client' : 's:Server';
  const code =
    wssCode === undefined ? generic : wssCode === 'VersionMismatch' ? 's:VersionMismatch' : `wsse:${wssCode}`;
  return (
    `<s:Envelope xmlns:s="${SOAP11}"><s:Body><s:Fault>` +
    `<faultcode xmlns:wsse="${WSSE}">${code}</faultcode>` +
    `<faultstring xml:lang="en">${escapeText(options.text)}</faultstring>` +
    `<detail>${detail(options)}</detail></s:Fault></s:Body></s:Envelope>`
  );
}

function fault12(options: FaultOptions): string {
  const { wssCode } = options;
  const generic = options.senderFault ? 's:Sender' : 's:Receiver';
  const value = wssCode === 'VersionMismatch' ? 's:VersionMismatch' : generic;
  const subcode =
    wssCode === undefined || wssCode === 'VersionMismatch'
      ? ''
      : `<s:Subcode><s:Value xmlns:wsse="${WSSE}">wsse:${wssCode}</s:Value></s:Subcode>`;
  return (
    `<s:Envelope xmlns:s="${SOAP12}"><s:Body><s:Fault>` +
    `<s:Code><s:Value>${value}</s:Value>${subcode}</s:Code>` +
    `<s:Reason><s:Text xml:lang="en">${escapeText(options.text)}</s:Text></s:Reason>` +
    `<s:Detail>${detail(options)}</s:Detail></s:Fault></s:Body></s:Envelope>`
  );
}

function detail({ errorCode, correlationId }: FaultOptions): string {
  const code = errorCode === undefined ? '' : `<w:ErrorCode>${escapeText(errorCode)}</w:ErrorCode>`;
  return `<w:Refusal xmlns:w="${FAULT_DETAIL}">${code}<w:CorrelationId>${escapeText(correlationId)}</w:CorrelationId></w:Refusal>`;
}

/** The same for a policy that answers in JSON: `{"error":{"code","errorCode","message","correlationId"}}`. */
export function jsonFault(options: FaultOptions): Buffer {
  const { wssCode, errorCode, text, correlationId } = options;
  return Buffer.from(JSON.stringify({ error: { code: wssCode, errorCode, message: text, correlationId } }));
}
