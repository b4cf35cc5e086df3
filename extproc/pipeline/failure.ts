/** An error as plain data, and what is made of it for the client: the one place that decides status codes. */

import { MimeError } from '../mime/errors.ts';
import { XmlError } from '../xml/errors.ts';
import { classifyFailure, jsonFault, soapFault, type FaultCode } from '../wss/faults.ts';
import type { SoapVersion } from '../wss/soap.ts';
import type { CompiledFaults } from './compile.ts';
import type { Phase } from './engine.ts';
import { PipelineError, type RefusalKind, UnsignedFaultError } from './errors.ts';

/** Why a message is refused. Plain data, so that it passes between threads. */
export interface Failure {
  readonly kind: RefusalKind;
  /** Stable; metrics and logs. */
  readonly code: string;
  /** For the log only. */
  readonly reason: string;
  readonly wssCode?: FaultCode;
  /** An unsigned Fault of the backend's is replaced by one of ours, under the backend's status. */
  readonly replacesFault?: true;
}

/** A log line is no place for a message. */
const MAX_REASON = 500;

/**
 * @param verifying the error came from `verify`: then even XML that cannot be read (a decrypted part, for example) looks
 *   like any other refusal, so that the difference tells nothing about what was decrypted
 */
export function describeFailure(error: unknown, verifying = false): Failure {
  const reason = (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON);
  if (error instanceof PipelineError) {
    const replaces = error instanceof UnsignedFaultError && error.cause === 'Replace';
    return { kind: error.kind, code: error.code, reason, ...(replaces && { replacesFault: true }) };
  }
  const { kind, code, wssCode } = classifyFailure(error);
  if (verifying && (error instanceof XmlError || error instanceof MimeError))
    return { kind: 'Refused', code, reason, wssCode: 'FailedCheck' };
  if (kind === 'Internal') return { kind, code, reason: describeBug(error) };
  return { kind, code, reason, ...(wssCode !== undefined && { wssCode }) };
}

/** A mistake of ours: where it happened is what counts. */
function describeBug(error: unknown): string {
  return (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 4 * MAX_REASON);
}

export interface Refusal {
  readonly status: number;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: Buffer;
}

export interface RefusalContext {
  readonly phase: Phase;
  /** Of the peer's message, as far as it is known. */
  readonly soapVersion: SoapVersion;
  readonly correlationId: string;
  /** The policy's; absent where there is none. */
  readonly faults?: CompiledFaults;
  /** The backend's status, in the response phase. */
  readonly backendStatus?: number;
}

const TEXTS: Readonly<Record<RefusalKind, string>> = {
  Malformed: 'The message is not a SOAP message that can be processed',
  TooLarge: 'The message is larger than allowed',
  Refused: 'The message does not meet the security policy',
  Misconfigured: 'The message cannot be processed',
  Unavailable: 'The service is temporarily unavailable',
  Internal: 'The message cannot be processed',
};
const RESPONSE_TEXT = 'The answer of the service cannot be passed on';

const STATUS: Readonly<Record<RefusalKind, number>> = {
  Malformed: 400,
  TooLarge: 413,
  Refused: 403,
  Misconfigured: 500,
  Unavailable: 503,
  Internal: 500,
};
const BAD_GATEWAY = 502;

/** The header under which the client gets the correlation id, which also stands in the Fault. */
export const CORRELATION_HEADER = 'x-waxseal-correlation-id';

/** What the client gets: constant texts, the standard's fault code, and the id by which the log tells more. */
export function refusalFor(failure: Failure, context: RefusalContext): Refusal {
  const { phase, soapVersion, correlationId, faults } = context;
  const options = {
    ...(failure.wssCode !== undefined && { wssCode: failure.wssCode }),
    ...(faults?.errorCode !== undefined && { errorCode: faults.errorCode }),
    text: faults?.message ?? (phase === 'response' ? RESPONSE_TEXT : TEXTS[failure.kind]),
    correlationId,
    senderFault:
      phase === 'request' &&
      (failure.kind === 'Malformed' || failure.kind === 'TooLarge' || failure.kind === 'Refused'),
  };
  const json = faults?.format === 'JSON';
  return {
    status: statusOf(failure, context),
    headers: [
      { name: 'content-type', value: json ? 'application/json' : CONTENT_TYPES[soapVersion] },
      { name: CORRELATION_HEADER, value: correlationId },
    ],
    body: json ? jsonFault(options) : soapFault(soapVersion, options),
  };
}

const CONTENT_TYPES: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'text/xml; charset=utf-8',
  '1.2': 'application/soap+xml; charset=utf-8',
};

function statusOf({ kind, replacesFault }: Failure, { phase, faults, backendStatus }: RefusalContext): number {
  if (replacesFault === true && backendStatus !== undefined) return backendStatus;
  const ofMessage = kind === 'Malformed' || kind === 'TooLarge';
  if (phase === 'response' && ofMessage) return BAD_GATEWAY;
  // A size is the limit's, and a mistake of configuration the operator's: neither is the policy's refusal.
  if (kind === 'TooLarge' || kind === 'Misconfigured' || kind === 'Internal') return STATUS[kind];
  return faults?.statusCode ?? STATUS[kind];
}
