/** The cryptographic check of a SignatureValue (XML Signature 1.1 §6.3 and §6.4). */

import { constants, createHmac, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import { signatureAlgorithms, type SignatureAlgorithm } from '../algorithms.ts';

/**
 * @param key of the type that the algorithm needs
 * @param data canonical SignedInfo
 * @param value ECDSA: r and s side by side (XML Signature §6.4.3), not DER; HMAC: whole, never truncated
 */
export function isSignatureValid(algorithm: SignatureAlgorithm, key: KeyObject, data: Buffer, value: Buffer): boolean {
  const { keyType, hash, pss } = signatureAlgorithms[algorithm];
  switch (keyType) {
    case 'secret': {
      if (hash === null) return false;
      const expected = createHmac(hash, key).update(data).digest();
      return expected.length === value.length && timingSafeEqual(expected, value);
    }
    case 'rsa':
      return pss
        ? verify(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT }, value)
        : verify(hash, data, key, value);
    case 'ec':
      return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, value);
    case 'ed25519':
    case 'ed448':
      return verify(null, data, key, value);
  }
}

/** RFC 9231 §2.3.10: the salt is as long as the hash. */
const PSS_SALT = constants.RSA_PSS_SALTLEN_DIGEST;
