import { constants, createHmac, type KeyObject, type SignKeyObjectInput } from 'node:crypto';
import { signatureAlgorithms, type SignatureAlgorithm } from '../algorithms.ts';
import { KeyNotAcceptedError } from '../errors.ts';

/**
 * Computes an asymmetric signature: `node:crypto.sign`, here or on the thread pool.
 *
 * @param hash `node:crypto` hash name; null when the algorithm hashes inside
 */
export type Signer = (hash: string | null, data: Buffer, key: SignKeyObjectInput) => Buffer | Promise<Buffer>;

/** By `node:crypto` name: P-256, P-384 and P-521. */
const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** @throws {KeyNotAcceptedError} when the key is not of the algorithm's kind */
export function checkSigningKey(algorithm: SignatureAlgorithm, key: KeyObject): void {
  const { keyType, pss } = signatureAlgorithms[algorithm];
  const type = key.asymmetricKeyType;
  const fits = keyType === 'secret' ? key.type === 'secret' : type === keyType || (pss && type === 'rsa-pss');
  if (!fits || (type === 'ec' && !CURVES.has(key.asymmetricKeyDetails?.namedCurve))) {
    throw new KeyNotAcceptedError(`The signing key cannot sign with ${algorithm}`);
  }
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
