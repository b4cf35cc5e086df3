/** The cryptographic operations alone, that no implementation can do without: the limit. */

import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { keyOf, type BenchKeys } from '../keys.ts';
import type { Operation } from '../operation.ts';

/** Does the cryptography of an operation on a message of this length and nothing else. */
export function bare(keys: BenchKeys): (operation: Operation, message: Buffer) => unknown {
  const signing = keyOf(keys.signer.key);
  const decrypting = keyOf(keys.recipient.key);
  const checking = createPublicKey(keys.signer.certificate);
  const encrypting = createPublicKey(keys.recipient.certificate);
  const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  const signedInfo = randomBytes(1000);
  const signature = sign('sha256', signedInfo, signing);
  const session = randomBytes(32);
  const wrapped = publicEncrypt({ key: encrypting, ...oaep }, session);
  const iv = randomBytes(12);
  const hash = (message: Buffer) => createHash('sha256').update(message).digest();
  const seal = (message: Buffer) => {
    const cipher = createCipheriv('aes-256-gcm', session, iv);
    return [cipher.update(message), cipher.final(), cipher.getAuthTag()];
  };
  // Deciphered without its tag, which would have to be made for each message first: the same work but for one comparison.
  const open = (message: Buffer) => createDecipheriv('aes-256-gcm', session, iv).update(message);
  const produceSignature = (message: Buffer) => [hash(message), sign('sha256', signedInfo, signing)];
  const checkSignature = (message: Buffer) => [hash(message), verify('sha256', signedInfo, checking, signature)];
  const encrypt = (message: Buffer) => [seal(message), publicEncrypt({ key: encrypting, ...oaep }, session)];
  const decrypt = (message: Buffer) => [privateDecrypt({ key: decrypting, ...oaep }, wrapped), open(message)];
  const work: Record<Operation, (message: Buffer) => unknown> = {
    sign: produceSignature,
    verify: checkSignature,
    encrypt,
    decrypt,
    'sign+encrypt': (message) => [produceSignature(message), encrypt(message)],
    'decrypt+verify': (message) => [decrypt(message), checkSignature(message)],
    'ts+ut-create': () => createHash('sha1').update(signedInfo.subarray(0, 60)).digest(),
    'ts+ut-verify': () => createHash('sha1').update(signedInfo.subarray(0, 60)).digest(),
  };
  return (operation, message) => work[operation](message);
}
