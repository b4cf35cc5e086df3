/** What services demand in the WSDLs of the tests: each binding, token and reference that partners use. */

import { includeToken, nested, type PolicyVersion, type WsdlPolicies } from './policy-wsdl.ts';

const BODY_SIGNED = '<sp:SignedParts><sp:Body/></sp:SignedParts>';
const BODY_PROTECTED = `${BODY_SIGNED}<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>`;
const TIMESTAMP = '<sp:IncludeTimestamp/>';
const ENTIRE = '<sp:OnlySignEntireHeadersAndBody/>';
const LAX = nested('sp:Layout', '<sp:Lax/>');

function suite(name: string): string {
  return nested('sp:AlgorithmSuite', `<sp:${name}/>`);
}

interface X509 {
  readonly version?: PolicyVersion;
  readonly inclusion?: 'Never' | 'AlwaysToRecipient' | 'AlwaysToInitiator';
  readonly kind?: string;
  /** How the token is referred to, or that keys are derived from it. */
  readonly more?: string;
}

function x509({ version = '1.3', inclusion = 'Never', kind = 'WssX509V3Token10', more = '' }: X509 = {}): string {
  return nested(`sp:X509Token${includeToken(version, inclusion)}`, `<sp:${kind}/>`, more);
}

function asymmetric(initiator: string, recipient: string, ...properties: string[]): string {
  return nested(
    'sp:AsymmetricBinding',
    nested('sp:InitiatorToken', initiator),
    nested('sp:RecipientToken', recipient),
    ...properties,
  );
}

function symmetric(protection: string, ...properties: string[]): string {
  return nested('sp:SymmetricBinding', nested('sp:ProtectionToken', protection), ...properties);
}

function transport(...properties: string[]): string {
  const token = nested('sp:TransportToken', nested('sp:HttpsToken'));
  return nested('sp:TransportBinding', token, suite('Basic256Sha256'), LAX, ...properties);
}

const SENDER = x509({ inclusion: 'AlwaysToRecipient' });
const RECEIVER = x509();
const BASIC = [suite('Basic256Sha256'), LAX, TIMESTAMP, ENTIRE];
const DERIVED = '<sp:RequireDerivedKeys/>';
const USERNAME = nested(
  `sp:UsernameToken${includeToken('1.3', 'AlwaysToRecipient')}`,
  '<sp:HashPassword/><sp:WssUsernameToken10/>',
);
const WSS11 = nested('sp:Wss11', '<sp:MustSupportRefThumbprint/><sp:MustSupportRefEncryptedKey/>');
const CONFIRMED = nested('sp:Wss11', '<sp:RequireSignatureConfirmation/>');

