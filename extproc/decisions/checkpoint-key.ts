/** Keys that sign the checkpoints of a decision log, and that tell whether they are genuine. */

import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';

export class CheckpointKeyError extends Error {
  override readonly name = 'CheckpointKeyError';
}

/** By the names that checkpoints carry. */
export type CheckpointAlgorithm = 'Ed25519' | 'RSA-SHA256' | 'ECDSA-SHA256';

const MIN_RSA_BITS = 2048;

export interface CheckpointKey {
  readonly algorithm: CheckpointAlgorithm;
  /** See `CheckpointRecord.key`. */
  readonly id: string;
  readonly sign: (text: string) => string;
}

/**
 * @param pem a private key: RSA of at least 2048 bits, EC, or Ed25519, not encrypted
 * @throws CheckpointKeyError
 */
export function readCheckpointKey(pem: string): CheckpointKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new CheckpointKeyError('the key of the decision log is no private key in PEM that is not encrypted');
  }
  const algorithm = algorithmOf(key);
  return {
    algorithm,
    id: keyId(createPublicKey(key)),
    sign: (text) => sign(hashOf(algorithm), Buffer.from(text), key).toString('base64'),
  };
}

/** Public keys by their id. */
export type TrustedCheckpointKeys = ReadonlyMap<string, KeyObject>;

/**
 * @param pem certificates or public keys, as many as there are
 * @throws CheckpointKeyError
 */
export function readTrustedCheckpointKeys(pem: string): TrustedCheckpointKeys {
  const blocks = pem.match(/-----BEGIN (CERTIFICATE|PUBLIC KEY)-----[^-]+-----END \1-----/g) ?? [];
  if (blocks.length === 0) throw new CheckpointKeyError('there is no certificate and no public key in PEM');
  return new Map(
    blocks.map((block) => {
      try {
        const key = createPublicKey(block);
        algorithmOf(key);
        return [keyId(key), key];
      } catch (error) {
        if (error instanceof CheckpointKeyError) throw error;
        throw new CheckpointKeyError('a certificate or public key cannot be read');
      }
    }),
  );
}

/** @param over what the signature is over */
export function isCheckpointGenuine(key: KeyObject, algorithm: string, over: string, signature: Buffer): boolean {
  if (algorithm !== algorithmOf(key)) return false;
  return verify(hashOf(algorithmOf(key)), Buffer.from(over), key, signature);
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): CheckpointAlgorithm {
  if (asymmetricKeyType === 'ed25519') return 'Ed25519';
  if (asymmetricKeyType === 'ec') return 'ECDSA-SHA256';
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS) return 'RSA-SHA256';
  throw new CheckpointKeyError('the key of a decision log is RSA of at least 2048 bits, EC, or Ed25519');
}

function hashOf(algorithm: CheckpointAlgorithm): string | null {
  return algorithm === 'Ed25519' ? null : 'sha256';
}

function keyId(key: KeyObject): string {
  return hash('sha256', key.export({ type: 'spki', format: 'der' }));
}
