import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scan } from '../../xml/scan.ts';
import {
  BASE64_BINARY,
  DS,
  ENCRYPTED_KEY_TOKEN,
  EXC_C14N,
  GSS_KERBEROS_AP_REQ,
  KERBEROS_AP_REQ,
  SOAP11,
  STR_TRANSFORM,
  WSSE,
  WSSE11,
  WSU,
  X509_PKI_PATH,
  X509_SKI,
  X509_V3,
  XENC,
} from '../namespaces.ts';
import { readSoap, securityHeaders } from '../soap.ts';
import { BSP_RULES, bspViolations } from './check.ts';

const USER = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0';
const SAML = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1';
const PKCS7 = X509_V3.replace('X509v3', 'PKCS7');
const reference = (uri: string, valueType: string, tokenType = '') =>
  `<wsse:SecurityTokenReference${tokenType && ` wsse11:TokenType="${tokenType}"`}>` +
  `<wsse:Reference URI="#${uri}"${valueType && ` ValueType="${valueType}"`}/></wsse:SecurityTokenReference>`;
const token = (id: string, valueType: string) =>
  `<wsse:BinarySecurityToken wsu:Id="${id}" EncodingType="${BASE64_BINARY}" ValueType="${valueType}">AA==</wsse:BinarySecurityToken>`;

/** One of everything, as the profile wants it. */
const HEADER = [
  '<wsu:Timestamp><wsu:Created>2026-01-31T12:00:00.000Z</wsu:Created><wsu:Expires>2026-01-31T12:05:00.000Z</wsu:Expires></wsu:Timestamp>',
  token('X', X509_V3),
  token('P', X509_PKI_PATH),
  token('7', PKCS7),
  token('K', GSS_KERBEROS_AP_REQ),
  '<saml1:Assertion AssertionID="S1"/><saml2:Assertion ID="S2"/>',
  `<wsse:UsernameToken wsu:Id="U"><wsse:Username>a</wsse:Username><wsse:Password Type="${USER}#PasswordText">b</wsse:Password><wsse:Nonce EncodingType="${BASE64_BINARY}">AA==</wsse:Nonce><wsu:Created>2026-01-31T12:00:00Z</wsu:Created></wsse:UsernameToken>`,
  `<xenc:EncryptedKey Id="EK"><xenc:EncryptionMethod Algorithm="${XENC}rsa-oaep-mgf1p"/><ds:KeyInfo>${reference('X', X509_V3)}</ds:KeyInfo><xenc:ReferenceList><xenc:DataReference URI="#ED"/></xenc:ReferenceList></xenc:EncryptedKey>`,
  reference('P', X509_PKI_PATH, X509_PKI_PATH),
  reference('7', PKCS7, PKCS7),
  reference('K', ''),
  reference('U', `${USER}#UsernameToken`),
  reference('S1', '', `${SAML}#SAMLV1.1`),
  reference('S2', '', `${SAML}#SAMLV2.0`),
  `<wsse:SecurityTokenReference><wsse:KeyIdentifier EncodingType="${BASE64_BINARY}" ValueType="${X509_SKI}">AA==</wsse:KeyIdentifier></wsse:SecurityTokenReference>`,
  `<wsse:SecurityTokenReference wsse11:TokenType="${SAML}#SAMLV2.0"><wsse:KeyIdentifier ValueType="${SAML}#SAMLID">S2</wsse:KeyIdentifier></wsse:SecurityTokenReference>`,
  `<wsse:SecurityTokenReference wsu:Id="STR"><wsse:Embedded><saml2:Assertion ID="S3"/></wsse:Embedded></wsse:SecurityTokenReference>`,
  '<wsse11:SignatureConfirmation wsu:Id="SC"/>',
  `<ds:Signature><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${EXC_C14N}"><ec:InclusiveNamespaces PrefixList="soap"/></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="${DS}rsa-sha1"/>` +
    `<ds:Reference URI="#B"><ds:Transforms><ds:Transform Algorithm="${EXC_C14N}"><ec:InclusiveNamespaces PrefixList="soap"/></ds:Transform></ds:Transforms></ds:Reference>` +
    `<ds:Reference URI="#STR"><ds:Transforms><ds:Transform Algorithm="${STR_TRANSFORM}"><wsse:TransformationParameters><ds:CanonicalizationMethod Algorithm="${EXC_C14N}"/></wsse:TransformationParameters></ds:Transform></ds:Transforms></ds:Reference></ds:SignedInfo>` +
    `<ds:KeyInfo>${reference('EK', '', ENCRYPTED_KEY_TOKEN)}</ds:KeyInfo></ds:Signature>`,
].join('');
const BODY = `<xenc:EncryptedData Id="ED"><xenc:EncryptionMethod Algorithm="${XENC}aes256-cbc"/><ds:KeyInfo>${reference('EK', '', ENCRYPTED_KEY_TOKEN)}</ds:KeyInfo></xenc:EncryptedData>`;
const OTHER_HEADER =
  '<wsse11:EncryptedHeader><xenc:EncryptedData Id="EH"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></xenc:EncryptedData></wsse11:EncryptedHeader>';
