/**
 * Finding the parts of a message by their place. A part is never found by an id or by a name at any depth: that is what
 * signature wrapping lives on. Used by `secure` to choose what to protect and by `verify` to check what was protected.
 */

import { DS, WSSE, WSU } from './namespaces.ts';
import { SAML_VERSIONS } from './saml/versions.ts';
import type { Part } from './settings.ts';
import type { SoapMessage } from './soap.ts';

/**
 * Finds the elements that a part of the policy means.
 *
 * @param message the scanned message
 * @param security the Security header of our actor, or -1 when there is none
 * @param part what the policy names; `Token` means the BinarySecurityTokens of our Security header, `Assertion` its
 *   SAML assertions
 * @returns the elements in document order; empty when the message holds none
 */
export function findPart(message: SoapMessage, security: number, part: Part): number[] {
  switch (part.kind) {
    case 'Body':
      return [message.body];
    case 'Timestamp':
      return childrenOf(message, security, WSU, 'Timestamp');
    case 'Token':
      return childrenOf(message, security, WSSE, 'BinarySecurityToken');
    case 'UsernameToken':
      return childrenOf(message, security, WSSE, 'UsernameToken');
    case 'Signature':
      return childrenOf(message, security, DS, 'Signature');
    case 'Assertion':
      return SAML_VERSIONS.flatMap(({ namespace }) => childrenOf(message, security, namespace, 'Assertion'));
    case 'Header':
      return childrenOf(message, message.header, part.namespace, part.name).filter((block) => block !== security);
    case 'Element':
      return descendantsOfBody(message, part.namespace, part.name);
  }
}

/** Says a part in words, for reasons in logs and errors. */
export function describePart(part: Part): string {
  switch (part.kind) {
    case 'Header':
      return part.name === undefined ? `headers of ${part.namespace}` : `header {${part.namespace}}${part.name}`;
    case 'Element':
      return `element {${part.namespace}}${part.name}`;
    default:
      return part.kind;
  }
}

/** Children of one name, or of one namespace when `localName` is absent. */
function childrenOf(message: SoapMessage, parent: number, namespace: string, localName?: string): number[] {
  const { index } = message;
  const found: number[] = [];
  if (parent === -1) return found;
  for (let child = index.firstChild(parent); child !== -1; child = index.nextSibling(child)) {
    const wanted =
      localName === undefined ? index.namespaceUri(child) === namespace : index.is(child, namespace, localName);
    if (wanted) found.push(child);
  }
  return found;
}

function descendantsOfBody(message: SoapMessage, namespace: string, localName: string): number[] {
  const { index, body } = message;
  const found: number[] = [];
  const end = index.subtreeEnd(body);
  for (let element = body + 1; element < end; element++) {
    if (index.is(element, namespace, localName)) found.push(element);
  }
  return found;
}
