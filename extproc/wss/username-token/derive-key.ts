/** The checking side of keys that are derived from a password (UsernameToken profile 1.1 §4). */

import { randomBytes } from 'node:crypto';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { InvalidTokenError, KeyNotFoundError, PasswordTypeNotAcceptedError } from '../errors.ts';
import { WSSE, WSSE11 } from '../namespaces.ts';
import { base64Of, optionalChild, requiredChild, textOf } from '../structure.ts';
import type { Verification } from '../verification.ts';
import { passwordKey } from './password-key.ts';

/** Stands in for the password of a user we do not know, so that the work done is the same. Nobody may know it. */
const NO_PASSWORD = randomBytes(16).toString('base64');
const SALT_BYTES = 16;
/** Basic Security Profile 1.1 R4218. */
const MIN_ITERATIONS = 1000;

/** A UsernameToken that a key was derived from. Nobody has proved anything yet: that does whoever signs with the key. */
export interface DerivedUserKey {
  readonly kind: 'usernameToken';
  readonly username: string;
  readonly octets: Buffer;
  /** First octet of the Salt: what the key is for. */
  readonly use: 'MAC' | 'Encryption';
}

/** Whether keys can be derived from a UsernameToken. */
export function isKeySource(index: XmlIndex, token: number): boolean {
  return index.child(token, WSSE11, 'Salt') !== -1 || index.child(token, WSSE11, 'Iteration') !== -1;
}

/**
 * Derives the key of the UsernameToken of our Security header, once, however often it is used.
 *
 * An unknown user gets a key of the same making, with which nothing verifies.
 *
 * @throws KeyNotFoundError when the policy has no users; PasswordTypeNotAcceptedError when it takes no derived keys;
 *   InvalidTokenError for a token of another place, with a Password, or with a Salt or Iteration that is not as it must be
 */
export function deriveUserKey(state: Verification, token: number): DerivedUserKey {
  const known = state.verifiedToken('usernameToken', token);
  if (known !== undefined) return known;
  const settings = state.settings.usernameToken;
  if (settings === undefined) throw new KeyNotFoundError('the policy has no users to derive a key for');
  if (!settings.passwordTypes.includes('DerivedKey')) {
    throw new PasswordTypeNotAcceptedError('the policy does not accept keys that are derived from a password');
  }
  const { index } = state.message;
  // One token is all there may be, so that a message cannot make us work for several.
  if (optionalChild(index, state.security, WSSE, 'UsernameToken') !== token) {
    throw new InvalidTokenError('a key is derived from a UsernameToken that is not in our Security header');
  }
  if (index.child(token, WSSE, 'Password') !== -1) {
    throw new InvalidTokenError('a UsernameToken that keys are derived from holds a password');
  }
  const username = textOf(index, requiredChild(index, token, WSSE, 'Username'));
  const salt = base64Of(index, requiredChild(index, token, WSSE11, 'Salt'));
  if (salt.length !== SALT_BYTES || (salt[0] !== 1 && salt[0] !== 2)) {
    throw new InvalidTokenError('the Salt of a UsernameToken is not 16 octets, of which the first is 1 or 2');
  }
  const iterations = readIterations(index, token, settings.maxIterations ?? MIN_ITERATIONS);
  const key: DerivedUserKey = {
    kind: 'usernameToken',
    username,
    octets: passwordKey(settings.users.get(username) ?? NO_PASSWORD, salt, iterations),
    use: salt[0] === 1 ? 'MAC' : 'Encryption',
  };
  state.rememberToken(token, key);
  return key;
}

/** Without Iteration, the profile means 1000. */
function readIterations(index: XmlIndex, token: number, most: number): number {
  const element = optionalChild(index, token, WSSE11, 'Iteration');
  if (element === -1) return MIN_ITERATIONS;
  const text = textOf(index, element).trim();
  const iterations = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (iterations < MIN_ITERATIONS || iterations > most) {
    throw new InvalidTokenError(`the Iteration of a UsernameToken is not between ${MIN_ITERATIONS} and ${most}`);
  }
  return iterations;
}
