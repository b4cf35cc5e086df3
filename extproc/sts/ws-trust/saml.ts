/** The little that we read in SAML assertions; what they assert is for whoever the message goes to. */

import { parseDateTime } from '../../wss/date-time.ts';
import type { TokenReference } from '../../wss/issued-token.ts';
import { optionalChild } from '../../wss/structure.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { TokenAnswerError } from '../errors.ts';
import { SAML_VERSIONS, type SamlVersion } from '../../wss/saml/versions.ts';

/** The version of SAML that an element is an assertion of; undefined when it is none, or an encrypted one. */
export function samlVersionOf(index: XmlIndex, element: number): SamlVersion | undefined {
  return SAML_VERSIONS.find(({ namespace }) => index.is(element, namespace, 'Assertion'));
}

/**
 * When an assertion ends: NotOnOrAfter of its Conditions (SAML 2.0 Core §2.5.1.2, SAML 1.1 Core §2.3.2.1).
 *
 * @returns milliseconds since 1970; undefined when the element is no readable assertion, or has no end
 * @throws {TokenAnswerError} when it has one that cannot be read
 */
export function readSamlExpiry(index: XmlIndex, element: number): number | undefined {
  const version = samlVersionOf(index, element);
  if (version === undefined) return undefined;
  const conditions = optionalChild(index, element, version.namespace, 'Conditions');
  const end = conditions === -1 ? undefined : index.attribute(conditions, '', 'NotOnOrAfter');
  if (end === undefined) return undefined;
  const expires = parseDateTime(end);
  if (expires === undefined) throw new TokenAnswerError("the token's NotOnOrAfter is not a dateTime in UTC");
  return expires;
}

/** How a signature refers to an assertion by its identifier (WSS SAML token profile 1.1 §3.4). */
export function samlReference(index: XmlIndex, element: number): TokenReference | undefined {
  const version = samlVersionOf(index, element);
  const value = version && index.attribute(element, '', version.idAttribute);
  if (version === undefined || value === undefined || value === '') return undefined;
  return { form: 'KeyIdentifier', value, valueType: version.valueType, tokenType: version.tokenTypes[0] };
}
