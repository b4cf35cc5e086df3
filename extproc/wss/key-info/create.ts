import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../keys/certificate.ts';
import { escapeAttribute, escapeText } from '../../xml/escape.ts';
import { KeyNotAcceptedError, KeyNotFoundError } from '../errors.ts';
import type { TokenReference } from '../issued-token.ts';
import {
  BASE64_BINARY,
  ENCRYPTED_KEY_SHA1,
  ENCRYPTED_KEY_TOKEN,
  GSS_KERBEROS_AP_REQ,
  KERBEROS_SHA1,
  THUMBPRINT_SHA1,
  WSSE,
  WSSE11,
  X509_SKI,
  X509_V3,
} from '../namespaces.ts';
import { tokenValueTypes, type TokenType } from '../binary-security-token/certificate-token.ts';
import type { KeyIdentifier } from '../settings.ts';
import { keyValue } from './key-value.ts';

/** The key that a ds:KeyInfo names. */
export interface NamedKey {
  readonly certificate?: Certificate;
  /** For KeyValue, when there is no certificate: a public or a private key. */
  readonly key?: KeyObject;
  /** For KeyName. */
  readonly name: string;
}

/**
 * Whether the key is named through a wsse:SecurityTokenReference, which the STR-Transform needs to find an X.509 token.
 * The other forms stand in ds:KeyInfo by themselves, or name a key that is no X.509 token.
 */
export function namesToken(identifier: KeyIdentifier): boolean {
  return (
    identifier !== 'X509Data' &&
    identifier !== 'KeyValue' &&
    identifier !== 'KeyName' &&
    (!namesSharedKey(identifier) || identifier === 'SAMLAssertion')
  );
}

/** Forms for a key that comes from elsewhere in the message or the exchange, which {@link keyReference} does not write. */
type SharedKeyIdentifier = 'EncryptedKeySHA1' | 'EncryptedKey' | 'UsernameToken' | 'SAMLAssertion' | 'KerberosSHA1';

function namesSharedKey(identifier: KeyIdentifier): identifier is SharedKeyIdentifier {
  return (
    identifier === 'EncryptedKeySHA1' ||
    identifier === 'EncryptedKey' ||
    identifier === 'UsernameToken' ||
    identifier === 'SAMLAssertion'
  );
}

/**
 * Writes the content of a ds:KeyInfo that names an asymmetric or shared key (WSS 1.1 §7, X.509 token profile 1.1 §3.2,
 * XML Signature 1.1 §4.5). The prefixes `ds`, `wsse` and `wsu` must be in scope.
 *
 * @param identifier every form but those for keys of tokens, which name no certificate and are refused
 * @param tokenId wsu:Id of the BinarySecurityToken, for that form
 * @param referenceId wsu:Id that the SecurityTokenReference gets, so that a signature can cover the token through it
 * @param tokenType what the BinarySecurityToken holds
 * @throws {KeyNotAcceptedError} when the form needs a certificate and the key has none
 */
export function keyReference(
  identifier: KeyIdentifier,
  key: NamedKey,
  tokenId: string,
  referenceId?: string,
  tokenType: TokenType = 'X509v3',
): string {
  if (identifier === 'KeyName') return `<ds:KeyName>${escapeText(key.name)}</ds:KeyName>`;
  if (identifier === 'KeyValue') {
    const asymmetric = key.certificate?.publicKey ?? key.key;
    if (asymmetric === undefined || asymmetric.type === 'secret') {
      throw new KeyNotAcceptedError('KeyValue needs an asymmetric key');
    }
    return keyValue(asymmetric);
  }
  if (key.certificate === undefined || namesSharedKey(identifier)) {
    throw new KeyNotAcceptedError(`${identifier} needs a certificate`);
  }
  if (identifier === 'X509Data') {
    // Right in the KeyInfo, as WSS4J, WCF and plain XML Signature read it: within a reference they look for a serial number only.
    return `<ds:X509Data><ds:X509Certificate>${key.certificate.base64}</ds:X509Certificate></ds:X509Data>`;
  }
  const id = referenceId === undefined ? '' : ` wsu:Id="${referenceId}"`;
  if (identifier === 'BinarySecurityToken') return tokenReference(tokenId, id, tokenType);
  const reference = certificateReference(identifier, key.certificate);
  return `<wsse:SecurityTokenReference${id}>${reference}</wsse:SecurityTokenReference>`;
}

/** Of a chain the reference says twice that it is one, for those who look at its TokenType (WSS 1.1 §7.1, BSP 1.1 R5215 on). */
function tokenReference(tokenId: string, id: string, tokenType: TokenType): string {
  const valueType = tokenValueTypes[tokenType];
  const type = tokenType === 'X509v3' ? '' : ` wsse11:TokenType="${valueType}"`;
  const declaration = type === '' ? '' : ` xmlns:wsse11="${WSSE11}"`;
  return (
    `<wsse:SecurityTokenReference${declaration}${id}${type}>` +
    `<wsse:Reference URI="#${tokenId}" ValueType="${valueType}"></wsse:Reference></wsse:SecurityTokenReference>`
  );
}

