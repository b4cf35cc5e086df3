/** Answers of token services as several products write them: their prefixes, their layout, what they say and leave out. */

import { DS, SOAP11, SOAP12, WSSE, WSSE11, WSU, XENC } from '../../../wss/namespaces.ts';

export const TRUST_13 = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512';
export const TRUST_2005 = 'http://schemas.xmlsoap.org/ws/2005/02/trust';
export const ADDRESSING = 'http://www.w3.org/2005/08/addressing';
export const SAML1 = 'urn:oasis:names:tc:SAML:1.0:assertion';
export const SAML2 = 'urn:oasis:names:tc:SAML:2.0:assertion';
export const PROFILE_10 = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0';
export const PROFILE_11 = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1';
const POLICY = 'http://schemas.xmlsoap.org/ws/2004/09/policy';

export const MESSAGE_ID = 'urn:uuid:1f5d';
export const CREATED = Date.UTC(2026, 10, 21, 10, 0, 0, 123);
export const EXPIRES = CREATED + 30 * 60_000;
const iso = (time: number): string => new Date(time).toISOString();

/** A SAML 2.0 assertion that says its own namespace. */
export function saml2(end = EXPIRES, inner = ''): string {
  return (
    `<saml2:Assertion xmlns:saml2="${SAML2}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="_a1" ` +
    `IssueInstant="${iso(CREATED)}" Version="2.0" xsi:type="saml2:AssertionType"><saml2:Issuer>urn:sts</saml2:Issuer>` +
    `<ds:Signature xmlns:ds="${DS}"><ds:SignatureValue>AAEC&#13;\nAwQ=</ds:SignatureValue></ds:Signature>` +
    `<saml2:Subject><saml2:NameID>Zoë &amp; Co</saml2:NameID></saml2:Subject>` +
    `<saml2:Conditions NotBefore="${iso(CREATED)}" NotOnOrAfter="${iso(end)}"/>${inner}</saml2:Assertion>`
  );
}

/** A SAML 1.1 assertion as .NET writes it. */
export function saml1(end = EXPIRES): string {
  return (
    `<saml:Assertion MajorVersion="1" MinorVersion="1" AssertionID="_b2" Issuer="http://adfs/trust" ` +
    `IssueInstant="${iso(CREATED)}" xmlns:saml="${SAML1}"><saml:Conditions NotBefore="${iso(CREATED)}" ` +
    `NotOnOrAfter="${iso(end)}"></saml:Conditions><saml:AttributeStatement></saml:AttributeStatement></saml:Assertion>`
  );
}

const lifetime = (p: string, u: string, created = CREATED, expires = EXPIRES): string =>
  `<${p}Lifetime><${u}Created>${iso(created)}</${u}Created><${u}Expires>${iso(expires)}</${u}Expires></${p}Lifetime>`;

export interface Parts {
  readonly token?: string;
  /** More children of the response. */
  readonly more?: string;
  readonly header?: string;
  readonly lifetime?: string;
}

/** Apache CXF: SOAP 1.2, everything in default namespaces of the 1.3 collection. */
export function cxf({ token = saml2(), more = '', header, lifetime: own }: Parts = {}): string {
  const reference = (name: string): string =>
    `<${name}><ns4:SecurityTokenReference wsse11:TokenType="${PROFILE_11}#SAMLV2.0" xmlns:wsse11="${WSSE11}">` +
    `<ns4:KeyIdentifier ValueType="${PROFILE_11}#SAMLID">_a1</ns4:KeyIdentifier></ns4:SecurityTokenReference></${name}>`;
  const addressing =
    `<Action xmlns="${ADDRESSING}">${TRUST_13}/RSTRC/IssueFinal</Action><MessageID xmlns="${ADDRESSING}">urn:uuid:9c</MessageID>` +
    `<To xmlns="${ADDRESSING}">${ADDRESSING}/anonymous</To><RelatesTo xmlns="${ADDRESSING}">${MESSAGE_ID}</RelatesTo>`;
  return (
    `<soap:Envelope xmlns:soap="${SOAP12}"><soap:Header>${header ?? addressing}</soap:Header><soap:Body>` +
    `<RequestSecurityTokenResponseCollection xmlns="${TRUST_13}" xmlns:ns2="${POLICY}" xmlns:ns3="${WSU}" xmlns:ns4="${WSSE}">` +
    `<RequestSecurityTokenResponse><TokenType>${PROFILE_11}#SAMLV2.0</TokenType>` +
    `<RequestedSecurityToken>${token}</RequestedSecurityToken>${reference('RequestedAttachedReference')}` +
    `${reference('RequestedUnattachedReference')}<ns2:AppliesTo><EndpointReference xmlns="${ADDRESSING}">` +
    `<Address>https://backend/</Address></EndpointReference></ns2:AppliesTo>${own ?? lifetime('', 'ns3:')}${more}` +
    `</RequestSecurityTokenResponse></RequestSecurityTokenResponseCollection></soap:Body></soap:Envelope>`
  );
}

