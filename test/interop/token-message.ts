/**
 * Messages with an issued token, and the requests for one, written by hand: everything that is signed is written in its canonical
 * form, so that nothing of ours stands between the test and Apache CXF.
 */

import { createHash, createHmac, sign, type KeyObject } from 'node:crypto';
import { request } from 'node:https';
import { DS, EXC_C14N, RSA_SHA256, SHA256, SOAP11, SOAP12, WSSE, WSSE11, WSU } from '../../examples/demo/names.ts';
import { AUDIENCE, CA_PEM, USER, type Cxf, type SoapVersion } from './cxf.ts';

const SAML = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1';
const TRUST = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512';
const HMAC_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256';
const PASSWORD_TEXT = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText';

export interface Issued {
  /** The assertion. */
  readonly token: string;
  readonly id: string;
  /** Of keyType SymmetricKey. */
  readonly secret: Buffer;
}

export interface Wanted {
  readonly keyType: 'Bearer' | 'SymmetricKey' | 'PublicKey';
  readonly audience?: string;
  /** Milliseconds since 1970. */
  readonly expires?: number;
  /** PEM, for PublicKey. */
  readonly certificate?: string;
  /** Default: the right one. */
  readonly password?: string;
}

/** Asks for a SAML 2.0 assertion with the UsernameToken of {@link USER}. */
export async function askForToken(url: string, wanted: Wanted): Promise<Issued> {
  const useKey =
    wanted.certificate === undefined
      ? ''
      : `<t:UseKey><d:KeyInfo xmlns:d="${DS}"><d:X509Data><d:X509Certificate>${derOf(wanted.certificate)}` +
        '</d:X509Certificate></d:X509Data></d:KeyInfo></t:UseKey>';
  const lifetime =
    wanted.expires === undefined
      ? ''
      : `<t:Lifetime><u:Created xmlns:u="${WSU}">${new Date().toISOString()}</u:Created>` +
        `<u:Expires xmlns:u="${WSU}">${new Date(wanted.expires).toISOString()}</u:Expires></t:Lifetime>`;
  const body =
    `<t:RequestSecurityToken xmlns:t="${TRUST}"><t:RequestType>${TRUST}/Issue</t:RequestType>` +
    `<t:TokenType>${SAML}#SAMLV2.0</t:TokenType><t:KeyType>${TRUST}/${wanted.keyType}</t:KeyType>` +
    '<p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference ' +
    `xmlns:a="http://www.w3.org/2005/08/addressing"><a:Address>${wanted.audience ?? AUDIENCE}</a:Address>` +
    `</a:EndpointReference></p:AppliesTo>${lifetime}${useKey}</t:RequestSecurityToken>`;
  const answer = await postTls(
    url,
    envelope(SOAP12, usernameToken(wanted.password ?? USER.password), `<s:Body>${body}</s:Body>`),
  );
  const token = /<saml2:Assertion[\s\S]*<\/saml2:Assertion>/.exec(answer)?.[0];
  if (token === undefined) throw new Error(`no token: ${answer}`);
  const secret = /BinarySecret[^>]*>([^<]+)</.exec(answer)?.[1] ?? '';
  return { token, id: / ID="([^"]+)"/.exec(token)?.[1] ?? '', secret: Buffer.from(secret, 'base64') };
}

export interface MessageOptions {
  readonly soap: SoapVersion;
  /** Absent: none is sent. */
  readonly issued?: Issued;
  /** Signs Body and Timestamp, referring to the token. */
  readonly key?: Buffer | KeyObject;
  /** Default true. */
  readonly timestamp?: boolean;
}

