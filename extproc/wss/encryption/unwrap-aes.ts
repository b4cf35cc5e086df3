/** The checking side of an EncryptedKey whose key is wrapped with AES: with an agreed key, or with one both sides know. */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { keyWraps, type KeyTransport, type KeyWrap } from '../algorithms.ts';
import { AlgorithmNotAcceptedError, KeyNotFoundError } from '../errors.ts';
import { keyHintsOf } from '../key-info/read.ts';
import type { DecryptionSettings } from '../settings.ts';
import { unwrapKey } from './aes-key-wrap.ts';
import { matchDecryptionKeys } from './decryption-key.ts';
import { agreedKey, canAgree, readAgreement } from './key-agreement.ts';

/**
 * @returns undefined when none of our keys unwraps it: no error here, as with RSA
 * @throws KeyNotFoundError when the policy has no key to try, and the errors of what everyone can read in the message
 */
export function unwrapWithAes(
  index: XmlIndex,
  encryptedKey: number,
  wrap: KeyWrap,
  wrapped: Buffer,
  settings: DecryptionSettings,
): Buffer | undefined {
  const { keyBytes } = keyWraps[wrap];
  const agreement = readAgreement(index, encryptedKey, keyBytes);
  checkAccepted(agreement?.algorithm ?? 'AES-KW', settings);
  const own = settings.keys.filter(({ key }) =>
    agreement === undefined
      ? key.type === 'secret' && key.symmetricKeySize === keyBytes
      : canAgree(agreement.algorithm, key, agreement.originator),
  );
  const keys = matchDecryptionKeys(own, agreement?.recipient ?? keyHintsOf(index, encryptedKey));
  if (keys.length === 0)
    throw new KeyNotFoundError('the EncryptedKey is for none of the decryption keys of the policy');
  let octets: Buffer | undefined;
  for (const { key } of keys) {
    const kek = agreement === undefined ? key : agreedKey(agreement, key, keyBytes);
    if (kek !== undefined) octets ??= unwrapKey(wrap, kek, wrapped);
  }
  return octets;
}

function checkAccepted(transport: KeyTransport, { accept }: DecryptionSettings): void {
  if (!accept.keyTransports.includes(transport)) {
    throw new AlgorithmNotAcceptedError(`the policy does not accept ${transport}`);
  }
}
