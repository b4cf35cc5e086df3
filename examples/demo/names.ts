/** Namespaces and identifiers of the specifications that the sample backend speaks. */

const WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';

export const SOAP11 = 'http://schemas.xmlsoap.org/soap/envelope/';
export const SOAP12 = 'http://www.w3.org/2003/05/soap-envelope';
export const WSSE = `${WSS}-wssecurity-secext-1.0.xsd`;
export const WSSE11 = 'http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd';
export const WSU = `${WSS}-wssecurity-utility-1.0.xsd`;
export const DS = 'http://www.w3.org/2000/09/xmldsig#';
export const XENC = 'http://www.w3.org/2001/04/xmlenc#';
export const EXC_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
export const SHA256 = `${XENC}sha256`;
export const AES256_GCM = 'http://www.w3.org/2009/xmlenc11#aes256-gcm';
export const RSA_OAEP = 'http://www.w3.org/2009/xmlenc11#rsa-oaep';
export const X509_V3 = `${WSS}-x509-token-profile-1.0#X509v3`;
export const BASE64_BINARY = `${WSS}-soap-message-security-1.0#Base64Binary`;
