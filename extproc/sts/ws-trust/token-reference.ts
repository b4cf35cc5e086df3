/** How an answer says that messages refer to the token (WS-Trust 1.3 §4.4.1 and §4.4.2). */

import type { TokenReference } from '../../wss/issued-token.ts';
import { WSSE, WSSE11 } from '../../wss/namespaces.ts';
import { optionalChild, textOf } from '../../wss/structure.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { samlReference } from './saml.ts';
import { SAML_VERSIONS } from '../../wss/saml/versions.ts';

/**
 * Finds how a message that holds the token refers to it: as the answer says, else by the token's own identifier.
 *
 * @param response the RequestSecurityTokenResponse
 * @param namespace that of the version of WS-Trust
 * @param token the token's element
 * @returns undefined when there is no way that we can write
 * @throws InvalidStructureError
 */
export function findReference(
  index: XmlIndex,
  response: number,
  namespace: string,
  token: number,
): TokenReference | undefined {
  const attached = readReference(index, optionalChild(index, response, namespace, 'RequestedAttachedReference'));
  if (attached !== undefined) return attached;
  // Made for messages without the token, where an id of an element would lead nowhere; an identifier is good in both.
  const unattached = readReference(index, optionalChild(index, response, namespace, 'RequestedUnattachedReference'));
  return unattached?.form === 'KeyIdentifier' ? unattached : samlReference(index, token);
}

/** @param holder the element around the SecurityTokenReference, or -1 */
function readReference(index: XmlIndex, holder: number): TokenReference | undefined {
  const reference = holder === -1 ? -1 : optionalChild(index, holder, WSSE, 'SecurityTokenReference');
  const child = reference === -1 ? -1 : index.firstChild(reference);
  if (child === -1 || index.nextSibling(child) !== -1) return undefined;
  const tokenType = index.attribute(reference, WSSE11, 'TokenType');
  const valueType = index.attribute(child, '', 'ValueType');
  const types = { ...(valueType !== undefined && { valueType }), ...(tokenType !== undefined && { tokenType }) };
  if (index.is(child, WSSE, 'Reference')) {
    const uri = index.attribute(child, '', 'URI') ?? '';
    return uri.length > 1 && uri.startsWith('#') ? { form: 'Direct', value: uri.slice(1), ...types } : undefined;
  }
  if (!index.is(child, WSSE, 'KeyIdentifier')) return undefined;
  const saml = SAML_VERSIONS.find((version) => version.valueType === valueType);
  // Octets in an encoding; identifiers of assertions are text, whatever else is said.
  if (saml === undefined && index.attribute(child, '', 'EncodingType') !== undefined) return undefined;
  const value = textOf(index, child).trim();
  if (value === '') return undefined;
  return { form: 'KeyIdentifier', value, ...(saml && { tokenType: saml.tokenTypes[0] }), ...types };
}
