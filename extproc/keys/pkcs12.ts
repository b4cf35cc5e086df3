/** Reading of PKCS #12 key stores (RFC 7292), as OpenSSL, Java, Windows and cert-manager write them. */

import type { KeyObject } from 'node:crypto';
import { BerValue } from './ber.ts';
import { Certificate } from './certificate.ts';
import { KeyFormatError } from './key-material-error.ts';
import { PasswordBased } from './password-based.ts';
import { readPkcs8 } from './pem.ts';

export const MAX_KEY_STORE_BYTES = 1024 * 1024;
const MAX_BAGS = 1024;
const MAX_SAFES = 16;

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';

export interface KeyStore {
  readonly keys: readonly { readonly key: KeyObject; readonly friendlyName: string | undefined }[];
  readonly certificates: readonly Certificate[];
}

/**
 * Opens a key store.
 *
 * @param file at most 1 MiB
 * @param password absent: tried as the empty one
 * @throws KeyFormatError
 * @throws InvalidTokenError when a certificate in it is not acceptable
 */
export function readPkcs12(file: Buffer, password: string | undefined): KeyStore {
  if (file.length > MAX_KEY_STORE_BYTES) throw new KeyFormatError('it is larger than 1 MiB');
  const top = BerValue.parse(file);
  const content = contentOf(top.child(1), DATA).octets;
  const secret = new PasswordBased(password);
  if (top.children.length > 2) secret.checkMac(top.child(2), content);
  const safes = BerValue.parse(content).children;
  if (safes.length > MAX_SAFES) throw new KeyFormatError('it has too many parts');
  const bags = safes.flatMap((safe) => BerValue.parse(openSafe(safe, secret)).children);
  if (bags.length > MAX_BAGS) throw new KeyFormatError('it has too many entries');

  const keys: { key: KeyObject; friendlyName: string | undefined }[] = [];
  const certificates: Certificate[] = [];
  for (const bag of bags) {
    const { oid } = bag.child(0);
    const value = bag.child(1).child(0);
    if (oid === CERTIFICATE_BAG) {
      const { oid: kind } = value.child(0);
      if (kind === X509_CERTIFICATE) certificates.push(Certificate.fromDer(value.child(1).child(0).octets));
    } else if (oid === KEY_BAG || oid === SHROUDED_KEY_BAG) {
      const der = oid === KEY_BAG ? value.der : secret.decrypt(value.child(0), value.child(1).octets);
      keys.push({ key: readPkcs8(der), friendlyName: friendlyName(bag) });
    }
    // Other entries (shared secrets, revocation lists) are none that we could use.
  }
  return { keys, certificates };
}

/** The content of a ContentInfo, which must be of this type. */
function contentOf(info: BerValue, type: string): BerValue {
  if (info.child(0).oid !== type) throw new KeyFormatError('it is protected by certificates instead of a password');
  return info.child(1).child(0);
}

function openSafe(safe: BerValue, secret: PasswordBased): Buffer {
  if (safe.child(0).oid === DATA) return contentOf(safe, DATA).octets;
  // EncryptedData: version, EncryptedContentInfo (type, algorithm, [0] octets).
  const encrypted = contentOf(safe, ENCRYPTED_DATA).child(1);
  return secret.decrypt(encrypted.child(1), encrypted.child(2).octets);
}

function friendlyName(bag: BerValue): string | undefined {
  const attribute = bag.children[2]?.children.find((candidate) => candidate.child(0).oid === FRIENDLY_NAME);
  return attribute?.child(1).child(0).text;
}
