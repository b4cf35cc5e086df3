/**
 * Refusals on grounds of HTTP, of our configuration or of our own state: everything that is not XML, SOAP or
 * WS-Security. One class each; the text is for the log, never for the client.
 */

/**
 * How a refusal looks from outside. `Malformed`: not one SOAP message. `TooLarge`: over a limit of size. `Refused`: it did
 * not prove what the policy demands. `Misconfigured`: the gateway's configuration does not let us decide. `Unavailable`:
 * not now. `Internal`: a fault of ours.
 */
export type RefusalKind = 'Malformed' | 'TooLarge' | 'Refused' | 'Misconfigured' | 'Unavailable' | 'Internal';

/** Base of all refusals that the pipeline itself makes. */
export abstract class PipelineError extends Error {
  /** Stable and machine readable, e.g. `ERR_HTTP_CONTENT_TYPE`. */
  abstract readonly code: string;
  abstract readonly kind: RefusalKind;

  override get name(): string {
    return this.constructor.name;
  }
}

/** The content type is none of SOAP, there is none, or there are two. */
export class ContentTypeError extends PipelineError {
  readonly code = 'ERR_HTTP_CONTENT_TYPE';
  readonly kind = 'Malformed';
}
export class CharsetError extends PipelineError {
  readonly code = 'ERR_HTTP_CHARSET';
  readonly kind = 'Malformed';
}
/** A content coding we do not know, or bytes that are not in the coding they claim. */
export class ContentEncodingError extends PipelineError {
  readonly code = 'ERR_HTTP_CONTENT_ENCODING';
  readonly kind = 'Malformed';
}
/** The content type is that of the other SOAP version than the envelope's. */
export class SoapVersionError extends PipelineError {
  readonly code = 'ERR_HTTP_SOAP_VERSION';
  readonly kind = 'Malformed';
}
export class BodyMissingError extends PipelineError {
  readonly code = 'ERR_HTTP_BODY_MISSING';
  readonly kind = 'Malformed';
}
export class BodyTooLargeError extends PipelineError {
  readonly code = 'ERR_HTTP_BODY_TOO_LARGE';
  readonly kind = 'TooLarge';
}
/** The backend answers with a Fault that carries no security, and the policy does not let it through. */
export class UnsignedFaultError extends PipelineError {
  readonly code = 'ERR_BACKEND_FAULT_UNSIGNED';
  readonly kind = 'Refused';
}
/** SOAP that the policy does not process, and the policy says `unmatched: Refuse`. */
export class UnmatchedSoapError extends PipelineError {
  readonly code = 'ERR_SOAP_UNMATCHED';
  readonly kind = 'Refused';
}
/** A name in a message's identity cannot stand in an HTTP header. */
export class IdentityHeaderError extends PipelineError {
  readonly code = 'ERR_IDENTITY_HEADER';
  readonly kind = 'Refused';
}
/** Nobody knows whom an assertion would be about, or what it has to say of him. */
export class AssertionSubjectError extends PipelineError {
  readonly code = 'ERR_SAML_SUBJECT';
  readonly kind = 'Refused';
}
/** Envoy's configuration names one policy in one way and another in another. */
export class PolicyAmbiguousError extends PipelineError {
  readonly code = 'ERR_POLICY_AMBIGUOUS';
  readonly kind = 'Misconfigured';
}
/** Envoy's configuration does not say which policy applies. */
export class PolicyNotNamedError extends PipelineError {
  readonly code = 'ERR_POLICY_NOT_NAMED';
  readonly kind = 'Misconfigured';
}
/** Envoy's configuration names a policy that we do not have. */
export class PolicyUnknownError extends PipelineError {
  readonly code = 'ERR_POLICY_UNKNOWN';
  readonly kind = 'Misconfigured';
}
/** The policy cannot work: a Secret is missing, for example. */
export class PolicyBrokenError extends PipelineError {
  readonly code = 'ERR_POLICY_BROKEN';
  readonly kind = 'Misconfigured';
}
/** Envoy would not show us the whole body, or would not wait for our verdict. */
export class ProcessingModeError extends PipelineError {
  readonly code = 'ERR_PROCESSING_MODE';
  readonly kind = 'Misconfigured';
}
/** A condition on the client's address, and Envoy does not tell it: without an answer the policy must not be passed by. */
export class SourceAddressUnknownError extends PipelineError {
  readonly code = 'ERR_SOURCE_ADDRESS_UNKNOWN';
  readonly kind = 'Misconfigured';
}
export class NoConfigurationError extends PipelineError {
  readonly code = 'ERR_NO_CONFIGURATION';
  readonly kind = 'Unavailable';
}
export class OverloadError extends PipelineError {
  readonly code = 'ERR_OVERLOAD';
  readonly kind = 'Unavailable';
}
export class ReplayCacheUnavailableError extends PipelineError {
  readonly code = 'ERR_REPLAY_CACHE_UNAVAILABLE';
  readonly kind = 'Unavailable';
}
/** What is decided could not be kept, and `--decision-log-on-failure` is Refuse. */
export class DecisionLogUnavailableError extends PipelineError {
  readonly code = 'ERR_DECISION_LOG_UNAVAILABLE';
  readonly kind = 'Unavailable';
}
/** The thread that worked on the message died. */
export class WorkerLostError extends PipelineError {
  readonly code = 'ERR_WORKER_LOST';
  readonly kind = 'Internal';
}
/** The client had gone before the work on its message began. */
export class AbandonedError extends PipelineError {
  readonly code = 'ERR_ABANDONED';
  readonly kind = 'Unavailable';
}
