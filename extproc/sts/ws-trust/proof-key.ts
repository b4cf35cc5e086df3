/** The secret key that a token was issued for (WS-Trust 1.3 §4.4.3 to §4.4.6). */

import { unwrapEncryptedKey } from '../../wss/encryption/unwrap-key.ts';
import { DecryptionFailedError } from '../../wss/errors.ts';
import { XENC } from '../../wss/namespaces.ts';
import type { DecryptionKey } from '../../wss/settings.ts';
import type { SoapMessage } from '../../wss/soap.ts';
import { base64Of, onlyChild, optionalChild, textOf } from '../../wss/structure.ts';
import { Verification } from '../../wss/verification.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { TokenAnswerError } from '../errors.ts';
import type { WsTrustSettings } from '../settings.ts';
import { answerContext, answerVerification } from './answer-verification.ts';
import { pSha1 } from '../../wss/derived-key/p-sha1.ts';
import { VOCABULARIES, type TrustVocabulary } from './versions.ts';

export interface ProofSources {
  readonly operation: 'Issue' | 'Renew';
  /** Our part of the key, as it was sent. */
  readonly entropy: Buffer | undefined;
  /** What the key may be encrypted for. */
  readonly keys: readonly DecryptionKey[];
}

/**
 * @param response the RequestSecurityTokenResponse
 * @returns undefined for tokens without a secret key, and where a token that was renewed keeps the one it had
 * @throws {TokenAnswerError} when the answer contradicts itself or what was asked for
 * @throws WssError when the key cannot be read
 */
export function readProofKey(
  message: SoapMessage,
  response: number,
  settings: WsTrustSettings,
  sources: ProofSources,
): Buffer | undefined {
  const { index } = message;
  const words = VOCABULARIES[settings.version];
  const proof = optionalChild(index, response, words.namespace, 'RequestedProofToken');
  const entropy = optionalChild(index, response, words.namespace, 'Entropy');
  checkKeyType(index, response, settings, words);
  if (settings.keyType !== 'Symmetric') {
    if (proof === -1 && entropy === -1) return undefined;
    throw new TokenAnswerError('the answer has a secret key that was not asked for');
  }
  if (proof === -1) return keyWithoutProof(entropy, settings, sources);
  const child = secretIn(index, proof);
  const length = settings.keySize / 8;
  if (index.is(child, words.namespace, 'ComputedKey')) {
    const { requester, issuer } = bothEntropies(message, child, entropy, words, sources);
    return pSha1(requester, issuer, length);
  }
  if (sources.entropy !== undefined) {
    throw new TokenAnswerError('the issuer made the key alone; allow it with entropy: Issuer');
  }
  const key = readSecret(message, child, words, sources.keys);
  if (key.length !== length) throw new TokenAnswerError('the key is not of the size that was asked for');
  return key;
}

/** Answers need not say of what type and size the key is; if they do, it is what was asked for. */
function checkKeyType(index: XmlIndex, response: number, settings: WsTrustSettings, words: TrustVocabulary): void {
  const { keyType, keySize } = settings;
  const type = optionalChild(index, response, words.namespace, 'KeyType');
  // Services that speak several versions mix up their names for it.
  const names = Object.values(VOCABULARIES).map(({ keyTypes }) => keyTypes[keyType]);
  if (type !== -1 && !names.includes(textOf(index, type).trim())) {
    throw new TokenAnswerError('the key is not of the type that was asked for');
  }
  const size = optionalChild(index, response, words.namespace, 'KeySize');
  if (keyType === 'Symmetric' && size !== -1 && textOf(index, size).trim() !== String(keySize)) {
    throw new TokenAnswerError('the key is not of the size that was asked for');
  }
}

/** No proof token: the key is our entropy (WS-Trust 1.3 §4.4.6), or stays what it was (§5). */
function keyWithoutProof(entropy: number, settings: WsTrustSettings, sources: ProofSources): Buffer | undefined {
  if (entropy !== -1) throw new TokenAnswerError('the answer has entropy and does not say what for');
  if (sources.entropy === undefined) {
    if (sources.operation === 'Renew') return undefined;
    throw new TokenAnswerError('the answer has no secret key');
  }
  if (settings.entropy === 'Both') {
    throw new TokenAnswerError('the issuer has no part in the key; allow it with entropy: Requester');
  }
  return sources.entropy;
}

function bothEntropies(
  message: SoapMessage,
  computedKey: number,
  entropy: number,
  words: TrustVocabulary,
  sources: ProofSources,
): { readonly requester: Buffer; readonly issuer: Buffer } {
  const { index } = message;
  if (textOf(index, computedKey).trim() !== words.computedKey) {
    throw new TokenAnswerError('the key is to be computed in another way than by P_SHA1');
  }
  if (sources.entropy === undefined)
    throw new TokenAnswerError('the key is to be computed of entropy that we did not send');
  if (entropy === -1) throw new TokenAnswerError('the key is to be computed of entropy that the answer does not have');
  return {
    requester: sources.entropy,
    issuer: readSecret(message, secretIn(index, entropy), words, sources.keys),
  };
}

/** The octets of a BinarySecret or EncryptedKey. */
function readSecret(
  message: SoapMessage,
  element: number,
  words: TrustVocabulary,
  keys: readonly DecryptionKey[],
): Buffer {
  const { index } = message;
  if (index.is(element, XENC, 'EncryptedKey')) {
    const state = new Verification(message, -1, answerVerification(keys, undefined), answerContext(0));
    const { octets } = unwrapEncryptedKey(state, element);
    if (octets === undefined || octets.length === 0) throw new DecryptionFailedError('decryption failed');
    return octets;
  }
  if (!index.is(element, words.namespace, 'BinarySecret')) {
    throw new TokenAnswerError('the answer has a secret key in a form that is not supported');
  }
  if (index.attribute(element, '', 'Type') === words.asymmetricKey) {
    throw new TokenAnswerError('the answer has a private key that was not asked for');
  }
  return base64Of(index, element);
}

function secretIn(index: XmlIndex, element: number): number {
  const child = onlyChild(index, element);
  if (child !== -1) return child;
  throw new TokenAnswerError('the answer does not have exactly one secret key where one is meant');
}
