/** Namespace URIs and identifier URIs of the specifications this room implements. */

export const SOAP11 = 'http://schemas.xmlsoap.org/soap/envelope/';
export const SOAP12 = 'http://www.w3.org/2003/05/soap-envelope';
export const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
export const WSSE11 = 'http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd';
export const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
export const DS = 'http://www.w3.org/2000/09/xmldsig#';
export const DSIG11 = 'http://www.w3.org/2009/xmldsig11#';
export const DSIG_MORE = 'http://www.w3.org/2021/04/xmldsig-more#';
export const XENC = 'http://www.w3.org/2001/04/xmlenc#';
export const XENC11 = 'http://www.w3.org/2009/xmlenc11#';
export const EXC_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const XOP = 'http://www.w3.org/2004/08/xop/include';
export const XML = 'http://www.w3.org/XML/1998/namespace';

const SOAP_MESSAGE_SECURITY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0';
const SOAP_MESSAGE_SECURITY_11 = 'http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1';
const X509_PROFILE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0';
const USERNAME_PROFILE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0';

/** WSS 1.1 §5.3 and X.509 token profile: ValueType and EncodingType URIs. */
export const BASE64_BINARY = `${SOAP_MESSAGE_SECURITY}#Base64Binary`;
export const STR_TRANSFORM = `${SOAP_MESSAGE_SECURITY}#STR-Transform`;
export const X509_V3 = `${X509_PROFILE}#X509v3`;
export const X509_PKI_PATH = `${X509_PROFILE}#X509PKIPathv1`;
export const X509_PKCS7 = `${X509_PROFILE}#PKCS7`;
export const X509_SKI = `${X509_PROFILE}#X509SubjectKeyIdentifier`;
export const THUMBPRINT_SHA1 = `${SOAP_MESSAGE_SECURITY_11}#ThumbprintSHA1`;
export const ENCRYPTED_KEY_SHA1 = `${SOAP_MESSAGE_SECURITY_11}#EncryptedKeySHA1`;
export const ENCRYPTED_KEY_TOKEN = `${SOAP_MESSAGE_SECURITY_11}#EncryptedKey`;

/** UsernameToken profile 1.1 §4: Password/@Type URIs. */
export const PASSWORD_TEXT = `${USERNAME_PROFILE}#PasswordText`;
export const PASSWORD_DIGEST = `${USERNAME_PROFILE}#PasswordDigest`;

/** UsernameToken profile 1.1 §3.2: ValueType of references to it. */
export const USERNAME_TOKEN = `${USERNAME_PROFILE}#UsernameToken`;

/** SwA profile 1.1 §4 and §5: transforms, and EncryptedData/@Type URIs. */
const SWA_PROFILE = 'http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1';
export const ATTACHMENT_CONTENT_SIGNATURE = `${SWA_PROFILE}#Attachment-Content-Signature-Transform`;
export const ATTACHMENT_COMPLETE_SIGNATURE = `${SWA_PROFILE}#Attachment-Complete-Signature-Transform`;
export const ATTACHMENT_CIPHERTEXT = `${SWA_PROFILE}#Attachment-Ciphertext-Transform`;
export const TYPE_ATTACHMENT_CONTENT = `${SWA_PROFILE}#Attachment-Content-Only`;
export const TYPE_ATTACHMENT_COMPLETE = `${SWA_PROFILE}#Attachment-Complete`;

/** xmlenc §3.1: EncryptedData/@Type URIs. */
export const TYPE_ELEMENT = `${XENC}Element`;
export const TYPE_CONTENT = `${XENC}Content`;

/** WSS 1.1 and SOAP 1.1/1.2: header block actors/roles that mean "whoever is the ultimate receiver". */
export const ULTIMATE_RECEIVER_12 = `${SOAP12}/role/ultimateReceiver`;

/** WS-SecureConversation of February 2005, and 1.3 and 1.4. */
export const WSC_2005_02 = 'http://schemas.xmlsoap.org/ws/2005/02/sc';
export const WSC_2005_12 = 'http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512';

/** Kerberos token profile 1.1 §3.2: ValueTypes of a token, and whether it is in the frame of GSS-API. */
const KERBEROS_PROFILE = 'http://docs.oasis-open.org/wss/oasis-wss-kerberos-token-profile-1.1';
export const KERBEROS_AP_REQ = `${KERBEROS_PROFILE}#Kerberosv5_AP_REQ`;
export const GSS_KERBEROS_AP_REQ = `${KERBEROS_PROFILE}#GSS_Kerberosv5_AP_REQ`;
export const KERBEROS_TOKENS: ReadonlyMap<string, 'GSS' | 'Plain'> = new Map(
  ['', '1510', '4120'].flatMap((version) => [
    [`${KERBEROS_AP_REQ}${version}`, 'Plain'],
    [`${GSS_KERBEROS_AP_REQ}${version}`, 'GSS'],
  ]),
);
/** §3.3: ValueType of a KeyIdentifier, the SHA-1 over the token's octets. */
export const KERBEROS_SHA1 = `${KERBEROS_PROFILE}#Kerberosv5APREQSHA1`;
