/** The URIs that token types go by. */

import { SAML1, SAML2, SAML_VERSIONS, type SamlVersion } from '../../wss/saml/versions.ts';

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
