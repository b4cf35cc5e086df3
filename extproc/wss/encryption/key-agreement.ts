/**
 * xenc:AgreementMethod (XML Encryption 1.1 §5.6, RFC 9231 §2.8): an ephemeral key of the sender and the recipient's own
 * make a secret, and what is derived of it wraps the key of the message.
 */

import { diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { XmlIndex } from '../../xml/xml-index.ts';
import {
  keyAgreements,
  keyWraps,
  nameOfUri,
  type KeyAgreement,
  type KeyTransport,
  type KeyWrap,
} from '../algorithms.ts';
import { InvalidTokenError, KeyNotAcceptedError, UnsupportedAlgorithmError } from '../errors.ts';
import { keyValue } from '../key-info/key-value.ts';
import { readKeyInfo, type KeyHint } from '../key-info/read.ts';
import { DS, XENC, XENC11 } from '../namespaces.ts';
import { optionalChild, requiredAttribute, requiredChild } from '../structure.ts';
import {
  deriveKey,
  keyDerivationMethod,
  newDerivation,
  readKeyDerivation,
  type DerivationSettings,
  type KeyDerivation,
} from './key-derivation.ts';

export interface AgreementSettings {
  /** Wraps the key of the message with the key that was agreed on. */
  readonly wrap: KeyWrap;
  readonly derivation: DerivationSettings;
}

/** What a message says of an agreement. */
export interface Agreement {
  readonly algorithm: KeyAgreement;
  readonly derivation: KeyDerivation;
  /** The sender's ephemeral key. */
  readonly originator: KeyObject;
  /** How the recipient's key is named. */
  readonly recipient: readonly KeyHint[];
}

/** Whether a key transport is a key agreement. */
export function isAgreement(transport: KeyTransport): transport is KeyAgreement {
  return Object.hasOwn(keyAgreements, transport);
}

/**
 * Whether two keys can agree: both of the algorithm's kind, and points of the same curve.
 *
 * @param own private or public
 */
export function canAgree(algorithm: KeyAgreement, own: KeyObject, other: KeyObject): boolean {
  const { keyType } = keyAgreements[algorithm];
  return (
    own.asymmetricKeyType === keyType &&
    other.asymmetricKeyType === keyType &&
    own.asymmetricKeyDetails?.namedCurve === other.asymmetricKeyDetails?.namedCurve
  );
}

/**
 * Makes an ephemeral key and agrees with the recipient's on a key-encryption key.
 *
 * @param recipient its public key
 * @param recipientKeyInfo what stands in RecipientKeyInfo
 * @returns the key-encryption key, and the AgreementMethod; the prefixes `xenc` and `ds` must be in scope
 * @throws {KeyNotAcceptedError} when the recipient's key is of another kind
 */
export function agree(
  algorithm: KeyAgreement,
  { wrap, derivation: settings }: AgreementSettings,
  recipient: KeyObject,
  recipientKeyInfo: string,
): { readonly kek: Buffer; readonly method: string } {
  const { keyType, uri } = keyAgreements[algorithm];
  if (recipient.asymmetricKeyType !== keyType) {
    throw new KeyNotAcceptedError(`${algorithm} needs a recipient with a key of type ${keyType}`);
  }
  const ephemeral = ephemeralKey(recipient);
  const derivation = newDerivation(settings);
  const { keyBytes } = keyWraps[wrap];
  const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient });
  return {
    kek: deriveKey(secret, derivation, keyBytes),
    method:
      `<xenc:AgreementMethod xmlns:xenc11="${XENC11}" Algorithm="${uri}">${keyDerivationMethod(derivation, keyBytes)}` +
      `<xenc:OriginatorKeyInfo>${keyValue(ephemeral.publicKey)}</xenc:OriginatorKeyInfo>` +
      `<xenc:RecipientKeyInfo>${recipientKeyInfo}</xenc:RecipientKeyInfo></xenc:AgreementMethod>`,
  };
}

function ephemeralKey(recipient: KeyObject): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  switch (recipient.asymmetricKeyType) {
    case 'x25519':
      return generateKeyPairSync('x25519');
    case 'x448':
      return generateKeyPairSync('x448');
    default:
      return generateKeyPairSync('ec', { namedCurve: recipient.asymmetricKeyDetails?.namedCurve ?? '' });
  }
}

/**
 * Reads the AgreementMethod of an EncryptedKey. A public key that is no point of its curve is refused where it is read.
 *
 * @param length of the key-encryption key in bytes
 * @returns undefined when the EncryptedKey has none
 * @throws UnsupportedAlgorithmError, InvalidStructureError, InvalidTokenError, UnsupportedTokenError
 */
export function readAgreement(index: XmlIndex, encryptedKey: number, length: number): Agreement | undefined {
  const keyInfo = optionalChild(index, encryptedKey, DS, 'KeyInfo');
  const method = keyInfo === -1 ? -1 : optionalChild(index, keyInfo, XENC, 'AgreementMethod');
  if (method === -1) return undefined;
  const algorithm = nameOfUri(keyAgreements, requiredAttribute(index, method, 'Algorithm'));
  if (algorithm === undefined) throw new UnsupportedAlgorithmError('the key agreement is not supported');
  const recipient = optionalChild(index, method, XENC, 'RecipientKeyInfo');
  return {
    algorithm,
    derivation: readKeyDerivation(index, method, length),
    originator: readOriginator(index, requiredChild(index, method, XENC, 'OriginatorKeyInfo')),
    recipient: recipient === -1 || index.firstChild(recipient) === -1 ? [] : readKeyInfo(index, recipient),
  };
}

/** Only a key that stands there itself: an ephemeral key has no other name. */
function readOriginator(index: XmlIndex, element: number): KeyObject {
  const [hint, ...others] = readKeyInfo(index, element);
  if (hint.kind !== 'keyValue' || others.length > 0) {
    throw new InvalidTokenError('the OriginatorKeyInfo is not one public key');
  }
  return hint.key;
}

/**
 * The recipient's side of the agreement.
 *
 * @param key private, for which {@link canAgree} holds
 * @returns undefined when the keys agree on nothing: the sender's is of small order (RFC 7748 §6)
 */
export function agreedKey({ derivation, originator }: Agreement, key: KeyObject, length: number): Buffer | undefined {
  try {
    return deriveKey(diffieHellman({ privateKey: key, publicKey: originator }), derivation, length);
  } catch {
    return undefined;
  }
}
