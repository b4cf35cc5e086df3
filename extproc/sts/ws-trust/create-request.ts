/** Writing RequestSecurityToken (WS-Trust 1.3 §3 to §8, 1.4 §9.3, Submission of February 2005). */

import { randomBytes } from 'node:crypto';
import { escapeAttribute, escapeText } from '../../xml/escape.ts';
import { DS, WSU } from '../../wss/namespaces.ts';
import { NAMESPACES } from '../../wss/addressing/versions.ts';
import { NoCallerTokenError, NoCredentialError } from '../errors.ts';
import type { TokenCredential, WsTrustSettings } from '../settings.ts';
import { tokenTypeUri } from './token-types.ts';
import { TRUST_14, VOCABULARIES, type Operation, type TrustVocabulary } from './versions.ts';

const POLICY = 'http://schemas.xmlsoap.org/ws/2004/09/policy';
const IDENTITY = 'http://schemas.xmlsoap.org/ws/2005/05/identity';

/** What goes to the token service, and what its answer is judged by. */
export interface TrustRequest {
  /** The RequestSecurityToken element, with every namespace that it needs. */
  readonly body: string;
  /** WS-Addressing Action and SOAPAction of the message. */
  readonly action: string;
  /** Our part of the secret key that the token is to be issued for. */
  readonly entropy?: Buffer;
}

export interface TrustRequestOptions {
  /** Milliseconds since 1970: where a Lifetime that is asked for begins. */
  readonly now: number;
  /** Whose certificate the token is to be issued for (keyType Public). */
  readonly credential?: TokenCredential | undefined;
  /** Element of the token that the caller proved itself with; needed where the settings delegate. */
  readonly caller?: Uint8Array | undefined;
  /** Element of the token to renew, validate or cancel. */
  readonly target?: Uint8Array | undefined;
}

/**
 * Writes the request for one operation.
 *
 * @throws {NoCallerTokenError} when the token is to be issued in the name of a caller and there is none
 * @throws {NoCredentialError} when it is to be issued for a certificate and the credential has none
 */
export function createTrustRequest(
  operation: Operation,
  settings: WsTrustSettings,
  options: TrustRequestOptions,
): TrustRequest {
  const words = VOCABULARIES[settings.version];
  const parts = [element('RequestType', words.requestTypes[operation])];
  const entropy = operation === 'Issue' ? createEntropy(settings) : undefined;
  switch (operation) {
    case 'Issue':
      parts.push(...issueParts(settings, words, options, entropy));
      break;
    case 'Renew':
      parts.push(element('TokenType', tokenTypeUri(settings.tokenType)), targetPart('RenewTarget', options));
      parts.push(...scopeParts(settings, options.now), RENEWING);
      break;
    case 'Validate':
      parts.push(element('TokenType', words.status), targetPart('ValidateTarget', options));
      break;
    case 'Cancel':
      parts.push(targetPart('CancelTarget', options));
      break;
  }
  const body = `<wst:RequestSecurityToken xmlns:wst="${words.namespace}">${parts.join('')}</wst:RequestSecurityToken>`;
  return { body, action: words.actions[operation], ...(entropy && { entropy }) };
}

/** A token that has expired cannot be renewed: whoever found it could. */
const RENEWING = '<wst:Renewing Allow="true" OK="false"></wst:Renewing>';

function issueParts(
  settings: WsTrustSettings,
  words: TrustVocabulary,
  options: TrustRequestOptions,
  entropy: Buffer | undefined,
): string[] {
  const { keyType, keySize, delegation } = settings;
  const parts = [element('TokenType', tokenTypeUri(settings.tokenType)), ...scopeParts(settings, options.now)];
  parts.push(element('KeyType', words.keyTypes[keyType]));
  if (keyType === 'Symmetric') parts.push(element('KeySize', String(keySize)));
  if (entropy !== undefined) {
    const secret = `<wst:BinarySecret Type="${words.nonce}">${entropy.toString('base64')}</wst:BinarySecret>`;
    parts.push(`<wst:Entropy>${secret}</wst:Entropy>`, element('ComputedKeyAlgorithm', words.computedKey));
  }
  if (keyType === 'Public') parts.push(useKeyPart(options.credential));
  if (settings.claims.length > 0) parts.push(claimsPart(settings.claims));
  if (delegation !== undefined) parts.push(delegationPart(delegation, options.caller));
  if (settings.renew) parts.push(RENEWING);
  return parts;
}

