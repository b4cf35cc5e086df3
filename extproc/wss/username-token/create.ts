import { createHash, randomFillSync } from 'node:crypto';
import { escapeText } from '../../xml/escape.ts';
import type { ElementText } from '../element-text.ts';
import { BASE64_BINARY, PASSWORD_DIGEST, PASSWORD_TEXT, WSSE, WSU } from '../namespaces.ts';
import type { UsernameTokenSettings } from '../settings.ts';
import { formatInstant } from '../timestamp/create.ts';
import type { UserKey } from './user-key.ts';

const NONCE_BYTES = 16;

/**
 * Writes a wsse:UsernameToken (UsernameToken profile 1.1 §3). Password type Digest always carries Nonce and Created:
 * without them the digest could be used again for ever.
 *
 * @param now milliseconds since 1970: Created
 * @param id the wsu:Id
 * @param derived the key that proves the password instead of the token (§4)
 */
export function createUsernameToken(
  settings: UsernameTokenSettings,
  now: number,
  id: string,
  derived?: UserKey,
): ElementText {
  const digest = settings.passwordType === 'Digest';
  const nonce = settings.nonce || digest ? newNonce() : undefined;
  const created = settings.created || digest ? formatInstant(now, 'Milliseconds') : undefined;
  let rest = ` wsu:Id="${id}"><wsse:Username>${escapeText(settings.username)}</wsse:Username>`;
  if (settings.passwordType === 'Text') {
    rest += `<wsse:Password Type="${PASSWORD_TEXT}">${escapeText(settings.password)}</wsse:Password>`;
  } else if (digest) {
    rest += `<wsse:Password Type="${PASSWORD_DIGEST}">${passwordDigest(nonce, created, settings.password)}</wsse:Password>`;
  }
  if (nonce !== undefined) {
    rest += `<wsse:Nonce EncodingType="${BASE64_BINARY}">${nonce.toString('base64')}</wsse:Nonce>`;
  }
  if (created !== undefined) rest += `<wsu:Created>${created}</wsu:Created>`;
  if (derived !== undefined) rest += derived.content;
  rest += '</wsse:UsernameToken>';
  return { name: 'wsse:UsernameToken', rest, namespaces: NAMESPACES };
}

/** Random octets for many nonces: asked for one by one they are most of the work of a token. */
const random = Buffer.allocUnsafeSlow(128 * NONCE_BYTES);
let used = random.length;

function newNonce(): Buffer {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += NONCE_BYTES;
  return random.subarray(used - NONCE_BYTES, used);
}

const NAMESPACES = [
  ['wsse', WSSE],
  ['wsu', WSU],
] as const;

/**
 * The password digest of UsernameToken profile 1.1 §3.1: Base64(SHA-1(nonce ‖ created ‖ password)).
 *
 * @param nonce the decoded nonce; nothing when the token has none
 * @param created the text of wsu:Created exactly as it stands in the token; nothing when it has none
 */
export function passwordDigest(nonce: Buffer | undefined, created: string | undefined, password: string): string {
  const hash = createHash('sha1');
  if (nonce !== undefined) hash.update(nonce);
  if (created !== undefined) hash.update(created);
  return hash.update(password).digest('base64');
}
