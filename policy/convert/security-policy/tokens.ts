/** Token assertions (WS-SecurityPolicy 1.3 §5). */

import type { Signature } from '../../../crds/types.ts';
import type { Findings } from '../finding.ts';
import { SECURITY_POLICY } from '../ws-policy/namespaces.ts';
import type { Assertion } from '../ws-policy/policy.ts';

const KINDS = [
  ...['X509Token', 'UsernameToken', 'IssuedToken', 'SamlToken', 'KerberosToken', 'HttpsToken', 'KeyValueToken'],
  ...['SecureConversationToken', 'SecurityContextToken', 'SpnegoContextToken', 'RelToken'],
] as const;
export type TokenKind =
  | 'X509Token'
  | 'UsernameToken'
  | 'IssuedToken'
  | 'SamlToken'
  | 'KerberosToken'
  | 'HttpsToken'
  | 'KeyValueToken'
  | 'SecureConversationToken'
  | 'SecurityContextToken'
  | 'SpnegoContextToken'
  | 'RelToken';

/** §5.1.1. */
export type Inclusion = 'Never' | 'Once' | 'AlwaysToRecipient' | 'AlwaysToInitiator' | 'Always';

export interface Token {
  readonly kind: TokenKind;
  readonly assertion: Assertion;
  readonly include: Inclusion;
  /** Keys are derived from the token's: §5.1.3. */
  readonly derivedKeys: boolean;
  /** Whether its nested policy has this assertion. */
  readonly has: (localName: string) => boolean;
}

/** Nested assertions that are understood; which of them can be expressed is for those who use the token. */
const COMMON = ['RequireDerivedKeys', 'RequireExplicitDerivedKeys', 'RequireImpliedDerivedKeys'];
const REFERENCES = ['RequireKeyIdentifierReference', 'RequireIssuerSerialReference', 'RequireThumbprintReference'];
const INTERNAL = ['RequireInternalReference', 'RequireExternalReference', 'RequireEmbeddedTokenReference'];
const X509 = [...REFERENCES, 'RequireEmbeddedTokenReference', 'WssX509V3Token10', 'WssX509V3Token11'];
const X509_OTHER = ['WssX509V1Token10', 'WssX509V1Token11', 'WssX509Pkcs7Token10', 'WssX509Pkcs7Token11'];
const X509_PATHS = ['WssX509PkiPathV1Token10', 'WssX509PkiPathV1Token11'];
const USERNAME = ['NoPassword', 'HashPassword', 'Created', 'Nonce', 'WssUsernameToken10', 'WssUsernameToken11'];
const SAML = ['WssSamlV10Token10', 'WssSamlV11Token10', 'WssSamlV10Token11', 'WssSamlV11Token11', 'WssSamlV20Token11'];
const KERBEROS = ['WssKerberosV5ApReqToken11', 'WssGssKerberosV5ApReqToken11'];
const HTTPS = ['RequireClientCertificate', 'HttpBasicAuthentication', 'HttpDigestAuthentication'];

const KNOWN: Readonly<Record<TokenKind, readonly string[]>> = {
  X509Token: [...COMMON, ...X509, ...X509_OTHER, ...X509_PATHS],
  UsernameToken: [...COMMON, ...USERNAME],
  IssuedToken: [...COMMON, ...INTERNAL],
  SamlToken: [...COMMON, ...REFERENCES, ...INTERNAL, ...SAML],
  KerberosToken: [...COMMON, ...REFERENCES, ...KERBEROS],
  HttpsToken: HTTPS,
  KeyValueToken: ['RsaKeyValue'],
  SecureConversationToken: [],
  SecurityContextToken: [],
  SpnegoContextToken: [],
  RelToken: [],
};

/** Reads the tokens among the assertions of a nested policy; anything else there is for the caller. */
export function readTokens(assertions: readonly Assertion[], findings: Findings): Token[] {
  return assertions.filter(isToken).map((assertion) => readToken(assertion, findings));
}

