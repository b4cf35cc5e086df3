/** How a caller proved who he is, as assertions say it. */

export type AuthnMethod = 'Password' | 'X509' | 'TLSClient' | 'Kerberos' | 'Unspecified';

/** SAML 1.1 Core §7.1 and SAML 2.0 Authentication Context §3.4. */
const uris: Readonly<Record<AuthnMethod, Readonly<Record<'1.1' | '2.0', string>>>> = {
  Password: {
    '1.1': 'urn:oasis:names:tc:SAML:1.0:am:password',
    '2.0': 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password',
  },
  X509: { '1.1': 'urn:oasis:names:tc:SAML:1.0:am:X509-PKI', '2.0': 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509' },
  TLSClient: { '1.1': 'urn:ietf:rfc:2246', '2.0': 'urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient' },
  Kerberos: { '1.1': 'urn:ietf:rfc:1510', '2.0': 'urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos' },
  Unspecified: {
    '1.1': 'urn:oasis:names:tc:SAML:1.0:am:unspecified',
    '2.0': 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified',
  },
};

/** AuthenticationMethod (1.1) or AuthnContextClassRef (2.0). */
export function authnUri(authn: AuthnMethod | { readonly uri: string }, version: '1.1' | '2.0'): string {
  return typeof authn === 'string' ? uris[authn][version] : authn.uri;
}
