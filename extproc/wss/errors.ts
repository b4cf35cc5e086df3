/**
 * Every way a message can be refused, one class each, with a stable `code`.
 *
 * The message text says what was wrong for the operator's log; it never reaches the client (see `faults.ts`) and never
 * holds a secret. `code` is the reason label of the metrics and the `code` of `waxseal process`.
 */

/** WSS 1.1 §12 fault codes (local names in the wsse namespace; MessageExpired is new in 1.1). */
export type WssFaultCode =
  | 'UnsupportedSecurityToken'
  | 'UnsupportedAlgorithm'
  | 'InvalidSecurity'
  | 'InvalidSecurityToken'
  | 'FailedAuthentication'
  | 'FailedCheck'
  | 'SecurityTokenUnavailable'
  | 'MessageExpired';

/** Base of all refusals on grounds of WS-Security. */
export abstract class WssError extends Error {
  /** Stable and machine readable, e.g. `ERR_WSS_DIGEST_MISMATCH`. */
  abstract readonly code: string;
  /** The WSS fault code that describes this failure to the peer. */
  abstract readonly faultCode: WssFaultCode;
  /**
   * The peer must not learn which refusal this is, only that there was one: something was decrypted that the peer could
   * have tampered with, so that every difference would tell about the plaintext.
   */
  concealed = false;

  override get name(): string {
    return this.constructor.name;
  }
}

