/**
 * The STR-Transform (WSS 1.1 §8.3): what is digested is not the SecurityTokenReference that the Reference names, but the
 * token that it names in turn.
 */

import type { CanonicalizeOptions } from '../../xml/c14n.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import type { Certificate } from '../../keys/certificate.ts';
import { WSSE, X509_V3 } from '../namespaces.ts';

/**
 * How the token is canonicalized: a default namespace in scope is kept, and where there is none `xmlns=""` is written,
 * so that a token cannot change its meaning by being moved.
 */
export function tokenCanonicalization(options: CanonicalizeOptions): CanonicalizeOptions {
  return { ...options, inclusivePrefixes: ['#default'], augmentDefaultNamespace: true };
}

/**
 * Octets of a certificate that a SecurityTokenReference names without holding it in a BinarySecurityToken: WSS has the
 * token made up for the purpose. Its form is the one WSS4J digests: no EncodingType, the prefix that the reference has
 * for the wsse namespace.
 */
export function externalTokenOctets(index: XmlIndex, reference: number, certificate: Certificate): Buffer {
  const prefix = index.prefix(reference) === '' ? 'wsse' : index.prefix(reference);
  const name = `${prefix}:BinarySecurityToken`;
  return Buffer.from(
    `<${name} xmlns="" xmlns:${prefix}="${WSSE}" ValueType="${X509_V3}">${certificate.base64}</${name}>`,
  );
}
