/**
 * Why there is no token. One class each; the text is for the log. It never holds a user name, password, token or the
 * address of the service, nor words of the service's own, which might repeat one.
 */

import { PipelineError } from '../pipeline/errors.ts';

/** Base of everything for which a token service is to blame. The client gets 503. */
export abstract class TokenServiceError extends PipelineError {
  readonly kind = 'Unavailable';
  /** Whether asking again soon may help. */
  abstract readonly transient: boolean;
}

/** No connection, or it broke. */
export class TokenServiceUnreachableError extends TokenServiceError {
  readonly code = 'ERR_STS_UNREACHABLE';
  readonly transient = true;
}
/** No answer within `connectionTimeout`. */
export class TokenServiceTimeoutError extends TokenServiceError {
  readonly code = 'ERR_STS_TIMEOUT';
  readonly transient = true;
}
/** An HTTP status that is neither success nor a SOAP Fault. */
export class TokenServiceStatusError extends TokenServiceError {
  readonly code = 'ERR_STS_STATUS';
  readonly transient: boolean;

  constructor(status: number) {
    super(`the token service answered with status ${status}`);
    this.transient = status >= 500 || status === 429;
  }
}

/** The reasons that WS-Trust 1.3 §10 gives to Faults, those of WSS 1.1 §12, and everything else. */
export const TRUST_FAULTS = [
  ...['InvalidRequest', 'FailedAuthentication', 'RequestFailed', 'InvalidSecurityToken', 'AuthenticationBadElements'],
  ...['BadRequest', 'ExpiredData', 'InvalidTimeRange', 'InvalidScope', 'RenewNeeded', 'UnableToRenew'],
  ...['UnsupportedSecurityToken', 'UnsupportedAlgorithm', 'InvalidSecurity', 'FailedCheck', 'SecurityTokenUnavailable'],
  ...['MessageExpired', 'Other'],
] as const;
export type TrustFault = (typeof TRUST_FAULTS)[number];

/** A SOAP Fault. */
export class TokenServiceFaultError extends TokenServiceError {
  readonly code = 'ERR_STS_FAULT';
  readonly fault: TrustFault;
  /** Only what says nothing about the request may be better the next time. */
  readonly transient: boolean;

  constructor(fault: TrustFault) {
    super(`the token service answered with the Fault ${fault}`);
    this.fault = fault;
    this.transient = fault === 'RequestFailed' || fault === 'Other';
  }
}
/** An answer that is no answer to the request, or that does not prove what it must. */
export class TokenAnswerError extends TokenServiceError {
  readonly code = 'ERR_STS_ANSWER';
  readonly transient = false;
}
/** The circuit breaker is open: the service is not asked at all. */
export class TokenServiceOpenError extends TokenServiceError {
  readonly code = 'ERR_STS_CIRCUIT_OPEN';
  readonly transient = true;
}
/** More requests wait for the service than may. */
export class TokenServiceBusyError extends TokenServiceError {
  readonly code = 'ERR_STS_BUSY';
  readonly transient = true;
}
/** No token within the time that a message may wait. */
export class TokenBudgetError extends TokenServiceError {
  readonly code = 'ERR_STS_BUDGET';
  readonly transient = true;
}
/** `onNoCredential: Refuse`, and no entry of the pool is for this message. */
export class NoCredentialError extends PipelineError {
  readonly code = 'ERR_NO_CREDENTIAL';
  readonly kind = 'Refused';
}
/** A token is to be asked for in the caller's name, and the message proved no caller. */
export class NoCallerTokenError extends PipelineError {
  readonly code = 'ERR_NO_CALLER_TOKEN';
  readonly kind = 'Refused';
}
