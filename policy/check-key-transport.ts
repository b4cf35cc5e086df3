/** `secure.encryption`: how the key reaches the receiver, and what only some ways of it have. */

import type { Secure } from '../crds/types.ts';
import type { ResolvedEncryption } from './bundle.ts';
import type { Report } from './report.ts';

/** @param given the same as the user wrote it */
export function checkKeyTransport(
  report: Report,
  { keyTransport, oaep, keyIdentifier, recipient }: ResolvedEncryption,
  given: Secure['encryption'],
): void {
  const at = ['secure', 'encryption'];
  if (keyTransport === 'RSA-OAEP-MGF1P' && oaep.mgf !== 'MGF1-SHA1') {
    report.error(
      [...at, 'oaep', 'mgf'],
      'RSA-OAEP-MGF1P always uses MGF1-SHA1; remove mgf or use the keyTransport RSA-OAEP',
    );
  }
  if (!keyTransport.startsWith('RSA-OAEP') && given?.oaep) {
    report.error(
      [...at, 'oaep'],
      `${keyTransport} has no OAEP parameters; remove oaep or use the keyTransport RSA-OAEP`,
    );
  }
  if (keyTransport.startsWith('RSA-') || keyTransport === 'AES-KW') {
    const instead = 'remove it, or use the keyTransport ECDH-ES, X25519 or X448';
    for (const field of ['keyWrap', 'keyDerivation'] as const) {
      if (given?.[field]) report.error([...at, field], `${keyTransport} agrees on no key; ${instead}`);
    }
  }
  if (keyTransport !== 'AES-KW') return;
  if (recipient === 'RequestSigner') {
    report.error(
      [...at, 'recipient'],
      'AES-KW encrypts with a secret that both sides know, and a signer has a certificate; name the secret with recipientRef',
    );
  }
  if (keyIdentifier !== 'KeyName') {
    report.error(
      [...at, 'keyIdentifier'],
      `a key-encryption key has no certificate that ${keyIdentifier} could name; use KeyName`,
    );
  }
}
