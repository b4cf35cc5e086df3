/** The two roles of the bundle service's certificates: neither end accepts its own kind. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** DNS name (subject alternative name) in the certificate of each. */
export const OPERATOR_NAME = 'waxseal-operator';
export const EXTPROC_NAME = 'waxseal-extproc';

/** What an end needs for TLS, as PEM. */
export interface TlsMaterial {
  /** Its own certificate, and those between it and the authority. */
  readonly certificate: string;
  readonly key: string;
  /** The authorities that the other end's certificate may be of. */
  readonly ca: string;
}

/** A certificate, its key or an authority is none, or they do not go together. The text holds nothing secret. */
export class TlsMaterialError extends Error {
  readonly code = 'ERR_TLS_MATERIAL';
}

/**
 * TLS 1.3 only.
 * @throws TlsMaterialError
 */
export function secureContextOptions({ certificate, key, ca }: TlsMaterial): SecureContextOptions {
  const options: SecureContextOptions = { cert: certificate, key, ca, minVersion: 'TLSv1.3' };
  try {
    // OpenSSL passes over an authority that it cannot read, and Node over a key that is empty: say so here.
    new X509Certificate(ca);
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      throw new Error('the key is another one');
    createSecureContext(options);
  } catch (error) {
    throw new TlsMaterialError(`certificate, key and authorities cannot be used: ${(error as Error).message}`);
  }
  return options;
}

/**
 * @param certificate DER
 * @returns whether it is that of the role; that an authority vouches for it is for TLS to find out
 */
export function hasRole(certificate: Buffer, name: string): boolean {
  return new X509Certificate(certificate).checkHost(name, { subject: 'never', wildcards: false }) !== undefined;
}
