import { constants, createHmac, type KeyObject, type SignKeyObjectInput } from 'node:crypto';
import { signatureAlgorithms, type SignatureAlgorithm } from '../algorithms.ts';
import { KeyNotAcceptedError } from '../errors.ts';

/**
 * Computes an asymmetric signature: `node:crypto.sign`, here or on the thread pool.
 *
 * @param hash `node:crypto` hash name; null when the algorithm hashes inside
 * @param key the key alone wherever it needs no options: node takes markedly longer to look through an object
 */
export type Signer = (
  hash: string | null,
  data: Buffer,
  key: KeyObject | SignKeyObjectInput,
) => Buffer | Promise<Buffer>;

/** Bytes of r and of s by `node:crypto` curve name (FIPS 186-5). */
const curveBytes: ReadonlyMap<string | undefined, number> = new Map([
  ['prime256v1', 32],
  ['secp384r1', 48],
  ['secp521r1', 66],
]);

const curveAlgorithms: ReadonlyMap<string | undefined, SignatureAlgorithm> = new Map([
  ['prime256v1', 'ECDSA-SHA256'],
  ['secp384r1', 'ECDSA-SHA384'],
  ['secp521r1', 'ECDSA-SHA512'],
]);

/**
 * The algorithm for a key where nothing says which.
 *
 * @throws {KeyNotAcceptedError} when no algorithm is for such a key
 */
export function algorithmFor(key: KeyObject): SignatureAlgorithm {
  if (key.type === 'secret') return 'HMAC-SHA256';
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return 'RSA-SHA256';
    case 'rsa-pss':
      return 'RSA-PSS-SHA256';
    case 'ed25519':
      return 'Ed25519';
    case 'ed448':
      return 'Ed448';
    default: {
      const algorithm = curveAlgorithms.get(key.asymmetricKeyDetails?.namedCurve);
      if (algorithm === undefined) throw new KeyNotAcceptedError('The signing key is of a kind that signs nothing');
      return algorithm;
    }
  }
}

/** @throws {KeyNotAcceptedError} when the key is not of the algorithm's kind */
export function checkSigningKey(algorithm: SignatureAlgorithm, key: KeyObject): void {
  const { keyType, pss } = signatureAlgorithms[algorithm];
  const type = key.asymmetricKeyType;
  const fits = keyType === 'secret' ? key.type === 'secret' : type === keyType || (pss && type === 'rsa-pss');
  if (!fits || (type === 'ec' && curveBytesOf(key) === 0)) {
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
  if (keyType === 'ec') {
    const computed = sign(hash, data, key);
    const bytes = curveBytesOf(key);
    return computed instanceof Promise ? computed.then((der) => rawFromDer(der, bytes)) : rawFromDer(computed, bytes);
  }
  if (!pss) return sign(hash, data, key);
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
}

function curveBytesOf(key: KeyObject): number {
  return curveBytes.get(key.asymmetricKeyDetails?.namedCurve) ?? 0;
}

/** Ecdsa-Sig-Value (RFC 3279 §2.2.3), as our own crypto library has just made it, to r ‖ s. */
function rawFromDer(der: Buffer, bytes: number): Buffer {
  const raw = Buffer.alloc(2 * bytes);
  // SEQUENCE, its length in one byte or two, and two INTEGERs of less than 128 bytes, perhaps after a zero for the sign.
  let at = der[1] < 0x80 ? 2 : 3;
  for (const end of [bytes, 2 * bytes]) {
    const next = at + 2 + der[at + 1];
    const start = Math.max(at + 2, next - bytes);
    der.copy(raw, end - (next - start), start, next);
    at = next;
  }
  return raw;
}
