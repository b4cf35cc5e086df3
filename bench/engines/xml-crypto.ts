/** The straightforward way in Node: xml-crypto for signatures, xml-encryption for encryption, both on @xmldom/xmldom. */

import { randomUUID } from 'node:crypto';
import { DOMParser, XMLSerializer } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import xmlenc from 'xml-encryption';
import { BASE64_BINARY, DS, EXC_C14N, WSSE, WSU, X509_V3, XENC, XENC11 } from '../../extproc/wss/namespaces.ts';
import { certificateOf, type BenchKeys } from '../keys.ts';
import type { Operation } from '../operation.ts';

const SIGNATURE = `//*[local-name(.)='Signature' and namespace-uri(.)='${DS}']`;
const SECURITY = `//*[local-name(.)='Security' and namespace-uri(.)='${WSSE}']`;

export const supported: readonly Operation[] = ['sign', 'verify', 'encrypt', 'decrypt'];

/** What does an operation on one message; those that read take what {@link nestEncryptedKey} makes. */
export function xmlCrypto(keys: BenchKeys): (operation: Operation, message: Buffer) => Buffer | Promise<Buffer> {
  return (operation, message) => {
    const xml = message.toString();
    switch (operation) {
      case 'sign':
        return Buffer.from(sign(xml, keys));
      case 'verify':
        return Buffer.from(verify(xml, keys));
      case 'encrypt':
        return encrypt(xml, keys);
      case 'decrypt':
        return decrypt(xml, keys);
      default:
        throw new Error(`nothing does ${operation}`);
    }
  };
}

function sign(xml: string, keys: BenchKeys): string {
  const [tokenId, now] = [randomUUID(), Date.now()];
  const time = (offset: number) => new Date(now + offset).toISOString();
  const header =
    `<wsse:Security xmlns:wsse="${WSSE}" xmlns:wsu="${WSU}"><wsse:BinarySecurityToken EncodingType="${BASE64_BINARY}" ` +
    `ValueType="${X509_V3}" wsu:Id="${tokenId}">${certificateOf(keys.signer.certificate).base64}</wsse:BinarySecurityToken>` +
    `<wsu:Timestamp><wsu:Created>${time(0)}</wsu:Created><wsu:Expires>${time(300_000)}</wsu:Expires></wsu:Timestamp></wsse:Security>`;
  const signature = new SignedXml({
    idMode: 'wssecurity',
    privateKey: keys.signer.key,
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: EXC_C14N,
    getKeyInfoContent: () =>
      `<wsse:SecurityTokenReference><wsse:Reference URI="#${tokenId}" ValueType="${X509_V3}"/></wsse:SecurityTokenReference>`,
  });
  for (const name of ['Body', 'Timestamp']) {
    signature.addReference({
      xpath: `//*[local-name(.)='${name}']`,
      transforms: [EXC_C14N],
      digestAlgorithm: `${XENC}sha256`,
    });
  }
  signature.computeSignature(withHeader(xml, header), {
    prefix: 'ds',
    location: { reference: SECURITY, action: 'append' },
    existingPrefixes: { wsse: WSSE, wsu: WSU },
  });
  return signature.getSignedXml();
}

function withHeader(xml: string, header: string): string {
  const empty = xml.replace(/<(\w+:)?Header\s*\/>/, (_, prefix = '') => `<${prefix}Header>${header}</${prefix}Header>`);
  if (empty !== xml) return empty;
  const present = xml.replace(/<(?:\w+:)?Header(?:\s[^>]*)?>/, (tag) => tag + header);
  if (present !== xml) return present;
  return xml.replace(/<(\w+:)?Body/, (tag, prefix = '') => `<${prefix}Header>${header}</${prefix}Header>${tag}`);
}

function bodyOf(document: Document): Element {
  const namespace = document.documentElement.namespaceURI ?? '';
  return document.getElementsByTagNameNS(namespace, 'Body')[0];
}

