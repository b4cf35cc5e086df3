/** Every way in which a SAML assertion can be refused that other tokens do not know. */

import { WssError } from '../errors.ts';

export class SamlAssertionMissingError extends WssError {
  readonly code = 'ERR_WSS_SAML_ASSERTION_MISSING';
  readonly faultCode = 'FailedAuthentication';
}
/** Two assertions: their receivers could disagree which of them the message is about. */
export class SamlAssertionDuplicatedError extends WssError {
  readonly code = 'ERR_WSS_SAML_ASSERTION_DUPLICATED';
  readonly faultCode = 'InvalidSecurity';
}
/** An assertion that breaks the rules of SAML. */
export class SamlAssertionInvalidError extends WssError {
  readonly code = 'ERR_WSS_SAML_ASSERTION_INVALID';
  readonly faultCode = 'InvalidSecurityToken';
}
export class SamlVersionNotAcceptedError extends WssError {
  readonly code = 'ERR_WSS_SAML_VERSION_NOT_ACCEPTED';
  readonly faultCode = 'UnsupportedSecurityToken';
}
/** Nobody whom the policy trusts vouches for the assertion. */
export class SamlAssertionNotSignedError extends WssError {
  readonly code = 'ERR_WSS_SAML_ASSERTION_NOT_SIGNED';
  readonly faultCode = 'FailedAuthentication';
}
export class SamlIssuerNotAcceptedError extends WssError {
  readonly code = 'ERR_WSS_SAML_ISSUER_NOT_ACCEPTED';
  readonly faultCode = 'FailedAuthentication';
}
export class SamlAssertionExpiredError extends WssError {
  readonly code = 'ERR_WSS_SAML_ASSERTION_EXPIRED';
  readonly faultCode = 'MessageExpired';
}
export class SamlAssertionNotYetValidError extends WssError {
  readonly code = 'ERR_WSS_SAML_ASSERTION_NOT_YET_VALID';
  readonly faultCode = 'MessageExpired';
}
export class SamlAssertionLifetimeError extends WssError {
  readonly code = 'ERR_WSS_SAML_ASSERTION_LIFETIME';
  readonly faultCode = 'MessageExpired';
}
export class SamlAudienceError extends WssError {
  readonly code = 'ERR_WSS_SAML_AUDIENCE';
  readonly faultCode = 'FailedAuthentication';
}
/** A condition that we do not know: whether it holds, nobody can say (SAML 2.0 Core §2.5.1.1). */
export class SamlConditionUnknownError extends WssError {
  readonly code = 'ERR_WSS_SAML_CONDITION_UNKNOWN';
  readonly faultCode = 'InvalidSecurityToken';
}
/** The sender did not prove that the assertion may be used by it. */
export class SamlConfirmationError extends WssError {
  readonly code = 'ERR_WSS_SAML_CONFIRMATION';
  readonly faultCode = 'FailedAuthentication';
}
