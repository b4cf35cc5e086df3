/** The sending half of the sample backend's WS-Security: signs with xml-crypto, encrypts with xml-encryption. */

import { X509Certificate, randomUUID } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import xmlenc from 'xml-encryption';
import { descendants, only, parse } from './dom.ts';
import {
  AES256_GCM,
  BASE64_BINARY,
  DS,
  EXC_C14N,
  RSA_OAEP,
  RSA_SHA256,
  SHA256,
  WSSE,
  WSSE11,
  WSU,
  X509_V3,
  XENC,
} from './names.ts';

export interface Sender {
  /** PEM: key and certificate of whoever signs. */
  readonly key: string;
  readonly certificate: string;
  /** PEM: the certificate to encrypt to; absent: the Body stays readable. */
  readonly recipient?: string;
}

export interface ProtectOptions {
  /** Milliseconds since the epoch: the Timestamp's Created. */
  readonly now?: number;
  /** SignatureValue of the request, to be confirmed (WSS 1.1 §8.5). */
  readonly confirm?: string;
  /** Header blocks to go before the Security header. */
  readonly header?: string;
  /** Local names of what is signed. */
  readonly sign?: readonly string[];
}

/** A SOAP message around `content`: Body and Timestamp signed, the Body's content then encrypted. */
export async function protectMessage(
  soapNamespace: string,
  content: string,
  sender: Sender,
  options: ProtectOptions = {},
): Promise<string> {
  const certificate = new X509Certificate(sender.certificate);
  const created = options.now ?? Date.now();
  const confirmation =
    options.confirm === undefined
      ? ''
      : `<wsse11:SignatureConfirmation xmlns:wsse11="${WSSE11}" wsu:Id="confirmation" Value="${options.confirm}"/>`;
  const envelope =
    `<soap:Envelope xmlns:soap="${soapNamespace}"><soap:Header>${options.header ?? ''}` +
    `<wsse:Security xmlns:wsse="${WSSE}" xmlns:wsu="${WSU}" soap:mustUnderstand="1">` +
    `<wsse:BinarySecurityToken wsu:Id="token" ValueType="${X509_V3}" EncodingType="${BASE64_BINARY}">` +
    `${certificate.raw.toString('base64')}</wsse:BinarySecurityToken>` +
    `<wsu:Timestamp wsu:Id="timestamp"><wsu:Created>${new Date(created).toISOString()}</wsu:Created>` +
    `<wsu:Expires>${new Date(created + 300_000).toISOString()}</wsu:Expires></wsu:Timestamp>` +
    `${confirmation}</wsse:Security></soap:Header>` +
    `<soap:Body xmlns:wsu="${WSU}" wsu:Id="body">${content}</soap:Body></soap:Envelope>`;
  const parts = options.sign ?? ['Body', 'Timestamp', ...(confirmation ? ['SignatureConfirmation'] : [])];
  const signed = sign(envelope, parts, sender.key);
  return sender.recipient === undefined ? signed : encryptBody(signed, sender.recipient);
}

function sign(envelope: string, parts: readonly string[], key: string): string {
  const signer = new SignedXml({
    idMode: 'wssecurity',
    privateKey: key,
    signatureAlgorithm: RSA_SHA256,
    canonicalizationAlgorithm: EXC_C14N,
    getKeyInfoContent: () =>
      `<wsse:SecurityTokenReference xmlns:wsse="${WSSE}">` +
      `<wsse:Reference URI="#token" ValueType="${X509_V3}"/></wsse:SecurityTokenReference>`,
  });
  for (const part of parts) {
    signer.addReference({
      xpath: `//*[local-name(.)='${part}' and @*[local-name(.)='Id']]`,
      transforms: [EXC_C14N],
      digestAlgorithm: SHA256,
    });
  }
  signer.computeSignature(envelope, {
    prefix: 'ds',
    location: { reference: "//*[local-name(.)='Security']", action: 'append' },
  });
  return signer.getSignedXml();
}

/** Replaces the Body's content by an EncryptedData whose key goes into the Security header. */
async function encryptBody(signed: string, recipient: string): Promise<string> {
  const bodyTag = signed.lastIndexOf('<soap:Body');
  const start = signed.indexOf('>', bodyTag) + 1;
  const end = signed.lastIndexOf('</soap:Body>');
  const result = parse(await encrypt(signed.slice(start, end), recipient));
  const [dataValue, keyValue] = cipherValues(result);
  const certificate = new X509Certificate(recipient);
  const id = `data-${randomUUID()}`;
  const key =
    `<xenc:EncryptedKey xmlns:xenc="${XENC}" Id="encrypted-key"><xenc:EncryptionMethod Algorithm="${RSA_OAEP}">` +
    `<ds:DigestMethod xmlns:ds="${DS}" Algorithm="${SHA256}"/>` +
    `<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>` +
    `</xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="${DS}"><wsse:SecurityTokenReference><wsse:KeyIdentifier ` +
    `EncodingType="${BASE64_BINARY}" ` +
    `ValueType="http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1">` +
    `${Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex').toString('base64')}</wsse:KeyIdentifier>` +
    `</wsse:SecurityTokenReference></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>${keyValue}</xenc:CipherValue>` +
    `</xenc:CipherData><xenc:ReferenceList><xenc:DataReference URI="#${id}"/></xenc:ReferenceList></xenc:EncryptedKey>`;
  const data =
    `<xenc:EncryptedData xmlns:xenc="${XENC}" Id="${id}" Type="${XENC}Content">` +
    `<xenc:EncryptionMethod Algorithm="${AES256_GCM}"/>` +
    `<xenc:CipherData><xenc:CipherValue>${dataValue}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`;
  return (
    signed.slice(0, start).replace('<wsse:BinarySecurityToken', `${key}<wsse:BinarySecurityToken`) +
    data +
    signed.slice(end)
  );
}

/** CipherValue of the data and of its key. */
function cipherValues(encryptedData: ReturnType<typeof parse>): [string, string] {
  const [encryptedKey] = descendants(encryptedData, XENC, 'EncryptedKey');
  if (!encryptedKey) throw new Error('xml-encryption made no EncryptedKey');
  const value = (parent: typeof encryptedData) =>
    only(only(parent, XENC, 'CipherData'), XENC, 'CipherValue').textContent;
  return [value(encryptedData), value(encryptedKey)];
}

function encrypt(content: string, recipient: string): Promise<string> {
  const publicKey = new X509Certificate(recipient).publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const options = {
    rsa_pub: publicKey,
    pem: recipient,
    encryptionAlgorithm: AES256_GCM,
    keyEncryptionAlgorithm: RSA_OAEP,
    keyEncryptionDigest: 'sha256',
    keyEncryptionMgf: 'sha256',
  } as const;
  return new Promise((resolve, reject) => {
    xmlenc.encrypt(content, options, (error, xml) => {
      if (error) reject(error);
      else resolve((xml ?? '').trim());
    });
  });
}