/** WCF and AD FS, 2005-02: a bare response, `u` and `o` declared where they are used, a Timestamp for everybody to see. */
export function wcf({ token = saml1(), more = '', header, lifetime: own }: Parts = {}): string {
  const reference = (name: string): string =>
    `<t:${name}><o:SecurityTokenReference k:TokenType="${PROFILE_11}#SAMLV1.1" xmlns:k="${WSSE11}" xmlns:o="${WSSE}">` +
    `<o:KeyIdentifier ValueType="${PROFILE_10}#SAMLAssertionID">_b2</o:KeyIdentifier></o:SecurityTokenReference></t:${name}>`;
  const security =
    `<a:Action s:mustUnderstand="1">${TRUST_2005}/RSTR/Issue</a:Action><a:RelatesTo>${MESSAGE_ID}</a:RelatesTo>` +
    `<o:Security s:mustUnderstand="1" xmlns:o="${WSSE}"><u:Timestamp u:Id="_0"><u:Created>${iso(CREATED)}</u:Created>` +
    `<u:Expires>${iso(CREATED + 300_000)}</u:Expires></u:Timestamp></o:Security>`;
  return (
    `<s:Envelope xmlns:s="${SOAP11}" xmlns:a="${ADDRESSING}" xmlns:u="${WSU}"><s:Header>${header ?? security}</s:Header><s:Body>` +
    `<t:RequestSecurityTokenResponse xmlns:t="${TRUST_2005}">` +
    (own ?? lifetime('t:', 'u:')) +
    `<wsp:AppliesTo xmlns:wsp="${POLICY}"><a:EndpointReference><a:Address>https://backend/</a:Address></a:EndpointReference>` +
    `</wsp:AppliesTo><t:RequestedSecurityToken>${token}</t:RequestedSecurityToken>` +
    `${reference('RequestedAttachedReference')}${reference('RequestedUnattachedReference')}` +
    `<t:TokenType>${SAML1}</t:TokenType><t:RequestType>${TRUST_2005}/Issue</t:RequestType>` +
    `<t:KeyType>http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey</t:KeyType>${more}` +
    `</t:RequestSecurityTokenResponse></s:Body></s:Envelope>`
  );
}

/** Ping Identity: the envelope's prefixes serve the token too, and there are no references. */
export function ping({ token = saml2(), more = '', header = '', lifetime: own }: Parts = {}): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?><S11:Envelope xmlns:S11="${SOAP11}" xmlns:wst="${TRUST_13}" xmlns:wsu="${WSU}" ` +
    `xmlns:saml="${SAML2}" xmlns:wsse="${WSSE}"><S11:Header>${header}</S11:Header><S11:Body>` +
    `<wst:RequestSecurityTokenResponseCollection><wst:RequestSecurityTokenResponse>` +
    `<wst:TokenType>${PROFILE_11}#SAMLV2.0</wst:TokenType>${own ?? lifetime('wst:', 'wsu:')}` +
    `<wst:RequestedSecurityToken>${token}</wst:RequestedSecurityToken>${more}` +
    `</wst:RequestSecurityTokenResponse></wst:RequestSecurityTokenResponseCollection></S11:Body></S11:Envelope>`
  );
}

/** DataPower: pretty-printed, with white space around all that can have it, a bare response of 1.3, and no Header. */
export function dataPower({ token = saml2(), more = '', lifetime: own = '' }: Parts = {}): string {
  return `<?xml version='1.0'?>
<env:Envelope xmlns:env="${SOAP12}">
  <env:Body>
    <wst:RequestSecurityTokenResponse xmlns:wst="${TRUST_13}" Context="x">
      <wst:RequestedSecurityToken>
        <!-- issued -->
        ${token}
      </wst:RequestedSecurityToken>
      <wst:TokenType>
        ${SAML2}
      </wst:TokenType>
      ${own}${more}
    </wst:RequestSecurityTokenResponse>
  </env:Body>
</env:Envelope>
`;
}

/** A response of 1.3 to Renew, Validate or Cancel, or a broken one, with nothing that is not said here. */
export function bare(content: string, namespace = TRUST_13): string {
  return (
    `<s:Envelope xmlns:s="${SOAP12}" xmlns:t="${namespace}" xmlns:x="${XENC}" xmlns:wsse="${WSSE}" xmlns:wsu="${WSU}"><s:Body>` +
    `${content}</s:Body></s:Envelope>`
  );
}
