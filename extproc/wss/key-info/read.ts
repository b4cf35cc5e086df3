/**
 * Reading of ds:KeyInfo and wsse:SecurityTokenReference: what a message says about a key. It is a hint and nothing more;
 * who uses it decides whether the key is trusted (`signature/signer.ts`) or ours (`encryption/decryption-key.ts`).
 */

import type { KeyObject } from 'node:crypto';
import { Certificate } from '../../keys/certificate.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import {
  DuplicateIdError,
  InvalidStructureError,
  InvalidTokenError,
  LimitError,
  ReferenceUnresolvedError,
  UnsupportedTokenError,
} from '../errors.ts';
import { isAssertion, SAML1, SAML2 } from '../saml/versions.ts';
import { readKeyValue } from './read-key-value.ts';
import {
  BASE64_BINARY,
  DS,
  DSIG11,
  ENCRYPTED_KEY_SHA1,
  KERBEROS_SHA1,
  KERBEROS_TOKENS,
  THUMBPRINT_SHA1,
  WSC_2005_02,
  WSC_2005_12,
  WSSE,
  X509_PKCS7,
  X509_PKI_PATH,
  X509_SKI,
  X509_V3,
  XENC,
} from '../namespaces.ts';
import { splitPkcs7 } from '../binary-security-token/pkcs7.ts';
import { splitPkiPath } from '../binary-security-token/pki-path.ts';
import { base64Of, optionalChild, requiredAttribute, requiredChild, textOf } from '../structure.ts';

/** One way in which a message names or holds a key. */
export type KeyHint =
  /** Certificates that stand in the message, the key's own first. `token` is the element that holds them. */
  | { readonly kind: 'certificates'; readonly chain: readonly Certificate[]; readonly token: number }
  | { readonly kind: 'subjectKeyIdentifier'; readonly value: Buffer }
  | { readonly kind: 'thumbprint'; readonly value: Buffer }
  | { readonly kind: 'issuerSerial'; readonly issuer: string; readonly serial: string }
  | { readonly kind: 'subject'; readonly name: string }
  | { readonly kind: 'keyValue'; readonly key: KeyObject }
  | { readonly kind: 'keyName'; readonly name: string }
  /** An xenc:EncryptedKey of this message. */
  | { readonly kind: 'encryptedKey'; readonly element: number }
  /** An EncryptedKey of this exchange, by the base64 SHA-1 of its encrypted octets. */
  | { readonly kind: 'encryptedKeySha1'; readonly sha1: string }
  /** A SAML assertion of this message. */
  | { readonly kind: 'samlAssertion'; readonly element: number }
  /** A SAML assertion by its identifier, wherever it is. */
  | { readonly kind: 'samlAssertionId'; readonly id: string; readonly version: '1.1' | '2.0' }
  /** A wsse:BinarySecurityToken of this message that holds a Kerberos ticket. */
  | { readonly kind: 'kerberosTicket'; readonly element: number }
  /** A Kerberos token of this exchange, by the base64 SHA-1 of its octets. */
  | { readonly kind: 'kerberosSha1'; readonly sha1: string }
  /** A wsc:DerivedKeyToken of this message. */
  | { readonly kind: 'derivedKey'; readonly element: number }
  /** A wsse:UsernameToken of this message, from whose password a key is derived. */
  | { readonly kind: 'usernameToken'; readonly element: number };

/** Children that one KeyInfo or X509Data may have. */
const MAX_CHILDREN = 8;

/**
 * Reads everything a KeyInfo says of its key, in its order.
 *
 * RetrievalMethod, KeyInfoReference and every other form that would have us fetch something are refused by being unknown.
 *
 * @throws UnsupportedTokenError when it holds no form that we know; the errors of the single forms
 */
