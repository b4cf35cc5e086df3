import { randomBytes } from 'node:crypto';
import { USERNAME_TOKEN, WSSE, WSSE11 } from '../namespaces.ts';
import type { DerivedPasswordSettings, UsernameTokenSettings } from '../settings.ts';
import type { SharedKey } from '../shared-key.ts';
import { passwordKey } from './password-key.ts';

const SALT_BYTES = 16;

/** A key that is derived from the password, and what the UsernameToken says instead of the password. */
export interface UserKey extends SharedKey {
  /** wsse11:Salt and wsse11:Iteration, in canonical form. */
  readonly content: string;
}

/**
 * Derives a key from the password of a UsernameToken (UsernameToken profile 1.1 §4).
 *
 * @param id wsu:Id that the UsernameToken gets
 */
export function createUserKey(
  { password }: UsernameTokenSettings,
  { iterations, usage }: DerivedPasswordSettings,
  id: string,
): UserKey {
  const salt = randomBytes(SALT_BYTES);
  salt[0] = usage === 'MAC' ? 1 : 2;
  return {
    octets: passwordKey(password, salt, iterations),
    reference:
      `<wsse:SecurityTokenReference xmlns:wsse="${WSSE}"><wsse:Reference URI="#${id}" ValueType="${USERNAME_TOKEN}">` +
      `</wsse:Reference></wsse:SecurityTokenReference>`,
    content:
      `<wsse11:Salt xmlns:wsse11="${WSSE11}">${salt.toString('base64')}</wsse11:Salt>` +
      `<wsse11:Iteration xmlns:wsse11="${WSSE11}">${iterations}</wsse11:Iteration>`,
  };
}
