/** Where our blocks go: the Security header of our actor, there already or to be made. */

import type { SpliceEditor } from '../xml/splice.ts';
import { SecurityHeaderDuplicatedError } from './errors.ts';
import { SOAP11, SOAP12, WSSE, WSU } from './namespaces.ts';
import { insertContent, insertHeaderBlocks, soapAttributes as soapAttributesText } from './soap-header.ts';
import { securityHeaders, type SoapMessage } from './soap.ts';

export interface SecurityHeader {
  /** The Security element of the message, or -1 when the message gets a new one. */
  readonly existing: number;
  /** Namespaces in scope for the child elements of soap:Header. */
  readonly headerScope: ReadonlyMap<string, string>;
  /** Namespaces in scope for the child elements of the Security header. */
  readonly scope: ReadonlyMap<string, string>;
  /** The start tag of a new header; empty when there is one. */
  readonly startTag: string;
  /** mustUnderstand, actor or role and relay of the header, as attributes that any child of soap:Header can carry. */
  readonly soapAttributes: string;
}

const DECLARATIONS = ` xmlns:wsse="${WSSE}" xmlns:wsu="${WSU}"`;

/**
 * Finds the Security header of an actor, or plans a new one (WSS 1.1 §5).
 *
 * @param actor the actor (SOAP 1.1) or role (SOAP 1.2) URI; absent: the ultimate receiver
 * @throws {SecurityHeaderDuplicatedError} when the message has two for this actor
 */
export function planSecurityHeader(
  message: SoapMessage,
  actor: string | undefined,
  mustUnderstand: boolean,
): SecurityHeader {
  const { index, header, envelope } = message;
  const found = securityHeaders(message, actor);
  if (found.length > 1) {
    throw new SecurityHeaderDuplicatedError('The message has more than one Security header for this actor');
  }
  const headerScope = index.namespacesInScope(header === -1 ? envelope : header);
  if (found.length === 1) {
    const existing = found[0];
    const scope = index.namespacesInScope(existing);
    const soapAttributes = soapAttributesText(message, headerScope, existingAttributes(message, existing));
    return { existing, headerScope, scope, startTag: '', soapAttributes };
  }
  const attributes: [string, string][] = [];
  if (mustUnderstand) attributes.push(['mustUnderstand', message.version === '1.1' ? '1' : 'true']);
  if (actor !== undefined && actor !== '') attributes.push([message.version === '1.1' ? 'actor' : 'role', actor]);
  const soapAttributes = soapAttributesText(message, headerScope, attributes);
  const scope = new Map(headerScope).set('wsse', WSSE).set('wsu', WSU);
  const startTag = `<wsse:Security${DECLARATIONS}${soapAttributes}>`;
  return { existing: -1, headerScope, scope, startTag, soapAttributes };
}

/**
 * Puts blocks into the message: at the start of its Security header, so that a receiver meets them before what was there
 * (WSS 1.1 §5), or in a new header, or in a new header of a new soap:Header.
 *
 * @param first what goes before the blocks that are there
 * @param last what goes after them
 */
export function insertSecurityBlocks(
  editor: SpliceEditor,
  message: SoapMessage,
  security: SecurityHeader,
  first: string,
  last: string,
): void {
  if (security.existing !== -1) insertContent(editor, message.index, security.existing, first, last);
  else insertHeaderBlocks(editor, message, `${security.startTag}${first}${last}</wsse:Security>`);
}

function existingAttributes(message: SoapMessage, security: number): [string, string][] {
  const soap = message.version === '1.1' ? SOAP11 : SOAP12;
  return message.index
    .attributes(security)
    .filter((attribute) => attribute.namespaceUri === soap)
    .map((attribute) => [attribute.localName, attribute.value]);
}
