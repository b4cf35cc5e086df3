/** The names of SAML and of the WSS SAML token profile 1.1. */

import type { XmlIndex } from '../../xml/xml-index.ts';

const PROFILE_10 = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0';
const PROFILE_11 = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1';

/** A kind of SAML assertion and how it is referred to (WSS SAML token profile 1.1 §3.4). */
export interface SamlVersion {
  readonly name: '1.1' | '2.0';
  readonly namespace: string;
  /** Name of the attribute with the assertion's identifier. */
  readonly idAttribute: string;
  /** ValueType of a KeyIdentifier that is the assertion's identifier. */
  readonly valueType: string;
  /** All that are in use for it, the one of the token profile first. */
  readonly tokenTypes: readonly [string, ...string[]];
}

export const SAML1: SamlVersion = {
  name: '1.1',
  namespace: 'urn:oasis:names:tc:SAML:1.0:assertion',
  idAttribute: 'AssertionID',
  valueType: `${PROFILE_10}#SAMLAssertionID`,
  tokenTypes: [`${PROFILE_11}#SAMLV1.1`, 'urn:oasis:names:tc:SAML:1.0:assertion', `${PROFILE_10}#SAMLAssertion-1.1`],
};
export const SAML2: SamlVersion = {
  name: '2.0',
  namespace: 'urn:oasis:names:tc:SAML:2.0:assertion',
  idAttribute: 'ID',
  valueType: `${PROFILE_11}#SAMLID`,
  tokenTypes: [`${PROFILE_11}#SAMLV2.0`, 'urn:oasis:names:tc:SAML:2.0:assertion', `${PROFILE_10}#SAMLAssertion-2.0`],
};
export const SAML_VERSIONS: readonly SamlVersion[] = [SAML1, SAML2];

/** Whether an element is a SAML assertion; an encrypted one is not. */
export function isAssertion(index: XmlIndex, element: number): boolean {
  return SAML_VERSIONS.some(({ namespace }) => index.is(element, namespace, 'Assertion'));
}

export function isEncryptedAssertion(index: XmlIndex, element: number): boolean {
  return index.is(element, SAML2.namespace, 'EncryptedAssertion');
}
