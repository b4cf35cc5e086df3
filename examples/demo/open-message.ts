/**
 * The receiving half of the sample backend's WS-Security: decrypts with xml-encryption, checks the signature with
 * xml-crypto. Nothing of Waxseal is used here: it is a second opinion.
 */

import { X509Certificate } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import xmlenc from 'xml-encryption';
import { children, descendants, elementsIn, only, parse, serialize } from './dom.ts';
import type { XmlElement } from './dom.ts';
import { DS, WSSE, WSU, XENC } from './names.ts';

export interface Receiver {
  /** PEM: the CA that the sender's certificate must come from. */
  readonly ca: string;
  /** PEM: the receiver's private key. */
  readonly key: string;
}

export interface Opened {
  /** The message with everything decrypted. */
  readonly xml: string;
  /** Canonical XML of the signed Body: the only Body to be believed. */
  readonly body: string;
  /** What is inside that Body. */
  readonly content: string;
  /** Of the SOAP version. */
  readonly namespace: string;
  /** Names of the signed elements. */
  readonly signed: readonly string[];
  readonly encrypted: boolean;
  readonly signatureValue: string;
  readonly signer: X509Certificate;
}

/** Decrypts and verifies; throws with the reason when Body and Timestamp are not validly signed. */
export async function openMessage(xml: string, receiver: Receiver, now = Date.now()): Promise<Opened> {
  const decrypted = await decryptAll(xml, receiver.key);
  const envelope = parse(decrypted);
  const security = securityHeader(envelope);
  const signature = only(security, DS, 'Signature');
  const signer = signerCertificate(security, receiver.ca, now);
  const check = new SignedXml({ idMode: 'wssecurity', publicCert: signer.toString() });
  check.loadSignature(serialize(signature));
  if (!check.checkSignature(decrypted)) throw new Error('the signature does not verify');
  const references = check.getSignedReferences().map((text) => ({ text, element: parse(text) }));
  const body = references.find(({ element }) => isBody(element, envelope));
  const timestamp = references.find(({ element }) => element.localName === 'Timestamp' && element.namespaceURI === WSU);
  if (!body) throw new Error('the Body is not signed');
  if (!timestamp) throw new Error('the Timestamp is not signed');
  checkTimestamp(timestamp.element, now);
  return {
    xml: decrypted,
    body: body.text,
    content: body.text.slice(body.text.indexOf('>') + 1, body.text.lastIndexOf('<')),
    namespace: envelope.namespaceURI ?? '',
    signed: references.map(({ element }) => element.localName),
    encrypted: decrypted !== xml,
    signatureValue: only(signature, DS, 'SignatureValue').textContent.replace(/\s/g, ''),
    signer,
  };
}

function securityHeader(envelope: XmlElement): XmlElement {
  const header = elementsIn(envelope).find((element) => element.localName === 'Header');
  const found = header ? children(header, WSSE, 'Security') : [];
  if (!found[0]) throw new Error('the message carries no wsse:Security header');
  if (found.length > 1) throw new Error('the message carries several wsse:Security headers');
  return found[0];
}

/** The signed element must be the Body of this Envelope, not one of the same name elsewhere. */
function isBody(element: XmlElement, envelope: XmlElement): boolean {
  if (element.localName !== 'Body' || !envelope.namespaceURI) return false;
  const id = only(envelope, envelope.namespaceURI, 'Body').getAttributeNS(WSU, 'Id');
  return id !== '' && element.namespaceURI === envelope.namespaceURI && element.getAttributeNS(WSU, 'Id') === id;
}

function checkTimestamp(timestamp: XmlElement, now: number): void {
  const created = Date.parse(only(timestamp, WSU, 'Created').textContent);
  const expires = Date.parse(only(timestamp, WSU, 'Expires').textContent);
  if (!(created <= now + 60_000)) throw new Error('the Timestamp lies in the future');
  if (!(expires > now)) throw new Error('the message has expired');
}

function signerCertificate(security: XmlElement, ca: string, now: number): X509Certificate {
  const [token] = children(security, WSSE, 'BinarySecurityToken');
  if (!token) throw new Error('the message carries no certificate');
  const certificate = new X509Certificate(Buffer.from(token.textContent, 'base64'));
  const issuer = new X509Certificate(ca);
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
    throw new Error('the certificate was not issued by a trusted authority');
  }
  if (Date.parse(certificate.validFrom) > now || Date.parse(certificate.validTo) < now) {
    throw new Error('the certificate is not valid now');
  }
  return certificate;
}

/** Replaces every EncryptedData by its plain text; all other characters stay as they came. */
async function decryptAll(xml: string, key: string): Promise<string> {
  let result = xml;
  for (;;) {
    const envelope = parse(result);
    const [data] = descendants(envelope, XENC, 'EncryptedData');
    if (!data) return result;
    const plain = await decryptOne(data, encryptedKeyOf(envelope, data), key);
    const id = data.getAttribute('Id');
    const range = /<(?:[\w.-]+:)?EncryptedData\b[^>]*>[^]*?<\/(?:[\w.-]+:)?EncryptedData\s*>/g;
    const before = result;
    result = result.replace(range, (text, offset: number) =>
      (id === '' || text.includes(`"${id}"`)) && offset >= 0 ? plain : text,
    );
    if (result === before) throw new Error('an EncryptedData could not be replaced');
  }
}

/** The EncryptedKey whose ReferenceList names this data. */
function encryptedKeyOf(envelope: XmlElement, data: XmlElement): XmlElement {
  const uri = `#${data.getAttribute('Id')}`;
  const keys = descendants(envelope, XENC, 'EncryptedKey');
  const key = keys.find((candidate) =>
    descendants(candidate, XENC, 'DataReference').some((reference) => reference.getAttribute('URI') === uri),
  );
  if (!key) throw new Error('no EncryptedKey belongs to the EncryptedData');
  return key;
}

/** xml-encryption expects the key inside the data; WS-Security puts it into the Security header. */
function decryptOne(data: XmlElement, encryptedKey: XmlElement, key: string): Promise<string> {
  const joined =
    `<xenc:EncryptedData xmlns:xenc="${XENC}">${serialize(only(data, XENC, 'EncryptionMethod'))}` +
    `<ds:KeyInfo xmlns:ds="${DS}">${serialize(encryptedKey)}</ds:KeyInfo>` +
    `${serialize(only(data, XENC, 'CipherData'))}</xenc:EncryptedData>`;
  return new Promise((resolve, reject) => {
    xmlenc.decrypt(joined, { key }, (error, plain) => {
      if (error) reject(new Error('the message cannot be decrypted', { cause: error }));
      else resolve(plain ?? '');
    });
  });
}
