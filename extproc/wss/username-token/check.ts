/** The checking side of wsse:UsernameToken (UsernameToken profile 1.1). */

import { hash, timingSafeEqual } from 'node:crypto';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { parseDateTime } from '../date-time.ts';
import {
  BadCredentialsError,
  InvalidTokenError,
  PasswordTypeNotAcceptedError,
  UsernameTokenExpiredError,
  UsernameTokenMissingError,
} from '../errors.ts';
import type { KeyProof } from '../key-proof.ts';
import { BASE64_BINARY, PASSWORD_DIGEST, PASSWORD_TEXT, WSSE, WSU } from '../namespaces.ts';
import type { PasswordType, VerifyUsernameTokenSettings } from '../settings.ts';
import { base64Of, optionalChild, requiredChild, textOf } from '../structure.ts';
import { passwordDigest } from './create.ts';
import { isKeySource } from './derive-key.ts';

/** Stands in for the password of a user we do not know, so that the work done is the same. */
const NO_PASSWORD = 'the password of nobody';

const MAX_NONCE_BYTES = 256;

/** A UsernameToken whose password was right. */
export interface UsernameTokenFacts {
  readonly username: string;
  /** What it was checked against; empty when the policy accepts a token without password. A secret. */
  readonly password: string;
  /** Decoded, when the token has one. */
  readonly nonce?: Buffer;
  readonly createdText?: string;
  /** After this the token would be refused as too old; undefined when it has no Created. */
  readonly acceptedUntil?: number;
}

/**
 * Checks the UsernameToken of a Security header.
 *
 * A digest is SHA-1 over the decoded nonce, the Created text exactly as it stands, and the password (profile §3.1). Both
 * must be there: a digest without them is the same every time and as good as the password to whoever sees it.
 * An unknown user and a wrong password cost the same work and give the same error.
 *
 * @param now milliseconds since the epoch
 * @param proof of the signature that covers everything required, if one must: a token with a Salt holds no password, and
 *   the key that is derived from it must have made this signature (profile §4)
 * @throws UsernameTokenMissingError, InvalidTokenError, PasswordTypeNotAcceptedError, BadCredentialsError,
 *   UsernameTokenExpiredError
 */
export function checkUsernameToken(
  index: XmlIndex,
  security: number,
  settings: VerifyUsernameTokenSettings,
  now: number,
  proof?: KeyProof,
): UsernameTokenFacts {
  const token = optionalChild(index, security, WSSE, 'UsernameToken');
  if (token === -1) throw new UsernameTokenMissingError('the Security header has no UsernameToken');
  const username = textOf(index, requiredChild(index, token, WSSE, 'Username'));
  const password = optionalChild(index, token, WSSE, 'Password');
  const nonce = readNonce(index, optionalChild(index, token, WSSE, 'Nonce'));
  const created = optionalChild(index, token, WSU, 'Created');
  const createdText = created === -1 ? undefined : textOf(index, created);

  if (isKeySource(index, token)) {
    // The key was derived from this very token, and the signature covers what it had to: that is the proof of the password.
    const user = settings.users.get(username);
    if (proof?.kind !== 'usernameToken' || proof.username !== username || password !== -1 || user === undefined) {
      throw new BadCredentialsError('the message is not signed with the key of its UsernameToken');
    }
    const acceptedUntil = checkFreshness(createdText, settings, now);
    return { username, password: user, nonce, createdText, acceptedUntil };
  }
  const type = passwordType(index, password);
  if (!settings.passwordTypes.includes(type)) {
    throw new PasswordTypeNotAcceptedError(`the policy does not accept the password type ${type}`);
  }
  const known = settings.users.get(username);
  const given = password === -1 ? '' : textOf(index, password);
  if (!passwordMatches(type, given, known ?? NO_PASSWORD, nonce, createdText) || known === undefined) {
    throw new BadCredentialsError('unknown user or wrong password');
  }
  const acceptedUntil = checkFreshness(createdText, settings, now);
  return { username, password: type === 'None' ? '' : known, nonce, createdText, acceptedUntil };
}

function passwordType(index: XmlIndex, password: number): PasswordType {
  if (password === -1) return 'None';
  switch (index.attribute(password, '', 'Type')) {
    case undefined:
    case PASSWORD_TEXT:
      return 'Text';
    case PASSWORD_DIGEST:
      return 'Digest';
    default:
      throw new InvalidTokenError('unknown password type');
  }
}

function readNonce(index: XmlIndex, element: number): Buffer | undefined {
  if (element === -1) return undefined;
  const encoding = index.attribute(element, '', 'EncodingType');
  if (encoding !== undefined && encoding !== BASE64_BINARY) {
    throw new InvalidTokenError('the Nonce is in an unknown encoding');
  }
  const nonce = base64Of(index, element);
  if (nonce.length > MAX_NONCE_BYTES) throw new InvalidTokenError('the Nonce is too long');
  return nonce;
}

function passwordMatches(
  type: PasswordType,
  given: string,
  password: string,
  nonce: Buffer | undefined,
  createdText: string | undefined,
): boolean {
  switch (type) {
    case 'None':
      return true;
    case 'Text':
      return equal(sha256(given), sha256(password));
    case 'Digest': {
      if (nonce === undefined || createdText === undefined) {
        throw new InvalidTokenError('a password digest needs a Nonce and a Created');
      }
      return equal(sha256(given.trim()), sha256(passwordDigest(nonce, createdText, password)));
    }
  }
}

/**
 * Comparing digests rather than the values makes the time independent of their lengths too. By way of a string, because
 * node allocates memory outside the heap for a digest that it gives out as octets.
 */
function sha256(text: string): Buffer {
  return Buffer.from(hash('sha256', text, 'binary'), 'binary');
}

function equal(a: Buffer, b: Buffer): boolean {
  return timingSafeEqual(a, b);
}

function checkFreshness(
  createdText: string | undefined,
  settings: VerifyUsernameTokenSettings,
  now: number,
): number | undefined {
  if (createdText === undefined) return undefined;
  const created = parseDateTime(createdText);
  if (created === undefined) throw new InvalidTokenError('Created of the UsernameToken is not a dateTime in UTC');
  if (created > now + settings.clockSkew) {
    throw new UsernameTokenExpiredError('the UsernameToken was created in the future');
  }
  const acceptedUntil = created + settings.maxAge + settings.clockSkew;
  if (acceptedUntil < now) throw new UsernameTokenExpiredError('the UsernameToken is too old');
  return acceptedUntil;
}
