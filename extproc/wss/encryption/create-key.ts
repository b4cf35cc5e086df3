import { constants, hash, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto';
import { Certificate } from '../../keys/certificate.ts';
import {
  dataAlgorithms,
  digests,
  keyTransports,
  keyWraps,
  mgfs,
  type DataAlgorithmDetails,
  type RsaKeyTransport,
} from '../algorithms.ts';
import { createBinarySecurityToken } from '../binary-security-token/create.ts';
import type { ElementText } from '../element-text.ts';
import { KeyNotAcceptedError, KeyNotFoundError, UnsupportedAlgorithmError } from '../errors.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { IdAllocator } from '../ids.ts';
import { keyReference } from '../key-info/create.ts';
import { DS, WSSE, XENC, XENC11 } from '../namespaces.ts';
import type { EncryptionSettings, Recipient } from '../settings.ts';
import { keyWrapFor, wrapKey } from './aes-key-wrap.ts';
import { agree, isAgreement } from './key-agreement.ts';
import { oaepEncrypt } from './oaep.ts';

/** A fresh symmetric key, and the header blocks that carry it to the recipient. */
export interface EncryptedKey {
  readonly key: Buffer;
  readonly id: string;
  /** Base64 SHA-1 of the encrypted octets (WSS 1.1 §7.3). */
  readonly sha1: string;
  /** The recipient's certificate as a BinarySecurityToken, when the key is named by one. */
  readonly token: ElementText | undefined;
  /**
   * Writes the xenc:EncryptedKey.
   * @param dataIds Ids of what the key has encrypted; absent: a ReferenceList elsewhere says so
   */
  element(dataIds?: readonly string[]): ElementText;
}

/**
 * Makes a key for the message and encrypts it to the recipient (XML Encryption 1.1 §3.5.1, §5.5; WSS 1.1 §9.2).
 *
 * @throws {KeyNotFoundError} when the recipient is the request's signer and the request was not signed
 * @throws {KeyNotAcceptedError} when the recipient has no key of the kind that the transport needs, or one too short
 * @throws {UnsupportedAlgorithmError} for algorithms that are for decryption only
 */
export function createEncryptedKey(
  settings: EncryptionSettings,
  exchange: ExchangeState,
  ids: IdAllocator,
): EncryptedKey {
  const algorithm = dataAlgorithmOf(settings);
  const recipient = recipientOf(settings, exchange);
  const key = randomBytes(algorithm.keyBytes);
  const id = ids.next('EK');
  const tokenId = settings.keyIdentifier === 'BinarySecurityToken' ? ids.next('X509') : '';
  // EncryptedKeySHA1 names a key that was sent before; one that is sent now is named by its recipient's certificate.
  const identifier = settings.keyIdentifier === 'EncryptedKeySHA1' ? 'ThumbprintSHA1' : settings.keyIdentifier;
  const named = keyReference(identifier, recipient, tokenId);
  const { encrypted, method, keyInfo } = encryptKey(settings, recipient, key, named);
  return {
    key,
    id,
    sha1: hash('sha1', encrypted, 'base64'),
    token:
      tokenId === '' || !('certificate' in recipient)
        ? undefined
        : createBinarySecurityToken(recipient.certificate, tokenId),
    element: (dataIds = []) => ({
      name: 'xenc:EncryptedKey',
      rest:
        ` Id="${id}">${method}<ds:KeyInfo>${keyInfo}</ds:KeyInfo>` +
        `<xenc:CipherData><xenc:CipherValue>${encrypted.toString('base64')}</xenc:CipherValue></xenc:CipherData>` +
        `${dataIds.length === 0 ? '' : `<xenc:ReferenceList${referenceListRest(dataIds)}`}</xenc:EncryptedKey>`,
      namespaces: NAMESPACES,
    }),
  };
}

const NAMESPACES = [
  ['xenc', XENC],
  ['ds', DS],
  ['wsse', WSSE],
] as const;

/** The data encryption algorithm. @throws {UnsupportedAlgorithmError} for Triple DES, which we only decrypt */
export function dataAlgorithmOf(settings: EncryptionSettings): DataAlgorithmDetails {
  if (settings.dataAlgorithm === 'TripleDES-CBC') {
    throw new UnsupportedAlgorithmError('TripleDES-CBC is supported for decryption only');
  }
  return dataAlgorithms[settings.dataAlgorithm];
}

/**
 * Writes an xenc:ReferenceList (WSS 1.1 §9.1).
 *
 * @param dataIds Ids of the EncryptedData elements
 */
export function createReferenceList(dataIds: readonly string[]): ElementText {
  return { name: 'xenc:ReferenceList', rest: referenceListRest(dataIds), namespaces: [['xenc', XENC]] };
}

function referenceListRest(dataIds: readonly string[]): string {
  const references = dataIds.map((id) => `<xenc:DataReference URI="#${id}"></xenc:DataReference>`);
  return `>${references.join('')}</xenc:ReferenceList>`;
}

function recipientOf(settings: EncryptionSettings, exchange: ExchangeState): Recipient {
  if (settings.recipient === undefined) throw new KeyNotFoundError('The policy has no recipient for a new key');
  if (settings.recipient !== 'RequestSigner') return settings.recipient;
  if (exchange.signerCertificate === undefined) {
    throw new KeyNotFoundError('The recipient is the signer of the request, but the request had no verified signature');
  }
  const certificate = Certificate.fromDer(exchange.signerCertificate);
  return { certificate, name: certificate.subject };
}

/** The key as it travels, the EncryptionMethod, and the content of the KeyInfo. */
interface Wrapped {
  readonly encrypted: Buffer;
  readonly method: string;
  readonly keyInfo: string;
}

/** @param named how the recipient's key is named */
function encryptKey(settings: EncryptionSettings, recipient: Recipient, key: Buffer, named: string): Wrapped {
  const { keyTransport: transport } = settings;
  if ('secret' in recipient) {
    const wrap = transport === 'AES-KW' ? keyWrapFor(recipient.secret.symmetricKeySize) : undefined;
    if (wrap === undefined) throw new KeyNotAcceptedError(`${transport} cannot encrypt with the secret of the policy`);
    return {
      encrypted: wrapKey(wrap, recipient.secret, key),
      method: encryptionMethod(keyWraps[wrap].uri),
      keyInfo: named,
    };
  }
  const { publicKey } = recipient.certificate;
  if (transport === 'AES-KW')
    throw new KeyNotAcceptedError('AES-KW needs a secret, and the recipient has a certificate');
  if (isAgreement(transport)) {
    const agreement = settings.agreement ?? DEFAULT_AGREEMENT;
    const { kek, method } = agree(transport, agreement, publicKey, named);
    const { uri } = keyWraps[agreement.wrap];
    return { encrypted: wrapKey(agreement.wrap, kek, key), method: encryptionMethod(uri), keyInfo: method };
  }
  const encrypted = encryptWithRsa(transport, settings, publicKey, key);
  return { encrypted, method: rsaMethod(transport, settings), keyInfo: named };
}

const DEFAULT_AGREEMENT = { wrap: 'AES256-KW', derivation: { function: 'ConcatKDF', digest: 'SHA256' } } as const;

function encryptWithRsa(
  transport: RsaKeyTransport,
  { oaep }: EncryptionSettings,
  publicKey: KeyObject,
  key: Buffer,
): Buffer {
  if (publicKey.asymmetricKeyType !== 'rsa') {
    throw new KeyNotAcceptedError(`${transport} needs a recipient with an RSA key`);
  }
  switch (transport) {
    case 'RSA-OAEP':
      return oaepEncrypt(publicKey, key, digests[oaep.digest].hash, mgfs[oaep.mgf].hash);
    case 'RSA-OAEP-MGF1P':
      return oaepEncrypt(publicKey, key, 'sha1', 'sha1');
    case 'RSA-1_5':
      return publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, key);
  }
}

function rsaMethod(transport: RsaKeyTransport, { oaep }: EncryptionSettings): string {
  let parameters = '';
  if (transport === 'RSA-OAEP') {
    parameters =
      `<ds:DigestMethod Algorithm="${digests[oaep.digest].uri}"></ds:DigestMethod>` +
      `<xenc11:MGF xmlns:xenc11="${XENC11}" Algorithm="${mgfs[oaep.mgf].uri}"></xenc11:MGF>`;
  } else if (transport === 'RSA-OAEP-MGF1P') {
    parameters = `<ds:DigestMethod Algorithm="${digests.SHA1.uri}"></ds:DigestMethod>`;
  }
  return encryptionMethod(keyTransports[transport].uri, parameters);
}

const encryptionMethod = (uri: string, parameters = ''): string =>
  `<xenc:EncryptionMethod Algorithm="${uri}">${parameters}</xenc:EncryptionMethod>`;