const MESSAGE =
  `<soap:Envelope xmlns:soap="${SOAP11}" xmlns:wsse="${WSSE}" xmlns:wsse11="${WSSE11}" xmlns:wsu="${WSU}" xmlns:ds="${DS}" xmlns:xenc="${XENC}" xmlns:ec="${EXC_C14N}"` +
  ` xmlns:saml1="urn:oasis:names:tc:SAML:1.0:assertion" xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">` +
  `<soap:Header><wsse:Security>${HEADER}</wsse:Security>${OTHER_HEADER}</soap:Header><soap:Body>${BODY}</soap:Body></soap:Envelope>`;

function broken(text: string, ignored: readonly string[] = []): string[] {
  const message = readSoap(scan(Buffer.from(text)));
  const [security = -1] = securityHeaders(message, undefined);
  return bspViolations(message, security, new Set(ignored)).map(({ id }) => id);
}

const CREATED = '<wsu:Created>2026-01-31T12:00:00.000Z</wsu:Created>';
const EXPIRES = '<wsu:Expires>2026-01-31T12:05:00.000Z</wsu:Expires>';
const TIMESTAMP = `<wsu:Timestamp>${CREATED}${EXPIRES}</wsu:Timestamp>`;
const PASSWORD = `<wsse:Password Type="${USER}#PasswordText">b</wsse:Password>`;
const NONCE = `<wsse:Nonce EncodingType="${BASE64_BINARY}">AA==</wsse:Nonce>`;
const USER_CREATED = '<wsu:Created>2026-01-31T12:00:00Z</wsu:Created>';
const SKI = `EncodingType="${BASE64_BINARY}" ValueType="${X509_SKI}"`;
const FIRST_TRANSFORMS = `<ds:Transforms><ds:Transform Algorithm="${EXC_C14N}"><ec:InclusiveNamespaces PrefixList="soap"/></ds:Transform></ds:Transforms>`;
const KEY_INFO = `<ds:KeyInfo>${reference('EK', '', ENCRYPTED_KEY_TOKEN)}</ds:KeyInfo>`;

