/** Token assertions (WS-SecurityPolicy 1.3 §5). */

import type { SecurityTokenServiceSpec } from '../../../crds/token-service-types.ts';
import { SECURITY_POLICY_12 } from '../ws-policy/namespaces.ts';
import { element, nested, type XmlElement } from './xml.ts';

const TRUST = {
  '1.3': 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
  '1.4': 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
  '2005-02': 'http://schemas.xmlsoap.org/ws/2005/02/trust',
} as const;
const TOKEN_TYPES: Readonly<Record<string, string>> = {
  SAML1: 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1',
  SAML2: 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0',
};

const TOKEN_TYPES_X509: Readonly<Record<string, string>> = {
  X509PKIPathv1: 'WssX509PkiPathV1Token11',
  PKCS7: 'WssX509Pkcs7Token11',
};
const REFERENCES: Readonly<Record<string, string>> = {
  IssuerSerial: 'RequireIssuerSerialReference',
  ThumbprintSHA1: 'RequireThumbprintReference',
  SubjectKeyIdentifier: 'RequireKeyIdentifierReference',
};

/** @param signing how signatures name the token; @param encrypting how EncryptedKeys do */
export function x509(
  signing: string | undefined,
  encrypting: string | undefined,
  inclusion: 'AlwaysToRecipient' | 'AlwaysToInitiator',
  { tokenType = 'X509v3', derivedKeys = false }: { tokenType?: string; derivedKeys?: boolean } = {},
): XmlElement {
  if (signing === 'KeyValue')
    return element('sp:KeyValueToken', includeToken('Never'), [element('wsp:Policy', {}, [element('sp:RsaKeyValue')])]);
  const included = signing === 'BinarySecurityToken';
  const reference = REFERENCES[(included ? encrypting : (signing ?? encrypting)) ?? ''];
  return nested(
    'sp:X509Token',
    [
      reference === undefined ? undefined : element(`sp:${reference}`),
      derivedKeys ? element('sp:RequireDerivedKeys') : undefined,
      element(`sp:${TOKEN_TYPES_X509[tokenType] ?? 'WssX509V3Token10'}`),
    ],
    includeToken(included ? inclusion : 'Never'),
  );
}

export function includeToken(inclusion: string): Record<string, string> {
  return { 'sp:IncludeToken': `${SECURITY_POLICY_12}/IncludeToken/${inclusion}` };
}

export function issued(service: SecurityTokenServiceSpec | undefined): XmlElement {
  const { url, version = '1.3', tokenType, keyType, keySize, claims = [] } = service?.wsTrust ?? {};
  const trust = TRUST[version];
  const keyTypes = { Bearer: 'Bearer', Symmetric: 'SymmetricKey', Public: 'PublicKey' } as const;
  const identity = 'http://schemas.xmlsoap.org/ws/2005/05/identity';
  return element('sp:IssuedToken', includeToken('AlwaysToRecipient'), [
    url === undefined ? undefined : element('sp:Issuer', {}, [element('wsa:Address', {}, url)]),
    element('sp:RequestSecurityTokenTemplate', { 'xmlns:t': trust }, [
      tokenType === undefined ? undefined : element('t:TokenType', {}, TOKEN_TYPES[tokenType] ?? tokenType),
      keyType === undefined ? undefined : element('t:KeyType', {}, `${trust}/${keyTypes[keyType]}`),
      keySize === undefined ? undefined : element('t:KeySize', {}, String(keySize)),
      claims.length === 0
        ? undefined
        : element(
            't:Claims',
            { Dialect: identity, 'xmlns:ic': identity },
            claims.map(({ type, optional }) =>
              element('ic:ClaimType', { Uri: type, ...(optional && { Optional: 'true' }) }),
            ),
          ),
    ]),
    element('wsp:Policy', {}, [element('sp:RequireInternalReference')]),
  ]);
}
