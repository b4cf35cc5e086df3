/** The symmetric keys that a message of ours can be protected with besides those that it brings itself. */

import { KeyNotAcceptedError, KeyNotFoundError } from './errors.ts';
import type { ExchangeState } from './exchange-state.ts';
import type { TokenInUse } from './issued-token.ts';
import { encryptedKeySha1Reference, issuedTokenReference, kerberosSha1Reference } from './key-info/create.ts';
import { WSSE } from './namespaces.ts';

/** A symmetric key that the receiver has, or gets with this message. */
export interface SharedKey {
  readonly octets: Buffer;
  /** The wsse:SecurityTokenReference that names it, with its namespaces: content of a ds:KeyInfo. */
  readonly reference: string;
}

/**
 * The key that came with the request, for its answer (WSS 1.1 §7.3).
 *
 * @throws {KeyNotFoundError} when there is none, or several of which none was proved to be the sender's: somebody on the way
 *   could have put in one of his own
 */
export function requestKey({ encryptedKeys }: ExchangeState): SharedKey {
  const received = encryptedKeys.filter((key) => key.received);
  if (received.length !== 1) {
    throw new KeyNotFoundError(
      received.length === 0
        ? 'Neither this message nor its request has an EncryptedKey'
        : 'The request has several EncryptedKeys, and was signed with none of them',
    );
  }
  const [{ sha1, key }] = received;
  return { octets: Buffer.from(key), reference: anywhere(encryptedKeySha1Reference(sha1)) };
}

/**
 * The secret that the issued token of the message was issued for.
 *
 * @throws {KeyNotFoundError} when it was issued for none
 */
export function issuedKey(token: TokenInUse | undefined): SharedKey {
  if (token?.key?.type !== 'secret') throw new KeyNotFoundError('There is no issued token with a symmetric key');
  return { octets: token.key.export(), reference: anywhere(issuedTokenReference(token.token.reference)) };
}

/** An EncryptedData may stand where `wsse` is not declared. */
function anywhere(reference: string): string {
  const name = '<wsse:SecurityTokenReference';
  return `${name} xmlns:wsse="${WSSE}"${reference.slice(name.length)}`;
}

/**
 * The key of the Kerberos ticket that the message gets, or in an answer of the one that came with the request.
 *
 * @throws {KeyNotFoundError} when there is none
 */
export function ticketKey({ kerberosKey }: ExchangeState, token: TokenInUse | undefined): SharedKey {
  if (token?.kerberosSha1 !== undefined) return issuedKey(token);
  if (kerberosKey?.received !== true)
    throw new KeyNotFoundError('Neither this message nor its request has a Kerberos ticket');
  return { octets: Buffer.from(kerberosKey.key), reference: kerberosSha1Reference(kerberosKey.sha1) };
}

/**
 * The octets of a key that data is encrypted with.
 *
 * @param truncate take the first octets of a key that has more
 * @throws {KeyNotAcceptedError} when the key is not as long as the algorithm needs
 */
export function dataOctets({ octets }: SharedKey, bytes: number, truncate: boolean): Buffer {
  if (octets.length === bytes) return octets;
  if (truncate && octets.length > bytes) return octets.subarray(0, bytes);
  throw new KeyNotAcceptedError(
    `The key has ${octets.length} octets and the data algorithm needs ${bytes}: use another algorithm, or a derived key`,
  );
}