/** By name; the names are those of the WSDL files and of the policies made from them. */
export const CATALOG: Readonly<Record<string, WsdlPolicies>> = {
  'asymmetric-signed': { binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_SIGNED },
  'asymmetric-protected': { binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_PROTECTED },
  'asymmetric-protected-soap12': {
    binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_PROTECTED,
    soap: '1.2',
  },
  'asymmetric-of-messages': {
    binding: asymmetric(SENDER, RECEIVER, ...BASIC),
    input: BODY_PROTECTED,
    output: BODY_SIGNED,
  },
  'asymmetric-encrypt-first': {
    binding: asymmetric(SENDER, RECEIVER, ...BASIC, '<sp:EncryptBeforeSigning/>') + BODY_PROTECTED,
  },
  'asymmetric-encrypted-signature': {
    binding: asymmetric(SENDER, RECEIVER, ...BASIC, '<sp:EncryptSignature/>') + BODY_PROTECTED,
  },
  'asymmetric-protected-token': {
    binding: asymmetric(SENDER, RECEIVER, ...BASIC, '<sp:ProtectTokens/>') + BODY_SIGNED,
  },
  'asymmetric-issuer-serial': {
    binding:
      asymmetric(
        x509({ more: '<sp:RequireIssuerSerialReference/>' }),
        x509({ more: '<sp:RequireIssuerSerialReference/>' }),
        ...BASIC,
      ) +
      nested('sp:Wss10', '<sp:MustSupportRefIssuerSerial/>') +
      BODY_PROTECTED,
  },
  'asymmetric-thumbprint': {
    binding:
      asymmetric(
        x509({ more: '<sp:RequireThumbprintReference/>' }),
        x509({ more: '<sp:RequireThumbprintReference/>' }),
        ...BASIC,
      ) +
      WSS11 +
      BODY_PROTECTED,
  },
  'asymmetric-key-identifier': {
    binding:
      asymmetric(
        x509({ more: '<sp:RequireKeyIdentifierReference/>' }),
        x509({ more: '<sp:RequireKeyIdentifierReference/>' }),
        ...BASIC,
      ) +
      nested('sp:Wss10', '<sp:MustSupportRefKeyIdentifier/>') +
      BODY_PROTECTED,
  },
  'asymmetric-pki-path': {
    binding:
      asymmetric(x509({ inclusion: 'AlwaysToRecipient', kind: 'WssX509PkiPathV1Token11' }), RECEIVER, ...BASIC) +
      BODY_SIGNED,
  },
  'asymmetric-confirmed': {
    binding: asymmetric(SENDER, RECEIVER, ...BASIC) + CONFIRMED + BODY_SIGNED,
  },
  'asymmetric-strict': {
    binding:
      asymmetric(SENDER, RECEIVER, suite('Basic256Sha256'), nested('sp:Layout', '<sp:Strict/>'), TIMESTAMP, ENTIRE) +
      BODY_PROTECTED,
  },
  'asymmetric-timestamp-last': {
    binding:
      asymmetric(SENDER, RECEIVER, suite('Basic256Sha256'), nested('sp:Layout', '<sp:LaxTsLast/>'), TIMESTAMP, ENTIRE) +
      BODY_SIGNED,
  },
  'asymmetric-basic128-rsa15': {
    binding: asymmetric(SENDER, RECEIVER, suite('Basic128Sha256Rsa15'), LAX, TIMESTAMP, ENTIRE) + BODY_PROTECTED,
  },
  'asymmetric-2005': {
    version: '1.1',
    binding:
      asymmetric(
        x509({ version: '1.1', inclusion: 'AlwaysToRecipient' }),
        x509({ version: '1.1' }),
        suite('Basic256Sha256'),
        LAX,
        TIMESTAMP,
        ENTIRE,
      ) + BODY_PROTECTED,
  },
  'asymmetric-2007': { version: '1.2', binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_PROTECTED },
  'asymmetric-signed-user': {
    binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_SIGNED,
    input: nested('sp:SignedSupportingTokens', USERNAME),
  },
  'asymmetric-encrypted-user': {
    binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_SIGNED,
    input: nested('sp:SignedEncryptedSupportingTokens', USERNAME),
  },
  'asymmetric-elements': {
    binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_SIGNED,
    input:
      '<sp:EncryptedElements xmlns:tns="urn:example:orders"><sp:XPath>//tns:item</sp:XPath></sp:EncryptedElements>',
  },
  'asymmetric-addressing': {
    binding:
      asymmetric(SENDER, RECEIVER, ...BASIC) +
      '<wsam:Addressing><wsp:Policy/></wsam:Addressing>' +
      '<sp:SignedParts><sp:Body/><sp:Header Namespace="http://www.w3.org/2005/08/addressing"/></sp:SignedParts>',
  },
  'symmetric-protected': { binding: symmetric(RECEIVER, ...BASIC) + WSS11 + BODY_PROTECTED },
  'symmetric-derived': { binding: symmetric(x509({ more: DERIVED }), ...BASIC) + WSS11 + BODY_PROTECTED },
  'symmetric-derived-signed': { binding: symmetric(x509({ more: DERIVED }), ...BASIC) + WSS11 + BODY_SIGNED },
  'symmetric-endorsed': {
    binding: symmetric(RECEIVER, ...BASIC) + WSS11 + BODY_PROTECTED,
    input: nested('sp:EndorsingSupportingTokens', SENDER),
  },
  'symmetric-signed-endorsed': {
    binding: symmetric(RECEIVER, ...BASIC) + WSS11 + BODY_PROTECTED,
    input: nested('sp:SignedEndorsingSupportingTokens', SENDER),
  },
  'symmetric-derived-endorsed': {
    binding: symmetric(x509({ more: DERIVED }), ...BASIC) + WSS11 + BODY_PROTECTED,
    input: nested('sp:EndorsingSupportingTokens', SENDER),
  },
  'symmetric-derived-user': {
    binding: symmetric(x509({ more: DERIVED }), ...BASIC) + WSS11 + BODY_SIGNED,
    input: nested('sp:SignedSupportingTokens', USERNAME),
  },
  'symmetric-user': {
    binding: symmetric(RECEIVER, ...BASIC) + WSS11 + BODY_PROTECTED,
    input: nested('sp:SignedEncryptedSupportingTokens', USERNAME),
  },
  'transport-user': {
    tls: true,
    binding: transport(TIMESTAMP),
    input: nested(
      'sp:SignedSupportingTokens',
      nested(`sp:UsernameToken${includeToken('1.3', 'AlwaysToRecipient')}`, '<sp:WssUsernameToken10/>'),
    ),
  },
  'transport-endorsed': {
    tls: true,
    binding: transport(TIMESTAMP),
    input: nested('sp:EndorsingSupportingTokens', SENDER),
  },
  'user-digest': { binding: '', input: nested('sp:SupportingTokens', USERNAME) },
};

const MTOM = '<wsoma:OptimizedMimeSerialization/>';
const ATTACHMENTS_SIGNED =
  '<sp:SignedParts><sp:Body/><sp:Attachments><sp13:ContentSignatureTransform/></sp:Attachments></sp:SignedParts>';
const ATTACHMENTS_COMPLETE =
  '<sp:SignedParts><sp:Body/><sp:Attachments><sp13:AttachmentCompleteSignatureTransform/></sp:Attachments></sp:SignedParts>';
const ATTACHMENTS_ENCRYPTED = '<sp:EncryptedParts><sp:Body/><sp:Attachments/></sp:EncryptedParts>';

/** Services whose orders are binary: `mtom-` sends them in parts of their own, `attached-` has attachments beside the envelope. */
export const DOCUMENTS: Readonly<Record<string, WsdlPolicies>> = Object.fromEntries(
  Object.entries({
    'mtom-signed': { binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_SIGNED + MTOM },
    'mtom-protected': { binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_PROTECTED + MTOM },
    'mtom-protected-soap12': {
      binding: asymmetric(SENDER, RECEIVER, ...BASIC) + BODY_PROTECTED + MTOM,
      soap: '1.2' as const,
    },
    'attached-signed': { binding: asymmetric(SENDER, RECEIVER, ...BASIC) + ATTACHMENTS_SIGNED },
    'attached-protected': {
      binding: asymmetric(SENDER, RECEIVER, ...BASIC) + ATTACHMENTS_SIGNED + ATTACHMENTS_ENCRYPTED,
    },
    'attached-complete': {
      binding: asymmetric(SENDER, RECEIVER, ...BASIC) + ATTACHMENTS_COMPLETE + ATTACHMENTS_ENCRYPTED,
    },
  }).map(([name, policies]) => [name, { ...policies, content: 'base64Binary' as const }]),
);