function verify(xml: string, keys: BenchKeys): string {
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const element = document.getElementsByTagNameNS(DS, 'Signature')[0];
  const signature = new SignedXml({ idMode: 'wssecurity', publicCert: keys.signer.certificate });
  signature.loadSignature(element);
  if (!signature.checkSignature(xml)) throw new Error(`${SIGNATURE} does not verify`);
  return xml;
}

function encrypt(xml: string, keys: BenchKeys): Promise<Buffer> {
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const body = bodyOf(document);
  const options = {
    rsa_pub: keys.recipient.certificate,
    pem: keys.recipient.certificate,
    encryptionAlgorithm: `${XENC11}aes256-gcm`,
    keyEncryptionAlgorithm: `${XENC11}rsa-oaep`,
    keyEncryptionDigest: 'sha256',
    keyEncryptionMgf: 'sha256',
  } as const;
  return new Promise((resolve, reject) => {
    xmlenc.encrypt(contentOf(body), options, (error, encrypted) => {
      if (error !== null || encrypted === undefined) return reject(error ?? new Error('nothing was encrypted'));
      replaceContent(body, encrypted);
      resolve(Buffer.from(new XMLSerializer().serializeToString(document)));
    });
  });
}

function decrypt(xml: string, keys: BenchKeys): Promise<Buffer> {
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const body = bodyOf(document);
  return new Promise((resolve, reject) => {
    xmlenc.decrypt(contentOf(body), { key: keys.recipient.key }, (error, content) => {
      if (error !== null || content === undefined) return reject(error ?? new Error('nothing was decrypted'));
      replaceContent(body, content);
      resolve(Buffer.from(new XMLSerializer().serializeToString(document)));
    });
  });
}

function contentOf(element: Element): string {
  const serializer = new XMLSerializer();
  return Array.from(element.childNodes, (child) => serializer.serializeToString(child)).join('');
}

function replaceContent(element: Element, xml: string): void {
  const parsed = new DOMParser().parseFromString(xml, 'text/xml');
  while (element.firstChild) element.removeChild(element.firstChild);
  element.appendChild(element.ownerDocument.importNode(parsed.documentElement, true));
}

/**
 * Moves the EncryptedKey of a message of ours from the header into the EncryptedData, named `recipient`: the form that
 * libraries without WS-Security read.
 */
export function nestEncryptedKey(message: Buffer): Buffer {
  const text = message.toString('latin1');
  const start = text.indexOf('<xenc:EncryptedKey');
  const end = text.indexOf('</xenc:EncryptedKey>') + '</xenc:EncryptedKey>'.length;
  const [list, listEnd] = ['<xenc:ReferenceList', '</xenc:ReferenceList>'];
  const listStart = text.indexOf(list, start);
  const key = text.slice(start, listStart) + text.slice(text.indexOf(listEnd, listStart) + listEnd.length, end);
  const named = key.replace(
    /<ds:KeyInfo.*<\/ds:KeyInfo>/s,
    '<ds:KeyInfo><ds:KeyName>recipient</ds:KeyName></ds:KeyInfo>',
  );
  const declared = named
    .replace(/^<xenc:EncryptedKey( xmlns:(xenc|ds)="[^"]*")*/, '<xenc:EncryptedKey')
    .replace('<xenc:EncryptedKey', `<xenc:EncryptedKey xmlns:xenc="${XENC}" xmlns:ds="${DS}"`);
  const rest = text.slice(0, start) + text.slice(end);
  const data = rest.indexOf('<xenc:EncryptedData');
  const reference = rest.indexOf('<wsse:SecurityTokenReference', data);
  const referenceEnd = rest.indexOf('</wsse:SecurityTokenReference>', data) + '</wsse:SecurityTokenReference>'.length;
  return Buffer.from(rest.slice(0, reference) + declared + rest.slice(referenceEnd), 'latin1');
}
