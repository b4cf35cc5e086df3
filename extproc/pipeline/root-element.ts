/**
 * Whether a body is a SOAP envelope, from its first bytes, for bodies that no policy covers. Not a parser: it goes as far as
 * the start tag of the root element, and where parsers could differ in what they find there, it says so.
 */

import { SOAP11, SOAP12 } from '../wss/namespaces.ts';
import {
  AMP,
  APOS,
  BANG,
  BRACKET,
  COLON,
  CR,
  EQUALS,
  GT,
  LF,
  LT,
  QUESTION,
  QUOTE,
  SLASH,
  SPACE,
  TAB,
} from '../xml/characters.ts';

/**
 * `soap`: the root element is an Envelope of SOAP. `other`: it is another. `none`: the bytes do not begin like XML.
 * `unclear`: they do, and which root a receiver would find cannot be told.
 */
export type Root = 'soap' | 'other' | 'none' | 'unclear';

/** Code units that are looked at of a body in UTF-16 or UTF-32, which is copied for it. */
const MAX_WIDE_UNITS = 65_536;
const SOAP11_URI = Buffer.from(SOAP11);
const SOAP12_URI = Buffer.from(SOAP12);
/** `<?xm` in EBCDIC (XML 1.0 appendix F.1). */
const EBCDIC_DECLARATION = 0x4c6fa794;
/** Encodings whose states change what ASCII bytes mean. */
const STATEFUL = /^(iso-2022|hz|utf-7)/i;

/**
 * @param bytes the body, or its first bytes
 * @param whole whether this is all of it
 */
export function rootElement(bytes: Buffer, whole: boolean): Root {
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === EBCDIC_DECLARATION) return 'unclear';
  const width = unitWidth(bytes);
  if (width.size === 1)
    return readProlog(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0, whole);
  const units = Math.min(MAX_WIDE_UNITS, Math.floor(bytes.length / width.size));
  return readProlog(narrow(bytes, units, width), 0, whole && units * width.size === bytes.length);
}

/** Whether ASCII characters are single bytes, or UTF-16 or UTF-32 units, in an encoding of this name. */
export function isKnownEncoding(label: string): boolean {
  if (STATEFUL.test(label)) return false;
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return /^utf-?32([bl]e)?$/i.test(label);
  }
}

interface UnitWidth {
  readonly size: 1 | 2 | 4;
  readonly littleEndian: boolean;
}

/** By the byte order mark, or else by where the zeros of the first character stand (XML 1.0 appendix F.1). */
function unitWidth(bytes: Buffer): UnitWidth {
  const [a = 1, b = 1, c = 1, d = 1] = bytes;
  if (a === 0 && b === 0 && ((c === 0xfe && d === 0xff) || c === 0)) return { size: 4, littleEndian: false };
  if (c === 0 && d === 0 && ((a === 0xff && b === 0xfe) || b === 0)) return { size: 4, littleEndian: true };
  if ((a === 0xfe && b === 0xff) || a === 0) return { size: 2, littleEndian: false };
  if ((a === 0xff && b === 0xfe) || b === 0) return { size: 2, littleEndian: true };
  return { size: 1, littleEndian: false };
}

/** One byte for each unit; what is no ASCII character becomes one that no markup consists of. */
function narrow(bytes: Buffer, units: number, { size, littleEndian }: UnitWidth): Buffer {
  const ascii = Buffer.allocUnsafe(units);
  let length = 0;
  for (let unit = 0; unit < units; unit++) {
    const at = unit * size;
    const code = littleEndian ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
    if (unit === 0 && code === 0xfeff) continue;
    ascii[length++] = code < 0x80 ? code : code === 0x85 || code === 0x2028 ? LF : 0xff;
  }
  return ascii.subarray(0, length);
}

function readProlog(bytes: Buffer, start: number, whole: boolean): Root {
  let promised = false;
  let doctype = false;
  let at = skipSpace(bytes, start);
  for (;;) {
    if (at >= bytes.length && !whole) return 'unclear';
    if (bytes[at] !== LT) return promised ? 'unclear' : 'none';
    const next = bytes[at + 1];
    let end: number;
    if (next === QUESTION) {
      end = after(bytes, '?>', at + 2);
      if (startsWith(bytes, at, '<?xml') && isSpaceByte(bytes[at + 5])) {
        promised = true;
        if (end > 0 && !declaresKnownEncoding(bytes.subarray(at, end))) return 'unclear';
      }
    } else if (next === BANG) {
      const comment = startsWith(bytes, at, '<!--');
      doctype ||= !comment;
      end = comment ? after(bytes, '-->', at + 4) : doctypeEnd(bytes, at);
    } else return readRoot(bytes, at + 1, doctype, whole);
    if (end < 0) return 'unclear';
    at = skipSpace(bytes, end);
  }
}