export function isToken({ namespace, localName }: Assertion): boolean {
  return SECURITY_POLICY.has(namespace) && (KINDS as readonly string[]).includes(localName);
}

function readToken(assertion: Assertion, findings: Findings): Token {
  const kind = assertion.localName as TokenKind;
  const nested = assertion.nested ?? [];
  const names = new Set(nested.map(({ localName }) => localName));
  const known = KNOWN[kind];
  // What is in a token that cannot be expressed at all need not be named one by one.
  for (const each of known.length > 0 ? nested : []) {
    if (each.optional || each.ignorable || (SECURITY_POLICY.has(each.namespace) && known.includes(each.localName)))
      continue;
    findings.error(
      'UnknownAssertion',
      each.name,
      each.place,
      `is not known in ${assertion.name}; ask the partner what it demands`,
    );
  }
  if (kind === 'HttpsToken' && flag(assertion, 'RequireClientCertificate')) names.add('RequireClientCertificate');
  return {
    kind,
    assertion,
    include: inclusionOf(assertion),
    derivedKeys: COMMON.some((name) => names.has(name)),
    has: (localName) => names.has(localName),
  };
}

/** WS-SecurityPolicy 1.1 writes as attribute what 1.2 writes as nested policy. */
function flag({ document, element }: Assertion, name: string): boolean {
  const value = document.index.attribute(element, '', name)?.trim();
  return value === 'true' || value === '1';
}

function inclusionOf({ document, element }: Assertion): Inclusion {
  for (const namespace of SECURITY_POLICY) {
    const value = document.index.attribute(element, namespace, 'IncludeToken')?.trim();
    const name = value?.slice(value.lastIndexOf('/') + 1);
    if (name === 'Never' || name === 'Once' || name === 'AlwaysToRecipient' || name === 'AlwaysToInitiator')
      return name;
  }
  return 'Always';
}

/** Whether messages of this direction carry the token, or only refer to it. */
export function isIncluded({ include }: Token, direction: 'input' | 'output'): boolean {
  if (include === 'Always') return true;
  return direction === 'input'
    ? include === 'AlwaysToRecipient' || include === 'Once'
    : include === 'AlwaysToInitiator';
}

/** §8: what kinds of references the partner understands. */
export interface References {
  readonly thumbprint: boolean;
  readonly keyIdentifier: boolean;
  readonly issuerSerial: boolean;
}

/** How a message names the certificate of an X.509 token. */
export function keyIdentifierOf(
  token: Token,
  direction: 'input' | 'output',
  references: References,
): NonNullable<Exclude<Signature['keyIdentifier'], 'EncryptedKeySHA1' | 'SAMLAssertion'>> {
  if (token.kind === 'KeyValueToken') return 'KeyValue';
  if (isIncluded(token, direction)) return 'BinarySecurityToken';
  if (token.has('RequireThumbprintReference')) return 'ThumbprintSHA1';
  if (token.has('RequireIssuerSerialReference')) return 'IssuerSerial';
  if (token.has('RequireKeyIdentifierReference')) return 'SubjectKeyIdentifier';
  if (token.has('RequireEmbeddedTokenReference')) return 'BinarySecurityToken';
  if (references.thumbprint) return 'ThumbprintSHA1';
  if (references.issuerSerial || !references.keyIdentifier) return 'IssuerSerial';
  return 'SubjectKeyIdentifier';
}

/** Type of the BinarySecurityToken: undefined for a certificate alone. */
export function tokenTypeOf(token: Token): 'X509PKIPathv1' | 'PKCS7' | undefined {
  if (X509_PATHS.some((name) => token.has(name))) return 'X509PKIPathv1';
  return token.has('WssX509Pkcs7Token10') || token.has('WssX509Pkcs7Token11') ? 'PKCS7' : undefined;
}

/** Whether a private key goes with it, which signs, or opens what is encrypted for its certificate. */
export function isCertificate({ kind }: Token): boolean {
  return kind === 'X509Token' || kind === 'KeyValueToken';
}
