/** MIME header canonicalization (SwA profile 1.1 §4.4.1). */

import { MediaTypeError } from '../../mime/errors.ts';
import type { MimeHeader } from '../../mime/part.ts';

/** The headers that a signature or encryption of a complete attachment covers, in the order in which they are written. */
export const PROTECTED_HEADERS = [
  'Content-Description',
  'Content-Disposition',
  'Content-ID',
  'Content-Location',
  'Content-Type',
] as const;

/** What a part is that does not say it (RFC 2045 §5.2). */
const DEFAULT_CONTENT_TYPE = 'text/plain;charset="us-ascii"';
const WITH_PARAMETERS: ReadonlySet<string> = new Set(['Content-Disposition', 'Content-Type']);
/** Parameters whose values do not depend on case. */
const CASELESS: ReadonlySet<string> = new Set([
  ...['charset', 'creation-date', 'filename', 'modification-date', 'padding', 'read-date', 'size', 'type'],
]);
const PARAMETER = /[ \t]*;[ \t]*([^\s=;"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))[ \t]*/y;

/**
 * The octets that stand for the header of a part in the digest of an Attachment-Complete-Signature-Transform.
 *
 * @throws MediaTypeError where parameters cannot be read, or are encoded (RFC 2231): receivers differ in those
 */
export function canonicalHeaders(headers: readonly MimeHeader[]): Buffer {
  let text = '';
  for (const name of PROTECTED_HEADERS) {
    const value = headers.find((header) => header.name.toLowerCase() === name.toLowerCase())?.value;
    // Encoded words (RFC 2047) are decoded by some and left by others.
    if (value?.includes('=?')) throw new MediaTypeError(`${name} of an attachment is encoded`);
    if (value !== undefined) text += `${name}:${canonicalValue(name, withoutComments(value))}\r\n`;
    else if (name === 'Content-Type') text += `${name}:${DEFAULT_CONTENT_TYPE}\r\n`;
  }
  // The bytes of headers are kept one by one as characters.
  return Buffer.from(text, 'latin1');
}

function canonicalValue(name: string, value: string): string {
  const semicolon = value.indexOf(';');
  if (!WITH_PARAMETERS.has(name) || semicolon < 0) return value;
  const parameters = new Map<string, string>();
  for (let at = semicolon; at < value.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(value);
    const parameter = match?.[1].toLowerCase();
    if (match === null || parameter === undefined || parameter.includes('*') || parameters.has(parameter)) {
      throw new MediaTypeError(`the parameters of ${name} of an attachment have no canonical form`);
    }
    const text = match[2]?.replace(/\\(.)/g, '$1') ?? match[3];
    parameters.set(parameter, CASELESS.has(parameter) ? text.toLowerCase() : text);
  }
  const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1));
  const written = sorted.map(([parameter, text]) => `;${parameter}="${text.replace(/["\\]/g, '\\$&')}"`);
  return value.slice(0, semicolon).toLowerCase() + written.join('');
}

/** Leaves out comments in parentheses, which may be nested; a quoted string stays as it is. */
function withoutComments(value: string): string {
  let text = '';
  let depth = 0;
  let quoted = false;
  for (const character of value) {
    if (depth === 0 && character === '"') quoted = !quoted;
    if (!quoted && character === '(') depth++;
    else if (depth === 0) text += character;
    else if (character === ')') depth--;
  }
  return text;
}