/** A message for the demanding service. */
export function tokenMessage({ soap, issued, key, timestamp = true }: MessageOptions): string {
  const namespace = soap === '1.1' ? SOAP11 : SOAP12;
  const body =
    `<s:Body xmlns:s="${namespace}" xmlns:u="${WSU}" u:Id="body">` +
    '<o:Order xmlns:o="urn:example:shop">1</o:Order></s:Body>';
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const time =
    `<u:Timestamp xmlns:u="${WSU}" u:Id="time"><u:Created>${at(0)}</u:Created>` +
    `<u:Expires>${at(300_000)}</u:Expires></u:Timestamp>`;
  const signature =
    key === undefined || issued === undefined ? '' : signed({ body, ...(timestamp && { time }) }, issued, key);
  const security = `<w:Security xmlns:w="${WSSE}" s:mustUnderstand="1">${timestamp ? time : ''}${issued?.token ?? ''}${signature}</w:Security>`;
  return envelope(namespace, security, body);
}

/** Java takes seconds for what it does the first time: lets both services of CXF do that before anybody counts seconds. */
export async function warmUp(cxf: Cxf): Promise<void> {
  const issued = await askForToken(cxf.tokenUrl('username-text'), { keyType: 'SymmetricKey' });
  for (const [demand, key] of [['bearer'], ['symmetric', issued.secret]] as const) {
    const body = tokenMessage({ soap: '1.1', issued, ...(key && { key }) });
    const url = `http://127.0.0.1:${cxf.ports.orders}${cxf.orderPath(demand)}`;
    await fetch(url, { method: 'POST', headers: { 'content-type': 'text/xml' }, body });
  }
  await cxf.reset();
}

function signed(parts: Readonly<Record<string, string>>, issued: Issued, key: Buffer | KeyObject): string {
  const method = Buffer.isBuffer(key) ? HMAC_SHA256 : RSA_SHA256;
  const references = Object.entries(parts).map(
    ([id, text]) =>
      `<d:Reference URI="#${id}"><d:Transforms><d:Transform Algorithm="${EXC_C14N}"></d:Transform></d:Transforms>` +
      `<d:DigestMethod Algorithm="${SHA256}"></d:DigestMethod>` +
      `<d:DigestValue>${createHash('sha256').update(text).digest('base64')}</d:DigestValue></d:Reference>`,
  );
  const info =
    `<d:SignedInfo xmlns:d="${DS}"><d:CanonicalizationMethod Algorithm="${EXC_C14N}"></d:CanonicalizationMethod>` +
    `<d:SignatureMethod Algorithm="${method}"></d:SignatureMethod>${references.join('')}</d:SignedInfo>`;
  const value = Buffer.isBuffer(key)
    ? createHmac('sha256', key).update(info).digest()
    : sign('sha256', Buffer.from(info), key);
  return (
    `<d:Signature xmlns:d="${DS}">${info}<d:SignatureValue>${value.toString('base64')}</d:SignatureValue><d:KeyInfo>` +
    `<w:SecurityTokenReference x:TokenType="${SAML}#SAMLV2.0" xmlns:x="${WSSE11}">` +
    `<w:KeyIdentifier ValueType="${SAML}#SAMLID">${issued.id}</w:KeyIdentifier>` +
    '</w:SecurityTokenReference></d:KeyInfo></d:Signature>'
  );
}

function envelope(namespace: string, header: string, body: string): string {
  return `<s:Envelope xmlns:s="${namespace}"><s:Header>${header}</s:Header>${body}</s:Envelope>`;
}

function usernameToken(password: string): string {
  const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return (
    `<w:Security xmlns:w="${WSSE}"><w:UsernameToken><w:Username>${escape(USER.name)}</w:Username>` +
    `<w:Password Type="${PASSWORD_TEXT}">${escape(password)}</w:Password>` +
    '</w:UsernameToken></w:Security>'
  );
}

const derOf = (pem: string): string => pem.replaceAll(/-----[A-Z ]+-----|\s/g, '');

function postTls(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/soap+xml; charset=utf-8' };
    const call = request(url, { method: 'POST', ca: CA_PEM, headers }, (response) => {
      response.toArray().then((pieces: Buffer[]) => resolve(Buffer.concat(pieces).toString()), reject);
    });
    call.once('error', reject);
    call.end(body);
  });
}
