/** Private keys in PEM: PKCS #8, also encrypted, PKCS #1 and SEC 1 (RFC 7468, RFC 5915). */

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { BerValue } from './ber.ts';
import { KeyFormatError } from './key-material-error.ts';
import { PasswordBased } from './password-based.ts';

export const MAX_PEM_BYTES = 1024 * 1024;

const ENCRYPTED = { begin: '-----BEGIN ENCRYPTED PRIVATE KEY-----', end: '-----END ENCRYPTED PRIVATE KEY-----' };

/**
 * Reads the private key of a PEM text; other blocks (EC parameters, certificates) may stand around it.
 *
 * @param password for an encrypted key
 * @throws KeyFormatError
 */
export function readPrivateKeyPem(text: string, password: string | undefined): KeyObject {
  if (text.length > MAX_PEM_BYTES) throw new KeyFormatError('it is larger than 1 MiB');
  const encryptedAt = text.indexOf(ENCRYPTED.begin);
  const isLegacyEncrypted = text.includes('Proc-Type: 4,ENCRYPTED');
  if ((encryptedAt >= 0 || isLegacyEncrypted) && password === undefined) {
    throw new KeyFormatError('the private key is encrypted; put its password under the key password beside it');
  }
  if (encryptedAt >= 0) {
    const end = text.indexOf(ENCRYPTED.end, encryptedAt);
    if (end < 0) throw new KeyFormatError('the PEM block has no END line');
    const info = BerValue.parse(Buffer.from(text.slice(encryptedAt + ENCRYPTED.begin.length, end), 'base64'));
    return readPkcs8(new PasswordBased(password).decrypt(info.child(0), info.child(1).octets));
  }
  if (!/-----BEGIN (RSA |EC )?PRIVATE KEY-----/.test(text)) {
    throw new KeyFormatError('there is no PEM private key in it (BEGIN PRIVATE KEY)');
  }
  try {
    return createPrivateKey(password === undefined ? text : { key: text, passphrase: password });
  } catch {
    throw new KeyFormatError(
      isLegacyEncrypted
        ? 'the password (key password) does not open it'
        : 'the PEM private key is damaged or of a kind that is not supported',
    );
  }
}

/**
 * Reads a PrivateKeyInfo (RFC 5958).
 *
 * @throws KeyFormatError
 */
export function readPkcs8(der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    throw new KeyFormatError('its private key is damaged or of a kind that is not supported');
  }
}
