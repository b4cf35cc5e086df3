import type { Certificate } from '../../keys/certificate.ts';
import { BASE64_BINARY, X509_V3 } from '../namespaces.ts';

/**
 * Writes a wsse:BinarySecurityToken that holds an X.509 v3 certificate (X.509 token profile 1.1 §3.1).
 *
 * @param id the wsu:Id
 * @param declarations namespace declarations of the prefixes `wsse` and `wsu`, where they are not in scope
 */
export function createBinarySecurityToken(certificate: Certificate, id: string, declarations: string): string {
  return (
    `<wsse:BinarySecurityToken${declarations} EncodingType="${BASE64_BINARY}" ValueType="${X509_V3}" wsu:Id="${id}">` +
    `${certificate.base64}</wsse:BinarySecurityToken>`
  );
}
