/** Namespaces of WS-Policy, of what carries policies, and of their assertions. */

/** WS-Policy 1.2 (member submission) and 1.5 (recommendation). */
export const POLICY_NAMESPACES: ReadonlySet<string> = new Set([
  'http://schemas.xmlsoap.org/ws/2004/09/policy',
  'http://www.w3.org/ns/ws-policy',
]);
/** Drafts that nobody should find any more, told of by name. */
export const OLD_POLICY_NAMESPACES: ReadonlySet<string> = new Set([
  'http://schemas.xmlsoap.org/ws/2002/12/policy',
  'http://www.w3.org/2006/07/ws-policy',
]);
export const POLICY_15 = 'http://www.w3.org/ns/ws-policy';

export const WSDL = 'http://schemas.xmlsoap.org/wsdl/';
/** WSDL 1.1 §3 and the SOAP 1.2 binding extension. */
export const SOAP_BINDINGS: ReadonlySet<string> = new Set([
  'http://schemas.xmlsoap.org/wsdl/soap/',
  'http://schemas.xmlsoap.org/wsdl/soap12/',
]);

/** WS-SecurityPolicy 1.1, 1.2 and what 1.3 added; assertions of the three have the same names and meanings. */
export const SECURITY_POLICY_11 = 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy';
export const SECURITY_POLICY_12 = 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702';
export const SECURITY_POLICY_13 = 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802';
export const SECURITY_POLICY: ReadonlySet<string> = new Set([
  ...[SECURITY_POLICY_11, SECURITY_POLICY_12, SECURITY_POLICY_13],
]);
/** Algorithm suites of Apache CXF. */
export const CXF_SUITES = 'http://cxf.apache.org/custom/security-policy';

export const WSA_10 = 'http://www.w3.org/2005/08/addressing';
export const WSA_2004 = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
/** WS-Addressing 1.0 Metadata, and the assertions from before it. */
export const WSAM = 'http://www.w3.org/2007/05/addressing/metadata';
export const WSAW = 'http://www.w3.org/2006/05/addressing/wsdl';
export const WSAP_2004 = 'http://schemas.xmlsoap.org/ws/2004/08/addressing/policy';

/** Prefixes for messages: those that the specifications use. */
const PREFIXES: ReadonlyMap<string, string> = new Map([
  ...[...SECURITY_POLICY].map((uri) => [uri, 'sp'] as const),
  ...[...POLICY_NAMESPACES, ...OLD_POLICY_NAMESPACES].map((uri) => [uri, 'wsp'] as const),
  [CXF_SUITES, 'cxf'],
  [WSAM, 'wsam'],
  [WSAW, 'wsaw'],
  [WSAP_2004, 'wsap'],
  [WSDL, 'wsdl'],
]);

/** `sp:EncryptSignature`, or `{namespace}local` for what has no usual prefix. */
export function displayName(namespace: string, localName: string): string {
  const prefix = PREFIXES.get(namespace);
  return prefix === undefined ? `{${namespace}}${localName}` : `${prefix}:${localName}`;
}