/** @param start offset of the name of the element */
function readRoot(bytes: Buffer, start: number, doctype: boolean, whole: boolean): Root {
  let end = start;
  let local = start;
  while (end < bytes.length && !endsName(bytes[end])) {
    if (bytes[end] === COLON) local = end + 1;
    end++;
  }
  if (end === bytes.length && !whole) return 'unclear';
  if (end === start) return 'none';
  if (bytes.toString('latin1', local, end) !== 'Envelope') return 'other';
  // What a DTD declares may be the namespace.
  if (doctype) return 'unclear';
  const prefix = bytes.toString('latin1', start, Math.max(start, local - 1));
  const namespace = namespaceOf(bytes, end, prefix === '' ? 'xmlns' : `xmlns:${prefix}`);
  // A prefix that is bound to nothing is no XML.
  return namespace ?? (prefix === '' ? 'other' : 'unclear');
}

/**
 * What a namespace declaration of a start tag says.
 *
 * @param start offset after the name of the element
 * @param wanted `xmlns` or `xmlns:prefix`
 * @returns undefined: it is not there
 */
function namespaceOf(bytes: Buffer, start: number, wanted: string): Exclude<Root, 'none'> | undefined {
  let at = start;
  let found: Exclude<Root, 'none'> | undefined;
  for (;;) {
    at = skipSpace(bytes, at);
    if (bytes[at] === GT || bytes[at] === SLASH) return found;
    const nameStart = at;
    while (at < bytes.length && !endsName(bytes[at])) at++;
    const nameEnd = at;
    at = skipSpace(bytes, at);
    if (bytes[at] !== EQUALS || nameEnd === nameStart) return 'unclear';
    at = skipSpace(bytes, at + 1);
    const quote = bytes[at];
    if (quote !== QUOTE && quote !== APOS) return 'unclear';
    const valueEnd = bytes.indexOf(quote, at + 1);
    if (valueEnd < 0) return 'unclear';
    if (nameEnd - nameStart === wanted.length && bytes.toString('latin1', nameStart, nameEnd) === wanted) {
      if (found !== undefined) return 'unclear';
      const value = bytes.subarray(at + 1, valueEnd);
      found = value.equals(SOAP11_URI) || value.equals(SOAP12_URI) ? 'soap' : 'other';
      if (value.includes(AMP)) found = 'unclear';
    }
    at = valueEnd + 1;
  }
}

/** The end of a document type declaration; -1 for one with an internal subset: it could hide where it ends. */
function doctypeEnd(bytes: Buffer, start: number): number {
  for (let at = start + 2; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === GT) return at + 1;
    if (byte === BRACKET) return -1;
    if (byte !== QUOTE && byte !== APOS) continue;
    at = bytes.indexOf(byte, at + 1);
    if (at < 0) return -1;
  }
  return -1;
}

function declaresKnownEncoding(declaration: Buffer): boolean {
  const label = /encoding\s*=\s*["']([^"']*)["']/.exec(declaration.toString('latin1', 0, 256))?.[1];
  return label === undefined || isKnownEncoding(label);
}

/** White space of XML 1.0 and, in UTF-8, the two line ends that XML 1.1 adds. */
function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (isSpaceByte(byte)) at++;
    else if (byte === 0xc2 && bytes[at + 1] === 0x85) at += 2;
    else if (byte === 0xe2 && bytes[at + 1] === 0x80 && bytes[at + 2] === 0xa8) at += 3;
    else return at;
  }
}

function isSpaceByte(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === LF || byte === CR;
}

function endsName(byte: number | undefined): boolean {
  return isSpaceByte(byte) || byte === GT || byte === SLASH || byte === EQUALS || byte === LT;
}

function startsWith(bytes: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The offset after the next occurrence of the text; -1 when there is none. */
function after(bytes: Buffer, text: string, start: number): number {
  const at = bytes.indexOf(text, start, 'latin1');
  return at < 0 ? -1 : at + text.length;
}
