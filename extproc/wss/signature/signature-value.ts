import { constants, createHmac, type KeyObject, type SignKeyObjectInput } from 'node:crypto';
import { signatureAlgorithms, type SignatureAlgorithm } from '../algorithms.ts';
import { KeyNotAcceptedError } from '../errors.ts';

/**
 * Computes an asymmetric signature: `node:crypto.sign`, here or on the thread pool.
 *
 * @param hash `node:crypto` hash name; null when the algorithm hashes inside
 */
export type Signer = (hash: string | null, data: Buffer, key: SignKeyObjectInput) => Buffer | Promise<Buffer>;

/** Bytes of r and of s by `node:crypto` curve name (FIPS 186-5). */
const curveBytes: Readonly<Record<string, number>> = { prime256v1: 32, secp384r1: 48, secp521r1: 66 };
const hmacBytes: Readonly<Record<string, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

/**
 * Bytes of the SignatureValue that a key makes.
 *
 * @throws {KeyNotAcceptedError} when the key is not of the algorithm's kind
 */
export function signatureLength(algorithm: SignatureAlgorithm, key: KeyObject): number {
  const { keyType, pss, hash } = signatureAlgorithms[algorithm];
  const details = key.asymmetricKeyDetails;
  let length: number | undefined;
  switch (keyType) {
    case 'secret':
      length = key.type === 'secret' && hash !== null ? hmacBytes[hash] : undefined;
      break;
    case 'rsa':
      if (key.asymmetricKeyType === 'rsa' || (pss && key.asymmetricKeyType === 'rsa-pss')) {
        length = Math.ceil((details?.modulusLength ?? 0) / 8);
      }
      break;
    case 'ec':
      if (key.asymmetricKeyType === 'ec') length = 2 * (curveBytes[details?.namedCurve ?? ''] ?? NaN);
      break;
    case 'ed25519':
      if (key.asymmetricKeyType === 'ed25519') length = 64;
      break;
  }
  if (length === undefined || Number.isNaN(length)) {
    throw new KeyNotAcceptedError(`The signing key cannot sign with ${algorithm}`);
  }
  return length;
}

/**
 * Computes a SignatureValue (XML Signature 1.1 §6.4). ECDSA gives r ‖ s, and PSS uses a salt as long as its hash
 * (RFC 9231 §2.3.9).
 *
 * @param data the canonical SignedInfo
 */
export function signatureValue(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  data: Buffer,
  sign: Signer,
): Buffer | Promise<Buffer> {
  const { keyType, pss, hash } = signatureAlgorithms[algorithm];
  if (keyType === 'secret' && hash !== null) return createHmac(hash, key).update(data).digest();
  if (keyType === 'ec') return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
  if (pss) {
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    return sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  }
  return sign(hash, data, { key });
}
