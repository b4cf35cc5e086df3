import type { XmlIndex } from '../../xml/xml-index.ts';
import {
  BASE64_BINARY,
  ENCRYPTED_KEY_SHA1,
  ENCRYPTED_KEY_TOKEN,
  GSS_KERBEROS_AP_REQ,
  KERBEROS_AP_REQ,
  KERBEROS_SHA1,
  THUMBPRINT_SHA1,
  WSSE,
  WSSE11,
  WSU,
  X509_PKI_PATH,
  X509_SKI,
  X509_V3,
  XENC,
} from '../namespaces.ts';
import { attributeOf, countOf, isOneOf, tokenReferred, type BspRule } from './rule.ts';

const BINARY = [WSSE, 'BinarySecurityToken'] as const;
const REFERENCE = [WSSE, 'SecurityTokenReference'] as const;
const USER = [WSSE, 'UsernameToken'] as const;

const PKCS7 = X509_V3.replace('#X509v3', '#PKCS7');
const USERNAME_TOKEN =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#UsernameToken';
const SAML_PROFILE = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1';
const SAML1 = 'urn:oasis:names:tc:SAML:1.0:assertion';
const SAML2 = 'urn:oasis:names:tc:SAML:2.0:assertion';
const SAML_KEY_IDENTIFIERS = [`${SAML_PROFILE}.0#SAMLAssertionID`, `${SAML_PROFILE}.1#SAMLID`];
const KEY_IDENTIFIERS = [
  X509_SKI,
  THUMBPRINT_SHA1,
  ENCRYPTED_KEY_SHA1,
  KERBEROS_SHA1,
  X509_V3,
  ...SAML_KEY_IDENTIFIERS,
];

const BINARY_RULES: readonly BspRule[] = [
  {
    ...{ id: 'R3029', of: BINARY, text: 'a BinarySecurityToken has an EncodingType' },
    broken: (index, token) => attributeOf(index, token, 'EncodingType') === '',
  },
  {
    ...{ id: 'R3030', of: BINARY, text: 'the EncodingType of a BinarySecurityToken is Base64Binary' },
    broken: (index, token) => !isOneOf(attributeOf(index, token, 'EncodingType'), ['', BASE64_BINARY]),
  },
  {
    ...{ id: 'R3031', of: BINARY, text: 'a BinarySecurityToken has a ValueType' },
    broken: (index, token) => attributeOf(index, token, 'ValueType') === '',
  },
  {
    ...{ id: 'R6902', of: BINARY, text: 'a Kerberos ticket is an AP-REQ in the frame of GSS-API' },
    broken: (index, token) => attributeOf(index, token, 'ValueType').startsWith(KERBEROS_AP_REQ),
  },
];

const USER_RULES: readonly BspRule[] = [
  ...(
    [
      ['R4222', 'Password', WSSE],
      ['R4223', 'Created', WSU],
      ['R4225', 'Nonce', WSSE],
    ] as const
  ).map(([id, name, namespace]): BspRule => ({
    ...{ id, of: USER, text: `a UsernameToken has at most one ${name}` },
    broken: (index, token) => countOf(index, token, namespace, name) > 1,
  })),
  {
    ...{ id: 'R4201', of: [WSSE, 'Password'], text: 'a Password has a Type' },
    broken: (index, password) => attributeOf(index, password, 'Type') === '',
  },
  {
    ...{ id: 'R4220', of: [WSSE, 'Nonce'], text: 'a Nonce has an EncodingType' },
    broken: (index, nonce) => attributeOf(index, nonce, 'EncodingType') === '',
  },
  {
    ...{ id: 'R4221', of: [WSSE, 'Nonce'], text: 'the EncodingType of a Nonce is Base64Binary' },
    broken: (index, nonce) => !isOneOf(attributeOf(index, nonce, 'EncodingType'), ['', BASE64_BINARY]),
  },
];

function keyIdentifier(index: XmlIndex, reference: number): number {
  return index.child(reference, WSSE, 'KeyIdentifier');
}

function keyIdentifierRules(): BspRule[] {
  const any = (broken: (index: XmlIndex, identifier: number, valueType: string) => boolean): BspRule['broken'] => {
    return (index, reference) => {
      const identifier = keyIdentifier(index, reference);
      return identifier !== -1 && broken(index, identifier, attributeOf(index, identifier, 'ValueType'));
    };
  };
  const saml = (valueType: string): boolean => isOneOf(valueType, SAML_KEY_IDENTIFIERS);
  return [
    {
      ...{ id: 'R3054', of: REFERENCE, text: 'a KeyIdentifier has a ValueType' },
      broken: any((_index, _identifier, valueType) => valueType === ''),
    },
    {
      ...{ id: 'R3063', of: REFERENCE, text: 'the ValueType of a KeyIdentifier is one of a token profile' },
      broken: any((_index, _identifier, valueType) => valueType !== '' && !isOneOf(valueType, KEY_IDENTIFIERS)),
    },
    {
      ...{ id: 'R3070', of: REFERENCE, text: 'a KeyIdentifier that is not of a SAML assertion has an EncodingType' },
      broken: any((index, at, valueType) => !saml(valueType) && attributeOf(index, at, 'EncodingType') === ''),
    },
    {
      ...{ id: 'R3071', of: REFERENCE, text: 'the EncodingType of a KeyIdentifier is Base64Binary' },
      broken: any((index, at) => !isOneOf(attributeOf(index, at, 'EncodingType'), ['', BASE64_BINARY])),
    },
    {
      ...{ id: 'R6604', of: REFERENCE, text: 'a KeyIdentifier of a SAML assertion has no EncodingType' },
      broken: any((index, at, valueType) => saml(valueType) && attributeOf(index, at, 'EncodingType') !== ''),
    },
  ];
}

