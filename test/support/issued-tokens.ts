/** Tokens as a token service issues them, and how messages refer to them. */

import { createSecretKey } from 'node:crypto';
import type { TokenInUse, TokenReference } from '../../extproc/wss/issued-token.ts';

export const SAML2 = 'urn:oasis:names:tc:SAML:2.0:assertion';
/** SAML token profile 1.1 §3.2, §3.4. */
export const SAML2_TOKEN_TYPE = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0';
export const SAML_ID = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID';

export const TOKEN_ID = '_a1b2c3';
/** Of a shape that nobody else's serializer would write: each byte has to stay. */
export const ASSERTION =
  `<saml:Assertion\n  xmlns:saml='${SAML2}' ID = "${TOKEN_ID}" Version="2.0" note="a>b" ><saml:Issuer>Zoë &amp;\r\n` +
  `Sons</saml:Issuer><!-- kept --><saml:Subject></saml:Subject><saml:Advice/></saml:Assertion >`;

export const BY_KEY_IDENTIFIER: TokenReference = {
  form: 'KeyIdentifier',
  value: TOKEN_ID,
  valueType: SAML_ID,
  tokenType: SAML2_TOKEN_TYPE,
};
export const BY_ID: TokenReference = { form: 'Direct', value: TOKEN_ID, tokenType: SAML2_TOKEN_TYPE };

export const TOKEN_SECRET = createSecretKey(Buffer.alloc(32, 7));

/** The assertion on its way into a message that is signed with its key. */
export function tokenInUse(key = TOKEN_SECRET, xml = ASSERTION, reference = BY_KEY_IDENTIFIER): TokenInUse {
  return { token: { bytes: new Uint8Array(Buffer.from(xml)), reference }, key };
}

/** A token that only has to be there. */
export function bearerToken(xml = ASSERTION): TokenInUse {
  return { token: { bytes: new Uint8Array(Buffer.from(xml)) } };
}
