/** Which key makes the message's Signature: the policy's own, or one of a token or of the exchange. */

import { createSecretKey } from 'node:crypto';
import { signatureAlgorithms } from '../algorithms.ts';
import type { Block, OwnUser } from '../blocks.ts';
import { createDerivedKey } from '../derived-key/create.ts';
import type { Encryption } from '../encryption/prepare.ts';
import { KeyNotAcceptedError, KeyNotFoundError } from '../errors.ts';
import type { ExchangeState } from '../exchange-state.ts';
import type { IdAllocator } from '../ids.ts';
import type { TokenInUse } from '../issued-token.ts';
import { encryptedKeySha1Reference } from '../key-info/create.ts';
import type { SecureSettings, SignatureSettings } from '../settings.ts';
import { issuedKey, requestKey, ticketKey, type SharedKey } from '../shared-key.ts';
import type { SigningKeyInUse } from './sign-message.ts';

/** What keys can come from. */
export interface KeySources {
  readonly settings: SecureSettings;
  readonly signature: SignatureSettings;
  readonly encryption: Encryption | undefined;
  readonly exchange: ExchangeState;
  readonly token: TokenInUse | undefined;
  readonly user: OwnUser | undefined;
}

export interface ChosenKey extends SigningKeyInUse {
  /** The wsc:DerivedKeyToken, where the key was derived for this message. */
  readonly derived?: Block;
}

/**
 * @throws {KeyNotFoundError} when the message does not get or have the key that the settings name
 * @throws {KeyNotAcceptedError} when a key is to be derived from one that is not symmetric
 */
export function chooseSigningKey(sources: KeySources, ids: IdAllocator): ChosenKey {
  const { settings, signature, token } = sources;
  const { keyIdentifier, derivedKey } = signature;
  if (keyIdentifier === 'SAMLAssertion' && derivedKey === undefined) {
    if (!settings.securityToken || token?.key === undefined) {
      throw new KeyNotFoundError('There is no issued token with a key to sign with');
    }
    return { key: token.key };
  }
  const shared = sharedKey(sources);
  if (shared === undefined) {
    if (signature.key === undefined) throw new KeyNotFoundError('The policy has no key to sign with');
    if (derivedKey !== undefined) throw new KeyNotAcceptedError('A key can be derived from a symmetric key only');
    return { key: signature.key.key };
  }
  if (derivedKey === undefined) return { key: createSecretKey(shared.octets), reference: shared.reference };
  const { octets, reference, block } = createDerivedKey(shared, derivedKey, macBytes(signature), ids);
  return { key: createSecretKey(octets), reference, derived: block };
}

function sharedKey({ signature, encryption, exchange, token, user }: KeySources): SharedKey | undefined {
  switch (signature.keyIdentifier) {
    case 'EncryptedKey':
    case 'EncryptedKeySHA1': {
      const encryptedKey = encryption?.encryptedKey;
      // Without a key of its own an answer is signed with the key that came with the request.
      if (encryption === undefined || encryptedKey === undefined) return requestKey(exchange);
      if (signature.keyIdentifier === 'EncryptedKey') return encryption.base;
      return { octets: encryption.base.octets, reference: encryptedKeySha1Reference(encryptedKey.sha1) };
    }
    case 'SAMLAssertion':
      return issuedKey(token);
    case 'KerberosSHA1':
      return ticketKey(exchange, token);
    case 'UsernameToken':
      if (user === undefined) throw new KeyNotFoundError('The message has no UsernameToken that a key is derived from');
      return user.key;
    default:
      return undefined;
  }
}

/** A MAC key is best as long as the hash (RFC 2104 §3). */
function macBytes({ algorithm }: SignatureSettings): number {
  const { hash } = signatureAlgorithms[algorithm ?? 'HMAC-SHA256'];
  return hash === 'sha1' ? 20 : Number(hash?.slice(3)) / 8;
}