/** The ValueType that a Reference has to a token of each kind, and the TokenType of the whole. */
function referenceRules(): BspRule[] {
  const target = (index: XmlIndex, reference: number): { token: number; valueType: string; tokenType: string } => {
    const direct = index.child(reference, WSSE, 'Reference');
    return {
      token: tokenReferred(index, reference, WSSE),
      valueType: direct === -1 ? '' : attributeOf(index, direct, 'ValueType'),
      tokenType: index.attribute(reference, WSSE11, 'TokenType') ?? '',
    };
  };
  const binary = (index: XmlIndex, token: number): string =>
    token !== -1 && index.is(token, ...BINARY) ? attributeOf(index, token, 'ValueType') : '';
  const pathTokens: [string, string, string][] = [
    ['R5215', X509_PKI_PATH, 'PKIPath'],
    ['R5212', PKCS7, 'PKCS#7'],
  ];
  return [
    {
      ...{
        id: 'R3058',
        of: REFERENCE,
        text: 'the ValueType of a Reference is that of the BinarySecurityToken it names',
      },
      broken: (index, reference) => {
        const { token, valueType } = target(index, reference);
        const of = binary(index, token);
        // A Kerberos token may be named without one.
        return of !== '' && of !== valueType && !(of === GSS_KERBEROS_AP_REQ && valueType === '');
      },
    },
    ...pathTokens.map(([id, type, name]): BspRule => ({
      ...{ id, of: REFERENCE, text: `a reference to a ${name} token says so in its TokenType` },
      broken: (index, reference) => {
        const { token, tokenType } = target(index, reference);
        return binary(index, token) === type && tokenType !== type;
      },
    })),
    {
      ...{ id: 'R4214', of: REFERENCE, text: 'a Reference to a UsernameToken says so in its ValueType' },
      broken: (index, reference) => {
        const { token, valueType } = target(index, reference);
        return token !== -1 && index.is(token, ...USER) && valueType !== USERNAME_TOKEN;
      },
    },
    {
      ...{ id: 'R3069', of: REFERENCE, text: 'a reference to an EncryptedKey says so in its TokenType' },
      broken: (index, reference) => {
        const { token, tokenType } = target(index, reference);
        const identifier = keyIdentifier(index, reference);
        const bySha1 = identifier !== -1 && attributeOf(index, identifier, 'ValueType') === ENCRYPTED_KEY_SHA1;
        const names = bySha1 || (token !== -1 && index.is(token, XENC, 'EncryptedKey'));
        return names && tokenType !== ENCRYPTED_KEY_TOKEN;
      },
    },
    ...samlRules(target),
  ];
}

function samlRules(
  target: (index: XmlIndex, reference: number) => { token: number; valueType: string; tokenType: string },
): BspRule[] {
  const rules: [string, string, string, number][] = [
    ['R6611', SAML1, `${SAML_PROFILE}.1#SAMLV1.1`, 0],
    ['R6617', SAML2, `${SAML_PROFILE}.1#SAMLV2.0`, 1],
  ];
  return [
    ...rules.map(([id, namespace, type, version]): BspRule => ({
      ...{ id, of: REFERENCE, text: `a reference to a SAML assertion has the TokenType ${type.slice(-8)}` },
      broken: (index, reference) => {
        const { token, tokenType } = target(index, reference);
        const identifier = keyIdentifier(index, reference);
        const named = identifier === -1 ? '' : attributeOf(index, identifier, 'ValueType');
        const isIt = token !== -1 && index.is(token, namespace, 'Assertion');
        return (isIt || named === SAML_KEY_IDENTIFIERS[version]) && tokenType !== type;
      },
    })),
    {
      ...{ id: 'R6614', of: REFERENCE, text: 'a Reference to a SAML 2.0 assertion has no ValueType' },
      broken: (index, reference) => {
        const { token, valueType } = target(index, reference);
        return token !== -1 && index.is(token, SAML2, 'Assertion') && valueType !== '';
      },
    },
  ];
}

const STRUCTURE_RULES: readonly BspRule[] = [
  {
    ...{ id: 'R3061', of: REFERENCE, text: 'a SecurityTokenReference names one token, in one way' },
    broken: (index, reference) => index.children(reference).length !== 1,
  },
  {
    ...{ id: 'R3062', of: REFERENCE, text: 'a Reference has a URI' },
    broken: (index, reference) => {
      const direct = index.child(reference, WSSE, 'Reference');
      return direct !== -1 && attributeOf(index, direct, 'URI') === '';
    },
  },
  {
    ...{ id: 'R3060', of: [WSSE, 'Embedded'], text: 'Embedded holds one token and nothing else' },
    broken: (index, embedded) => index.children(embedded).length !== 1,
  },
  {
    ...{ id: 'R3056', of: [WSSE, 'Embedded'], text: 'Embedded holds no SecurityTokenReference' },
    broken: (index, embedded) => index.child(embedded, ...REFERENCE) !== -1,
  },
  {
    ...{ id: 'R3057', of: REFERENCE, text: 'a Reference names no other SecurityTokenReference' },
    broken: (index, reference) => {
      const token = tokenReferred(index, reference, WSSE);
      return token !== -1 && index.is(token, ...REFERENCE);
    },
  },
  {
    ...{ id: 'R5205', of: REFERENCE, text: 'a token comes before the references to it' },
    broken: (index, reference) => {
      const token = tokenReferred(index, reference, WSSE);
      return token !== -1 && index.is(token, ...BINARY) && token > reference;
    },
  },
];

export const TOKEN_RULES: readonly BspRule[] = [
  ...BINARY_RULES,
  ...USER_RULES,
  ...STRUCTURE_RULES,
  ...keyIdentifierRules(),
  ...referenceRules(),
];