export function readKeyInfo(index: XmlIndex, keyInfo: number): KeyHint[] {
  const children = index.children(keyInfo);
  if (children.length > MAX_CHILDREN) throw new LimitError(`KeyInfo has more than ${MAX_CHILDREN} children`);
  const hints: KeyHint[] = [];
  for (const child of children) {
    if (index.is(child, WSSE, 'SecurityTokenReference')) hints.push(...readTokenReference(index, child));
    else if (index.is(child, DS, 'X509Data')) hints.push(...readX509Data(index, child));
    else if (index.is(child, DS, 'KeyName')) hints.push({ kind: 'keyName', name: textOf(index, child).trim() });
    else if (index.is(child, XENC, 'EncryptedKey')) hints.push({ kind: 'encryptedKey', element: child });
    else if (index.is(child, DS, 'KeyValue') || index.is(child, DSIG11, 'DEREncodedKeyValue')) {
      hints.push({ kind: 'keyValue', key: readKeyValue(index, child) });
    }
  }
  if (hints.length === 0) throw new UnsupportedTokenError('KeyInfo names the key in no way that is supported');
  return hints;
}

/**
 * Reads a SecurityTokenReference (WSS 1.1 §7).
 *
 * @throws InvalidStructureError when it does not hold exactly one reference (BSP 1.1 R3061); UnsupportedTokenError;
 *   ReferenceUnresolvedError and DuplicateIdError for a direct reference
 */
export function readTokenReference(index: XmlIndex, reference: number): KeyHint[] {
  const child = index.firstChild(reference);
  if (child === -1 || index.nextSibling(child) !== -1) {
    throw new InvalidStructureError('a SecurityTokenReference does not hold exactly one reference');
  }
  if (index.is(child, WSSE, 'Reference')) {
    return [readToken(index, elementById(index, idOf(requiredAttribute(index, child, 'URI'))))];
  }
  if (index.is(child, WSSE, 'Embedded')) {
    const token = index.firstChild(child);
    if (token === -1 || index.nextSibling(token) !== -1) {
      throw new InvalidStructureError('Embedded does not hold exactly one token');
    }
    return [readToken(index, token)];
  }
  if (index.is(child, WSSE, 'KeyIdentifier')) return [readKeyIdentifier(index, child)];
  if (index.is(child, DS, 'X509Data')) return readX509Data(index, child);
  if (index.is(child, DS, 'KeyName')) return [{ kind: 'keyName', name: textOf(index, child).trim() }];
  throw new UnsupportedTokenError('the SecurityTokenReference names the token in no way that is supported');
}

/**
 * Finds the one element of this id.
 *
 * @throws ReferenceUnresolvedError when there is none; DuplicateIdError when there are several, for then two readers of
 *   the message could mean two different elements
 */
export function elementById(index: XmlIndex, id: string): number {
  const found = index.elementsWithId(id);
  if (found.length === 0) throw new ReferenceUnresolvedError('a reference names an id that no element has');
  if (found.length > 1) throw new DuplicateIdError('a reference names an id that several elements have');
  return found[0];
}

/** The id of a reference into this message. @throws ReferenceUnresolvedError for every other URI */
export function idOf(uri: string): string {
  if (uri.length < 2 || !uri.startsWith('#')) {
    throw new ReferenceUnresolvedError('a reference leads out of this message');
  }
  return uri.slice(1);
}

/** The token that a reference leads to. */
function readToken(index: XmlIndex, token: number): KeyHint {
  if (index.is(token, XENC, 'EncryptedKey')) return { kind: 'encryptedKey', element: token };
  if (index.is(token, WSC_2005_12, 'DerivedKeyToken') || index.is(token, WSC_2005_02, 'DerivedKeyToken')) {
    return { kind: 'derivedKey', element: token };
  }
  if (index.is(token, WSSE, 'UsernameToken')) return { kind: 'usernameToken', element: token };
  if (isAssertion(index, token)) return { kind: 'samlAssertion', element: token };
  if (!index.is(token, WSSE, 'BinarySecurityToken')) {
    throw new UnsupportedTokenError('a reference leads to a token that is not supported');
  }
  checkEncoding(index, token);
  const valueType = index.attribute(token, '', 'ValueType');
  if (KERBEROS_TOKENS.has(valueType ?? '')) return { kind: 'kerberosTicket', element: token };
  switch (valueType) {
    case X509_V3:
      return { kind: 'certificates', chain: [Certificate.fromBase64(textOf(index, token))], token };
    case X509_PKI_PATH:
      return { kind: 'certificates', chain: splitPkiPath(base64Of(index, token)), token };
    case X509_PKCS7:
      return { kind: 'certificates', chain: splitPkcs7(base64Of(index, token)), token };
    default:
      throw new UnsupportedTokenError('the BinarySecurityToken is of a type that is not supported');
  }
}