export class SecurityHeaderMissingError extends WssError {
  readonly code = 'ERR_WSS_SECURITY_HEADER_MISSING';
  readonly faultCode = 'InvalidSecurity';
}
export class SecurityHeaderDuplicatedError extends WssError {
  readonly code = 'ERR_WSS_SECURITY_HEADER_DUPLICATED';
  readonly faultCode = 'InvalidSecurity';
}
/** The Security header's structure breaks WSS, XML Signature or XML Encryption. */
export class InvalidStructureError extends WssError {
  readonly code = 'ERR_WSS_INVALID_STRUCTURE';
  readonly faultCode = 'InvalidSecurity';
}
export class LimitError extends WssError {
  readonly code = 'ERR_WSS_LIMIT';
  readonly faultCode = 'InvalidSecurity';
}
export class DuplicateIdError extends WssError {
  readonly code = 'ERR_WSS_DUPLICATE_ID';
  readonly faultCode = 'InvalidSecurity';
}
export class ReferenceUnresolvedError extends WssError {
  readonly code = 'ERR_WSS_REFERENCE_UNRESOLVED';
  readonly faultCode = 'FailedCheck';
}
export class TimestampMissingError extends WssError {
  readonly code = 'ERR_WSS_TIMESTAMP_MISSING';
  readonly faultCode = 'InvalidSecurity';
}
export class TimestampExpiredError extends WssError {
  readonly code = 'ERR_WSS_TIMESTAMP_EXPIRED';
  readonly faultCode = 'MessageExpired';
}
export class TimestampInFutureError extends WssError {
  readonly code = 'ERR_WSS_TIMESTAMP_IN_FUTURE';
  readonly faultCode = 'MessageExpired';
}
export class TimestampLifetimeError extends WssError {
  readonly code = 'ERR_WSS_TIMESTAMP_LIFETIME';
  readonly faultCode = 'MessageExpired';
}
export class UsernameTokenMissingError extends WssError {
  readonly code = 'ERR_WSS_USERNAME_TOKEN_MISSING';
  readonly faultCode = 'FailedAuthentication';
}
export class BadCredentialsError extends WssError {
  readonly code = 'ERR_WSS_BAD_CREDENTIALS';
  readonly faultCode = 'FailedAuthentication';
}
export class PasswordTypeNotAcceptedError extends WssError {
  readonly code = 'ERR_WSS_PASSWORD_TYPE_NOT_ACCEPTED';
  readonly faultCode = 'FailedAuthentication';
}
export class UsernameTokenExpiredError extends WssError {
  readonly code = 'ERR_WSS_USERNAME_TOKEN_EXPIRED';
  readonly faultCode = 'MessageExpired';
}
export class KerberosTokenMissingError extends WssError {
  readonly code = 'ERR_WSS_KERBEROS_TOKEN_MISSING';
  readonly faultCode = 'FailedAuthentication';
}
/** No token of Kerberos, or not for us, or changed: deliberately one text for every key that does not open it. */
export class KerberosTokenInvalidError extends WssError {
  readonly code = 'ERR_WSS_KERBEROS_TOKEN_INVALID';
  readonly faultCode = 'FailedAuthentication';
}
/** The ticket has ended or has not begun, or the authenticator was made at another time than now. */
export class KerberosTokenTimeError extends WssError {
  readonly code = 'ERR_WSS_KERBEROS_TOKEN_TIME';
  readonly faultCode = 'MessageExpired';
}
/** The ticket is good, but not of a client that the policy accepts. */
export class KerberosPrincipalError extends WssError {
  readonly code = 'ERR_WSS_KERBEROS_PRINCIPAL';
  readonly faultCode = 'FailedAuthentication';
}
export class SignatureMissingError extends WssError {
  readonly code = 'ERR_WSS_SIGNATURE_MISSING';
  readonly faultCode = 'InvalidSecurity';
}
export class SignatureInvalidError extends WssError {
  readonly code = 'ERR_WSS_SIGNATURE_INVALID';
  readonly faultCode = 'FailedCheck';
}
export class DigestMismatchError extends WssError {
  readonly code = 'ERR_WSS_DIGEST_MISMATCH';
  readonly faultCode = 'FailedCheck';
}
export class PartNotSignedError extends WssError {
  readonly code = 'ERR_WSS_PART_NOT_SIGNED';
  readonly faultCode = 'FailedCheck';
}
export class PartNotEncryptedError extends WssError {
  readonly code = 'ERR_WSS_PART_NOT_ENCRYPTED';
  readonly faultCode = 'FailedCheck';
}
/** An xop:Include that is not what XOP 1.0 makes of one part of this message. */
export class XopError extends WssError {
  readonly code = 'ERR_WSS_XOP';
  readonly faultCode = 'InvalidSecurity';
}
/** The message has attachments, and the policy lets none pass, or none that it does not protect. */
export class AttachmentsNotAllowedError extends WssError {
  readonly code = 'ERR_WSS_ATTACHMENTS_NOT_ALLOWED';
  readonly faultCode = 'InvalidSecurity';
}
/** A part that `secure` must sign or encrypt is not in the message. */
export class PartMissingError extends WssError {
  readonly code = 'ERR_WSS_PART_MISSING';
  readonly faultCode = 'InvalidSecurity';
}
export class EncryptedDataNotSignedError extends WssError {
  readonly code = 'ERR_WSS_ENCRYPTED_DATA_NOT_SIGNED';
  readonly faultCode = 'FailedCheck';
}
/** Any failure to unwrap a key or decrypt data: deliberately one class and one text, whatever went wrong. */
export class DecryptionFailedError extends WssError {
  readonly code = 'ERR_WSS_DECRYPTION_FAILED';
  readonly faultCode = 'FailedCheck';
}
/** The algorithm is one we implement, but this policy does not accept it. */
export class AlgorithmNotAcceptedError extends WssError {
  readonly code = 'ERR_WSS_ALGORITHM_NOT_ACCEPTED';
  readonly faultCode = 'UnsupportedAlgorithm';
}
export class UnsupportedAlgorithmError extends WssError {
  readonly code = 'ERR_WSS_UNSUPPORTED_ALGORITHM';
  readonly faultCode = 'UnsupportedAlgorithm';
}
export class UnsupportedTokenError extends WssError {
  readonly code = 'ERR_WSS_UNSUPPORTED_TOKEN';
  readonly faultCode = 'UnsupportedSecurityToken';
}
export class InvalidTokenError extends WssError {
  readonly code = 'ERR_WSS_INVALID_TOKEN';
  readonly faultCode = 'InvalidSecurityToken';
}
/** The message names a key or certificate that neither it nor the policy holds. */
export class KeyNotFoundError extends WssError {
  readonly code = 'ERR_WSS_KEY_NOT_FOUND';
  readonly faultCode = 'SecurityTokenUnavailable';
}
export class KeyNotAcceptedError extends WssError {
  readonly code = 'ERR_WSS_KEY_NOT_ACCEPTED';
  readonly faultCode = 'InvalidSecurityToken';
}
export class CertificateUntrustedError extends WssError {
  readonly code = 'ERR_WSS_CERTIFICATE_UNTRUSTED';
  readonly faultCode = 'FailedAuthentication';
}
export class CertificateExpiredError extends WssError {
  readonly code = 'ERR_WSS_CERTIFICATE_EXPIRED';
  readonly faultCode = 'FailedAuthentication';
}
export class CertificateRevokedError extends WssError {
  readonly code = 'ERR_WSS_CERTIFICATE_REVOKED';
  readonly faultCode = 'FailedAuthentication';
}
export class RevocationUnknownError extends WssError {
  readonly code = 'ERR_WSS_REVOCATION_UNKNOWN';
  readonly faultCode = 'FailedAuthentication';
}
/** The chain is good, but subject, issuer, names or key usage are not those the policy demands. */
export class CertificateConstraintError extends WssError {
  readonly code = 'ERR_WSS_CERTIFICATE_CONSTRAINT';
  readonly faultCode = 'FailedAuthentication';
}
/** No trusted signature is over the message's signature, or not in the way that the policy demands. */
export class EndorsementMissingError extends WssError {
  readonly code = 'ERR_WSS_ENDORSEMENT_MISSING';
  readonly faultCode = 'FailedAuthentication';
}
export class SignatureConfirmationError extends WssError {
  readonly code = 'ERR_WSS_SIGNATURE_CONFIRMATION';
  readonly faultCode = 'FailedCheck';
}
/** A rule of the Basic Security Profile is broken, and the policy is Strict about them. */
export class BspViolationError extends WssError {
  readonly code = 'ERR_WSS_BSP';
  readonly faultCode = 'InvalidSecurity';
}
export class ReplayedError extends WssError {
  readonly code = 'ERR_WSS_REPLAYED';
  readonly faultCode = 'FailedAuthentication';
}

/** Base of everything that is wrong with WS-Addressing headers that a policy demands. */
export abstract class AddressingError extends WssError {
  readonly faultCode = 'InvalidSecurity';
}
/** A header twice, both versions, an endpoint reference without Address, and the like. */
export class AddressingInvalidError extends AddressingError {
  readonly code = 'ERR_WSS_ADDRESSING_INVALID';
}
export class MessageIdMissingError extends AddressingError {
  readonly code = 'ERR_WSS_MESSAGE_ID_MISSING';
}
/** Action is missing, or is not what the HTTP message says. */
export class ActionMismatchError extends AddressingError {
  readonly code = 'ERR_WSS_ACTION_MISMATCH';
}
/** The answer relates to another request than ours, or to none. */
export class RelatesToMismatchError extends AddressingError {
  readonly code = 'ERR_WSS_RELATES_TO_MISMATCH';
}
export class ReplyToNotAllowedError extends AddressingError {
  readonly code = 'ERR_WSS_REPLY_TO_NOT_ALLOWED';
}
