import type { Certificate } from '../../keys/certificate.ts';
import type { ElementText } from '../element-text.ts';
import { BASE64_BINARY, WSSE, WSU, X509_V3 } from '../namespaces.ts';
import type { CertificateToken } from './certificate-token.ts';

/**
 * Writes a wsse:BinarySecurityToken that holds an X.509 v3 certificate, or what else a signer's token holds (X.509 token profile 1.1 §3.1).
 *
 * @param id the wsu:Id
 */
export function createBinarySecurityToken(token: Certificate | CertificateToken, id: string): ElementText {
  const valueType = 'valueType' in token ? token.valueType : X509_V3;
  const rest =
    ` EncodingType="${BASE64_BINARY}" ValueType="${valueType}" wsu:Id="${id}">` +
    `${token.base64}</wsse:BinarySecurityToken>`;
  return { name: 'wsse:BinarySecurityToken', rest, namespaces: NAMESPACES };
}

const NAMESPACES = [
  ['wsse', WSSE],
  ['wsu', WSU],
] as const;