function readKeyIdentifier(index: XmlIndex, element: number): KeyHint {
  checkEncoding(index, element);
  switch (index.attribute(element, '', 'ValueType')) {
    case X509_SKI:
      return { kind: 'subjectKeyIdentifier', value: base64Of(index, element) };
    case THUMBPRINT_SHA1:
      return { kind: 'thumbprint', value: base64Of(index, element) };
    case X509_V3:
      return { kind: 'certificates', chain: [Certificate.fromBase64(textOf(index, element))], token: -1 };
    case KERBEROS_SHA1:
      return { kind: 'kerberosSha1', sha1: base64Of(index, element).toString('base64') };
    case ENCRYPTED_KEY_SHA1:
      return { kind: 'encryptedKeySha1', sha1: base64Of(index, element).toString('base64') };
    case SAML1.valueType:
      return { kind: 'samlAssertionId', id: textOf(index, element).trim(), version: '1.1' };
    case SAML2.valueType:
      return { kind: 'samlAssertionId', id: textOf(index, element).trim(), version: '2.0' };
    default:
      throw new UnsupportedTokenError('the KeyIdentifier is of a type that is not supported');
  }
}

function checkEncoding(index: XmlIndex, element: number): void {
  const encoding = index.attribute(element, '', 'EncodingType');
  if (encoding !== undefined && encoding !== BASE64_BINARY) {
    throw new InvalidTokenError('a token is in an encoding that is not supported');
  }
}

/** XML Signature §4.5.4. Certificates, when there are any, say it all; otherwise each other child is a hint. */
function readX509Data(index: XmlIndex, element: number): KeyHint[] {
  const children = index.children(element);
  if (children.length > MAX_CHILDREN) throw new LimitError(`X509Data has more than ${MAX_CHILDREN} children`);
  const chain: Certificate[] = [];
  const hints: KeyHint[] = [];
  for (const child of children) {
    if (index.is(child, DS, 'X509Certificate')) chain.push(Certificate.fromBase64(textOf(index, child)));
    else if (index.is(child, DS, 'X509IssuerSerial')) hints.push(readIssuerSerial(index, child));
    else if (index.is(child, DS, 'X509SKI')) {
      hints.push({ kind: 'subjectKeyIdentifier', value: base64Of(index, child) });
    } else if (index.is(child, DS, 'X509SubjectName')) hints.push({ kind: 'subject', name: textOf(index, child) });
  }
  if (chain.length > 0) return [{ kind: 'certificates', chain, token: -1 }];
  if (hints.length === 0) throw new UnsupportedTokenError('X509Data names the key in no way that is supported');
  return hints;
}

function readIssuerSerial(index: XmlIndex, element: number): KeyHint {
  const issuer = textOf(index, requiredChild(index, element, DS, 'X509IssuerName'));
  const serial = textOf(index, requiredChild(index, element, DS, 'X509SerialNumber')).trim();
  if (!/^-?\d{1,64}$/.test(serial)) throw new InvalidTokenError('X509SerialNumber is not a number');
  return { kind: 'issuerSerial', issuer, serial };
}

/** The KeyInfo of an element, or no hints when it has none. */
export function keyHintsOf(index: XmlIndex, parent: number): KeyHint[] {
  const keyInfo = optionalChild(index, parent, DS, 'KeyInfo');
  return keyInfo === -1 ? [] : readKeyInfo(index, keyInfo);
}