function certificateReference(
  identifier: Exclude<KeyIdentifier, SharedKeyIdentifier | 'BinarySecurityToken' | 'KeyName' | 'KeyValue' | 'X509Data'>,
  certificate: Certificate,
): string {
  switch (identifier) {
    case 'IssuerSerial':
      return (
        `<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>${escapeText(certificate.issuer)}</ds:X509IssuerName>` +
        `<ds:X509SerialNumber>${certificate.serialNumber}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>`
      );
    case 'SubjectKeyIdentifier':
      return keyIdentifier(X509_SKI, certificate.subjectKeyIdentifier.toString('base64'));
    case 'ThumbprintSHA1':
      return keyIdentifier(THUMBPRINT_SHA1, certificate.thumbprintSha1.toString('base64'));
    case 'X509Certificate':
      return keyIdentifier(X509_V3, certificate.base64);
  }
}

/**
 * A reference to an EncryptedKey of this exchange by its hash (WSS 1.1 §7.3). The prefix `wsse` must be in scope.
 *
 * @param sha1 base64 SHA-1 of the encrypted octets
 */
export function encryptedKeySha1Reference(sha1: string, referenceId?: string): string {
  const id = referenceId === undefined ? '' : ` wsu:Id="${referenceId}"`;
  return (
    `<wsse:SecurityTokenReference xmlns:wsse11="${WSSE11}"${id} wsse11:TokenType="${ENCRYPTED_KEY_TOKEN}">` +
    `${keyIdentifier(ENCRYPTED_KEY_SHA1, sha1)}</wsse:SecurityTokenReference>`
  );
}

/**
 * A reference to the Kerberos token that came with the request (Kerberos token profile 1.1 §3.3). The prefix `wsse` must be
 * in scope.
 *
 * @param sha1 base64 SHA-1 of the token's octets
 */
export function kerberosSha1Reference(sha1: string): string {
  return (
    `<wsse:SecurityTokenReference xmlns:wsse="${WSSE}" xmlns:wsse11="${WSSE11}" wsse11:TokenType="${GSS_KERBEROS_AP_REQ}">` +
    `${keyIdentifier(KERBEROS_SHA1, sha1)}</wsse:SecurityTokenReference>`
  );
}

/**
 * A reference to a token that somebody else made (WSS 1.1 §7; SAML token profile 1.1 §3.3, §3.4). The prefixes `wsse` and
 * `wsu` must be in scope.
 *
 * @param referenceId wsu:Id that the SecurityTokenReference gets, so that a signature can cover the token through it
 * @throws {KeyNotFoundError} when whoever made the token did not say how to refer to it
 */
export function issuedTokenReference(reference: TokenReference | undefined, referenceId?: string): string {
  if (reference === undefined) throw new KeyNotFoundError('The issued token came without a reference to it');
  const { form, value, valueType, tokenType } = reference;
  const id = referenceId === undefined ? '' : ` wsu:Id="${referenceId}"`;
  const type = tokenType === undefined ? '' : ` wsse11:TokenType="${escapeAttribute(tokenType)}"`;
  const declaration = type === '' ? '' : ` xmlns:wsse11="${WSSE11}"`;
  const valueTypeText = valueType === undefined ? '' : ` ValueType="${escapeAttribute(valueType)}"`;
  // Of all tokens that others make only assertions have identifiers that are no base64 (BSP 1.1 R3070).
  const encoding = valueType === KERBEROS_SHA1 ? ` EncodingType="${BASE64_BINARY}"` : '';
  const content =
    form === 'Direct'
      ? `<wsse:Reference URI="#${escapeAttribute(value)}"${valueTypeText}></wsse:Reference>`
      : `<wsse:KeyIdentifier${encoding}${valueTypeText}>${escapeText(value)}</wsse:KeyIdentifier>`;
  return `<wsse:SecurityTokenReference${declaration}${id}${type}>${content}</wsse:SecurityTokenReference>`;
}

/**
 * A reference to an EncryptedKey of this message by its Id. It stands in an EncryptedData anywhere in the message, so it
 * declares its own namespaces.
 */
export function encryptedKeyReference(encryptedKeyId: string): string {
  return (
    `<wsse:SecurityTokenReference xmlns:wsse="${WSSE}" xmlns:wsse11="${WSSE11}" wsse11:TokenType="${ENCRYPTED_KEY_TOKEN}">` +
    `<wsse:Reference URI="#${encryptedKeyId}"></wsse:Reference></wsse:SecurityTokenReference>`
  );
}

function keyIdentifier(valueType: string, value: string): string {
  return `<wsse:KeyIdentifier EncodingType="${BASE64_BINARY}" ValueType="${valueType}">${value}</wsse:KeyIdentifier>`;
}
