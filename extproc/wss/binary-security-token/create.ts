import type { Certificate } from '../../keys/certificate.ts';
import type { ElementText } from '../element-text.ts';
import { BASE64_BINARY, WSSE, WSU, X509_V3 } from '../namespaces.ts';

/**
 * Writes a wsse:BinarySecurityToken that holds an X.509 v3 certificate (X.509 token profile 1.1 §3.1).
 *
 * @param id the wsu:Id
 */
export function createBinarySecurityToken(certificate: Certificate, id: string): ElementText {
  const rest =
    ` EncodingType="${BASE64_BINARY}" ValueType="${X509_V3}" wsu:Id="${id}">` +
    `${certificate.base64}</wsse:BinarySecurityToken>`;
  return { name: 'wsse:BinarySecurityToken', rest, namespaces: NAMESPACES };
}

const NAMESPACES = [
  ['wsse', WSSE],
  ['wsu', WSU],
] as const;