/** The rules that are broken when a text of the message is another. */
const CASES: readonly [ids: string, from: string, to: string][] = [
  ['R3227', TIMESTAMP, TIMESTAMP + TIMESTAMP],
  ['R3203', CREATED, ''],
  ['R3224', EXPIRES, EXPIRES + EXPIRES],
  ['R3221', CREATED + EXPIRES, EXPIRES + CREATED],
  ['R3222', CREATED, `${CREATED}<x/>`],
  ['R3220', '12:00:00.000Z', '12:00:00.0000Z'],
  ['R3229', '12:05:00.000Z', '12:05:00.0000Z'],
  ['R3213', '12:00:00.000Z', '12:00:60.000Z'],
  ['R3215', '12:05:00.000Z', '12:05:60.000Z'],
  ['R3225', '<wsu:Created>2026-01-31T12:00:00.000Z', '<wsu:Created ValueType="x">2026-01-31T12:00:00.000Z'],
  ['R3226', '<wsu:Expires>', '<wsu:Expires ValueType="x">'],
  ['R3217', '12:00:00.000Z', '12:00:00.000+01:00'],
  ['R3223', '12:05:00.000Z', '12:05:00.000+01:00'],
  ['R3029', `wsu:Id="X" EncodingType="${BASE64_BINARY}"`, 'wsu:Id="X"'],
  ['R3030', `wsu:Id="X" EncodingType="${BASE64_BINARY}"`, 'wsu:Id="X" EncodingType="hex"'],
  ['R3031', ` ValueType="${X509_V3}">AA==`, '>AA=='],
  ['R6902 R3058', ` ValueType="${GSS_KERBEROS_AP_REQ}">`, ` ValueType="${KERBEROS_AP_REQ}">`],
  ['R4222', PASSWORD, PASSWORD + PASSWORD],
  ['R4223', USER_CREATED, USER_CREATED + USER_CREATED],
  ['R4225', NONCE, NONCE + NONCE],
  ['R4201', PASSWORD, '<wsse:Password>b</wsse:Password>'],
  ['R4220', NONCE, '<wsse:Nonce>AA==</wsse:Nonce>'],
  ['R4221', NONCE, '<wsse:Nonce EncodingType="hex">AA==</wsse:Nonce>'],
  ['R3061', reference('K', ''), '<wsse:SecurityTokenReference/>'],
  ['R3062', reference('K', ''), reference('K', '').replace('URI="#K"', '')],
  ['R3060', '<saml2:Assertion ID="S3"/>', '<saml2:Assertion ID="S3"/><x/>'],
  ['R3056', '<saml2:Assertion ID="S3"/>', reference('K', '')],
  ['R3057', reference('K', ''), reference('STR', '')],
  ['R5205', token('K', GSS_KERBEROS_AP_REQ) + '<saml1', '<saml1'],
  ['R3054', SKI, `EncodingType="${BASE64_BINARY}"`],
  ['R3063', SKI, `EncodingType="${BASE64_BINARY}" ValueType="x"`],
  ['R3070', SKI, `ValueType="${X509_SKI}"`],
  ['R3071', SKI, `EncodingType="hex" ValueType="${X509_SKI}"`],
  ['R6604', `ValueType="${SAML}#SAMLID"`, `EncodingType="${BASE64_BINARY}" ValueType="${SAML}#SAMLID"`],
  ['R3058', reference('X', X509_V3), reference('X', 'x')],
  ['R5215', reference('P', X509_PKI_PATH, X509_PKI_PATH), reference('P', X509_PKI_PATH)],
  ['R5212', reference('7', PKCS7, PKCS7), reference('7', PKCS7)],
  ['R4214', reference('U', `${USER}#UsernameToken`), reference('U', '')],
  ['R3069', BODY, BODY.replace(` wsse11:TokenType="${ENCRYPTED_KEY_TOKEN}"`, '')],
  ['R6611', reference('S1', '', `${SAML}#SAMLV1.1`), reference('S1', '')],
  ['R6617', reference('S2', '', `${SAML}#SAMLV2.0`), reference('S2', '')],
  ['R6614', reference('S2', '', `${SAML}#SAMLV2.0`), reference('S2', 'x', `${SAML}#SAMLV2.0`)],
  ['R5404', `<ds:CanonicalizationMethod Algorithm="${EXC_C14N}"/>`, '<ds:CanonicalizationMethod Algorithm="x"/>'],
  [
    'R5406',
    `Algorithm="${EXC_C14N}"><ec:InclusiveNamespaces PrefixList="soap"/></ds:CanonicalizationMethod>`,
    `Algorithm="${EXC_C14N}"><ec:InclusiveNamespaces PrefixList=""/></ds:CanonicalizationMethod>`,
  ],
  [
    'R5401',
    `<ds:SignatureMethod Algorithm="${DS}rsa-sha1"/>`,
    `<ds:SignatureMethod Algorithm="${DS}hmac-sha1"><ds:HMACOutputLength>80</ds:HMACOutputLength></ds:SignatureMethod>`,
  ],
  ['R5416', FIRST_TRANSFORMS, ''],
  ['R5411', FIRST_TRANSFORMS, '<ds:Transforms/>'],
  ['R5423 R5412', FIRST_TRANSFORMS, '<ds:Transforms><ds:Transform Algorithm="x"/></ds:Transforms>'],
  ['R5412', FIRST_TRANSFORMS, `<ds:Transforms><ds:Transform Algorithm="${DS}enveloped-signature"/></ds:Transforms>`],
  ['R5407', FIRST_TRANSFORMS, FIRST_TRANSFORMS.replace('"soap"', '" "')],
  [
    'R3065',
    `<wsse:TransformationParameters><ds:CanonicalizationMethod Algorithm="${EXC_C14N}"/></wsse:TransformationParameters>`,
    '',
  ],
  [
    'R5402',
    `${KEY_INFO}</ds:Signature>`,
    `${KEY_INFO.replace('</ds:KeyInfo>', '<ds:KeyName/></ds:KeyInfo>')}</ds:Signature>`,
  ],
  ['R5417', `${KEY_INFO}</ds:Signature>`, '<ds:KeyInfo><ds:KeyName/></ds:KeyInfo></ds:Signature>'],
  ['R5403', '</ds:Signature>', '<ds:Object><ds:Manifest/></ds:Object></ds:Signature>'],
  [
    'R5440',
    '</ds:Signature>',
    `<ds:Object><xenc:EncryptedData><xenc:EncryptionMethod Algorithm="${XENC}aes128-cbc"/></xenc:EncryptedData></ds:Object></ds:Signature>`,
  ],
  ['R5441', '<wsse11:SignatureConfirmation wsu:Id="SC"/>', '<wsse11:SignatureConfirmation/>'],
  ['R5601', `<xenc:EncryptionMethod Algorithm="${XENC}aes256-cbc"/>`, ''],
  ['R5620', `${XENC}aes256-cbc`, 'http://www.w3.org/2009/xmlenc11#aes256-gcm'],
  ['R5603', `<xenc:EncryptionMethod Algorithm="${XENC}rsa-oaep-mgf1p"/>`, ''],
  ['R5626', `${XENC}rsa-oaep-mgf1p`, 'http://www.w3.org/2009/xmlenc11#rsa-oaep'],
  ['R3209', '<xenc:EncryptedKey ', '<xenc:EncryptedKey Type="x" '],
  ['R5622', '<xenc:EncryptedKey ', '<xenc:EncryptedKey MimeType="x" '],
  ['R5623', '<xenc:EncryptedKey ', '<xenc:EncryptedKey Encoding="x" '],
  ['R5602', '<xenc:EncryptedKey ', '<xenc:EncryptedKey Recipient="x" '],
  ['R5424', '</ds:KeyInfo></xenc:EncryptedData>', '<ds:KeyName/></ds:KeyInfo></xenc:EncryptedData>'],
  ['R5426', `<ds:KeyInfo>${reference('X', X509_V3)}</ds:KeyInfo>`, '<ds:KeyInfo><ds:KeyName/></ds:KeyInfo>'],
  ['R5608', '<xenc:DataReference URI="#ED"/>', '<xenc:DataReference URI="#X"/>'],
  ['R3230', '<wsse11:EncryptedHeader>', '<wsse11:EncryptedHeader><x/>'],
];

test('a message that keeps to every rule breaks none', () => {
  assert.deepEqual(broken(MESSAGE), []);
});

for (const [ids, from, to] of CASES) {
  test(`broken: ${ids}`, () => {
    assert.ok(MESSAGE.includes(from), from);
    const changed =
      ids === 'R5205'
        ? MESSAGE.replace(from, to).replace('</wsse:Security>', `${token('K', GSS_KERBEROS_AP_REQ)}</wsse:Security>`)
        : MESSAGE.replace(from, to);
    const expected = ids.split(' ').sort();
    // A token that lost its ValueType is no longer the one that its reference names.
    assert.deepEqual(broken(changed).sort(), expected);
    assert.deepEqual(broken(changed, expected), []);
  });
}

test('every rule has a message that breaks it, a number of its own and a sentence', () => {
  const tried = new Set(CASES.flatMap(([ids]) => ids.split(' ')));
  for (const { id, text } of BSP_RULES) {
    assert.ok(tried.has(id), id);
    assert.match(id, /^R\d{4}$/);
    assert.ok(text.length > 10);
  }
  assert.ok(new Set(BSP_RULES.map(({ id }) => id)).size >= 60);
});
