import { hash } from 'node:crypto';

/**
 * SHA-256, base64url, over the fields, each after its length in bytes, so that no two lists of fields look alike.
 *
 * @param fields text counts as UTF-8
 */
export function hashFields(...fields: readonly (string | Buffer)[]): string {
  let text = '';
  for (const field of fields) {
    const octets = typeof field === 'string' ? Buffer.from(field) : field;
    text += `${octets.length}:${octets.toString('latin1')}`;
  }
  return hash('sha256', Buffer.from(text, 'latin1'), 'base64url');
}
