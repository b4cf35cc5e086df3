/** The URIs that token types go by. */

const PROFILE_10 = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0';
const PROFILE_11 = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1';

/** A kind of SAML assertion and how it is referred to (WSS SAML token profile 1.1 §3.4). */
export interface SamlVersion {
  readonly namespace: string;
  /** Name of the attribute with the assertion's identifier. */
  readonly idAttribute: string;
  /** ValueType of a KeyIdentifier that is the assertion's identifier. */
  readonly valueType: string;
  /** All that are in use for it, the one of the token profile first. */
  readonly tokenTypes: readonly [string, ...string[]];
}

const SAML1: SamlVersion = {
  namespace: 'urn:oasis:names:tc:SAML:1.0:assertion',
  idAttribute: 'AssertionID',
  valueType: `${PROFILE_10}#SAMLAssertionID`,
  tokenTypes: [`${PROFILE_11}#SAMLV1.1`, 'urn:oasis:names:tc:SAML:1.0:assertion', `${PROFILE_10}#SAMLAssertion-1.1`],
};
const SAML2: SamlVersion = {
  namespace: 'urn:oasis:names:tc:SAML:2.0:assertion',
  idAttribute: 'ID',
  valueType: `${PROFILE_11}#SAMLID`,
  tokenTypes: [`${PROFILE_11}#SAMLV2.0`, 'urn:oasis:names:tc:SAML:2.0:assertion', `${PROFILE_10}#SAMLAssertion-2.0`],
};
export const SAML_VERSIONS: readonly SamlVersion[] = [SAML1, SAML2];

/** @param tokenType a URI, or one of the names `SAML1` and `SAML2` */
export function tokenTypeUri(tokenType: string): string {
  switch (tokenType) {
    case 'SAML1':
      return SAML1.tokenTypes[0];
    case 'SAML2':
      return SAML2.tokenTypes[0];
    default:
      return tokenType;
  }
}

/** The version of SAML that a token type means; undefined when it means something else. */
export function samlOfTokenType(uri: string): SamlVersion | undefined {
  return SAML_VERSIONS.find(({ tokenTypes }) => tokenTypes.includes(uri));
}

/** Whether two URIs mean the same type of token. */
export function isSameTokenType(a: string, b: string): boolean {
  return a === b || (samlOfTokenType(a) !== undefined && samlOfTokenType(a) === samlOfTokenType(b));
}
