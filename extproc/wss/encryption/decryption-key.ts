/** Which of our private keys an EncryptedKey is for. */

import { nameKey } from '../../keys/distinguished-name.ts';
import type { Certificate } from '../../keys/certificate.ts';
import type { KeyHint } from '../key-info/read.ts';
import type { DecryptionKey } from '../settings.ts';

/**
 * Chooses the keys to try: those that the KeyInfo names; all, when it names none of them or nothing at all (a peer may
 * still name last year's certificate of the same key).
 */
export function matchDecryptionKeys(
  keys: readonly DecryptionKey[],
  hints: readonly KeyHint[],
): readonly DecryptionKey[] {
  const named = keys.filter((key) => hints.some((hint) => isNamed(key, hint)));
  return named.length > 0 ? named : keys;
}

function isNamed({ name, certificate }: DecryptionKey, hint: KeyHint): boolean {
  if (hint.kind === 'keyName' && hint.name === name) return true;
  return certificate !== undefined && isCertificateNamed(certificate, hint);
}

function isCertificateNamed(certificate: Certificate, hint: KeyHint): boolean {
  switch (hint.kind) {
    case 'certificates':
      return hint.chain[0].fingerprint === certificate.fingerprint;
    case 'subjectKeyIdentifier':
      return hint.value.equals(certificate.subjectKeyIdentifier);
    case 'thumbprint':
      return hint.value.equals(certificate.thumbprintSha1);
    case 'issuerSerial':
      return hint.serial === certificate.serialNumber && nameKey(hint.issuer) === certificate.issuerKey;
    case 'subject':
    case 'keyName':
      return nameKey(hint.name) === certificate.subjectKey;
    case 'keyValue':
      return certificate.publicKey.equals(hint.key);
    default:
      return false;
  }
}
