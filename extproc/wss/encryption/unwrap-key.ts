/** The checking side of xenc:EncryptedKey (XML Encryption 1.1 §3.5.1 and §5.5). */

import { constants, createHash, privateDecrypt, type KeyObject } from 'node:crypto';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { digests, keyTransports, keyWraps, mgfs, nameOfUri, type RsaKeyTransport } from '../algorithms.ts';
import { AlgorithmNotAcceptedError, KeyNotFoundError, LimitError, UnsupportedAlgorithmError } from '../errors.ts';
import { keyHintsOf } from '../key-info/read.ts';
import { DS, XENC, XENC11 } from '../namespaces.ts';
import type { DecryptionSettings } from '../settings.ts';
import { base64Of, optionalChild, requiredAttribute } from '../structure.ts';
import type { SessionKey, Verification } from '../verification.ts';
import { readCipherValue, readMethod } from './cipher-value.ts';
import { matchDecryptionKeys } from './decryption-key.ts';
import { decodeOaep } from './oaep-decode.ts';
import { unwrapWithAes } from './unwrap-aes.ts';

const MAX_ENCRYPTED_KEYS = 16;

/** Parameters of an RSA-OAEP EncryptionMethod; for RSA-1_5 they mean nothing. */
interface Oaep {
  readonly hash: string;
  readonly mgfHash: string;
  readonly label: Buffer;
}

/**
 * Unwraps the key of an EncryptedKey, once per message.
 *
 * A key that cannot be unwrapped is no error here: whoever asked Bleichenbacher's question (RSA 1.5) or Manger's (OAEP)
 * gets no answer, for the data is then decrypted with a random key, and that failure is the only one there is.
 *
 * @throws KeyNotFoundError when the policy has no key to try; UnsupportedAlgorithmError, AlgorithmNotAcceptedError,
 *   InvalidStructureError, LimitError: all of them follow from what everyone can read in the message
 */
export function unwrapEncryptedKey(state: Verification, element: number): SessionKey {
  const { index } = state.message;
  const ciphertext = readCipherValue(index, element);
  const sha1 = createHash('sha1').update(ciphertext).digest('base64');
  const known = state.sessionKeys.find((key) => key.sha1 === sha1);
  if (known !== undefined) return known;
  if (state.sessionKeys.length === MAX_ENCRYPTED_KEYS) {
    throw new LimitError(`the message has more than ${MAX_ENCRYPTED_KEYS} EncryptedKeys`);
  }
  const settings = state.settings.decryption;
  if (settings === undefined) throw new KeyNotFoundError('the policy has no decryption key');
  const octets = unwrapped(state, settings, element, ciphertext);
  const session = { sha1, octets };
  state.sessionKeys.push(session);
  return session;
}

function unwrapped(
  state: Verification,
  settings: DecryptionSettings,
  element: number,
  ciphertext: Buffer,
): Buffer | undefined {
  const { index } = state.message;
  const method = readMethod(index, element);
  const wrap = nameOfUri(keyWraps, method.uri);
  if (wrap !== undefined) return unwrapWithAes(index, element, wrap, ciphertext, settings);
  const transport = readTransport(method.uri, settings);
  if (transport === 'RSA-1_5') state.legacyAlgorithms.add(transport);
  const oaep = readOaep(index, method.element, transport);
  const own = settings.keys.filter(({ key }) => key.asymmetricKeyType === 'rsa');
  const keys = matchDecryptionKeys(own, keyHintsOf(index, element));
  if (keys.length === 0 || (transport === 'RSA-1_5' && keys.length > 1)) {
    // With RSA 1.5 a wrong key gives random octets and no error, so several cannot be tried one after another.
    throw new KeyNotFoundError('the EncryptedKey names none of the decryption keys of the policy');
  }
  let octets: Buffer | undefined;
  for (const { key } of keys) octets ??= unwrap(key, transport, oaep, ciphertext);
  return octets;
}

function readTransport(uri: string, settings: DecryptionSettings): RsaKeyTransport {
  const transport = nameOfUri(keyTransports, uri);
  if (transport === undefined) throw new UnsupportedAlgorithmError('the key transport is not supported');
  if (!settings.accept.keyTransports.includes(transport)) {
    throw new AlgorithmNotAcceptedError(`the policy does not accept ${transport}`);
  }
  return transport;
}

/** XML Encryption 1.1 §5.5.2: without DigestMethod and MGF, SHA-1 and MGF1 with SHA-1 are meant. */
function readOaep(index: XmlIndex, method: number, transport: RsaKeyTransport): Oaep {
  const digestMethod = optionalChild(index, method, DS, 'DigestMethod');
  const mgf = optionalChild(index, method, XENC11, 'MGF');
  const params = optionalChild(index, method, XENC, 'OAEPparams');
  const digest = digestMethod === -1 ? 'SHA1' : nameOfUri(digests, requiredAttribute(index, digestMethod, 'Algorithm'));
  // rsa-oaep-mgf1p is by its name MGF1 with SHA-1.
  const generator =
    mgf === -1 || transport !== 'RSA-OAEP' ? 'MGF1-SHA1' : nameOfUri(mgfs, requiredAttribute(index, mgf, 'Algorithm'));
  if (digest === undefined || generator === undefined) {
    throw new UnsupportedAlgorithmError('the RSA-OAEP digest or mask generation function is not supported');
  }
  return {
    hash: digests[digest].hash,
    mgfHash: mgfs[generator].hash,
    label: params === -1 ? Buffer.alloc(0) : base64Of(index, params),
  };
}

function unwrap(key: KeyObject, transport: RsaKeyTransport, oaep: Oaep, ciphertext: Buffer): Buffer | undefined {
  try {
    if (transport === 'RSA-1_5') return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, ciphertext);
    if (oaep.hash === oaep.mgfHash) {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      return privateDecrypt({ key, padding, oaepHash: oaep.hash, oaepLabel: oaep.label }, ciphertext);
    }
    const encoded = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext);
    return decodeOaep(encoded, oaep.hash, oaep.mgfHash, oaep.label);
  } catch {
    return undefined;
  }
}