/** Where the token is good, and for how long. */
function scopeParts({ appliesTo, addressing, lifetime }: WsTrustSettings, now: number): string[] {
  const parts: string[] = [];
  if (appliesTo !== undefined) {
    const address = `<wsa:Address>${escapeText(appliesTo)}</wsa:Address>`;
    const namespace = NAMESPACES[addressing?.version ?? '1.0'];
    const endpoint = `<wsa:EndpointReference xmlns:wsa="${namespace}">${address}</wsa:EndpointReference>`;
    parts.push(`<wsp:AppliesTo xmlns:wsp="${POLICY}">${endpoint}</wsp:AppliesTo>`);
  }
  if (lifetime !== undefined) {
    const created = `<wsu:Created>${new Date(now).toISOString()}</wsu:Created>`;
    const expires = `<wsu:Expires>${new Date(now + lifetime).toISOString()}</wsu:Expires>`;
    parts.push(`<wst:Lifetime xmlns:wsu="${WSU}">${created}${expires}</wst:Lifetime>`);
  }
  return parts;
}

/** Our entropy is as long as the key, so that it alone would be enough (WS-Trust 1.3 §4.4.4). */
function createEntropy({ keyType, keySize, entropy }: WsTrustSettings): Buffer | undefined {
  return keyType === 'Symmetric' && entropy !== 'Issuer' ? randomBytes(keySize / 8) : undefined;
}

/** The certificate whose key will sign messages with the token (WS-Trust 1.3 §9.2). */
function useKeyPart(credential: TokenCredential | undefined): string {
  const certificate = credential?.key?.certificate;
  if (certificate === undefined) throw new NoCredentialError('the credential has no certificate to issue a token for');
  const data = `<ds:X509Data><ds:X509Certificate>${certificate.base64}</ds:X509Certificate></ds:X509Data>`;
  return `<wst:UseKey><ds:KeyInfo xmlns:ds="${DS}">${data}</ds:KeyInfo></wst:UseKey>`;
}

/** Claims in the dialect of Information Cards (Identity Selector Interoperability Profile 1.5 §3.3.1), which all services know. */
function claimsPart(claims: WsTrustSettings['claims']): string {
  const parts = claims.map(({ type, optional, value }) => {
    const attributes = ` Uri="${escapeAttribute(type)}" Optional="${String(optional)}"`;
    return value === undefined
      ? `<ic:ClaimType${attributes}></ic:ClaimType>`
      : `<ic:ClaimValue${attributes}><ic:Value>${escapeText(value)}</ic:Value></ic:ClaimValue>`;
  });
  return `<wst:Claims Dialect="${IDENTITY}" xmlns:ic="${IDENTITY}">${parts.join('')}</wst:Claims>`;
}

function delegationPart(delegation: 'OnBehalfOf' | 'ActAs', caller: Uint8Array | undefined): string {
  if (caller === undefined) throw new NoCallerTokenError('the message proved no caller whose token could be handed on');
  const token = tokenText(caller);
  return delegation === 'OnBehalfOf'
    ? `<wst:OnBehalfOf>${token}</wst:OnBehalfOf>`
    : `<wst14:ActAs xmlns:wst14="${TRUST_14}">${token}</wst14:ActAs>`;
}

function targetPart(name: string, { target }: TrustRequestOptions): string {
  if (target === undefined) throw new TypeError(`${name} needs a token`);
  return `<wst:${name}>${tokenText(target)}</wst:${name}>`;
}

/** Scanned when it came, so it is UTF-8, and encoding this text again gives the very bytes. */
function tokenText(token: Uint8Array): string {
  return Buffer.from(token.buffer, token.byteOffset, token.length).toString();
}

function element(name: string, text: string): string {
  return `<wst:${name}>${escapeText(text)}</wst:${name}>`;
}
