/** The octets and the type of a BinarySecurityToken that holds a signer's certificate (X.509 token profile 1.1 §3.1). */

import type { Certificate } from '../../keys/certificate.ts';
import { derValue } from '../../keys/der-writer.ts';
import { TAG } from '../../keys/der.ts';
import { X509_PKCS7, X509_PKI_PATH, X509_V3 } from '../namespaces.ts';
import { writePkcs7 } from './pkcs7.ts';

export type TokenType = 'X509v3' | 'X509PKIPathv1' | 'PKCS7';

export interface CertificateToken {
  readonly base64: string;
  readonly valueType: string;
}

export const tokenValueTypes: Readonly<Record<TokenType, string>> = {
  X509v3: X509_V3,
  X509PKIPathv1: X509_PKI_PATH,
  PKCS7: X509_PKCS7,
};

/** By the signer's certificate: a chain is the same for every message. */
const made = new WeakMap<readonly Certificate[], Map<TokenType, CertificateToken>>();

/**
 * @param chain what is above the certificate, its issuer first; of no use to X509v3
 */
export function certificateToken(
  type: TokenType,
  certificate: Certificate,
  chain: readonly Certificate[],
): CertificateToken {
  if (type === 'X509v3') return { base64: certificate.base64, valueType: X509_V3 };
  let tokens = made.get(chain);
  if (tokens === undefined) made.set(chain, (tokens = new Map<TokenType, CertificateToken>()));
  let token = tokens.get(type);
  if (token === undefined) {
    const encoded = [certificate, ...chain].map(({ der }) => der);
    // A PkiPath begins at the root: each certificate has issued the one after it.
    const octets = type === 'PKCS7' ? writePkcs7(encoded) : derValue(TAG.sequence, ...encoded.reverse());
    token = { base64: octets.toString('base64'), valueType: tokenValueTypes[type] };
    tokens.set(type, token);
  }
  return token;
}
