/** Classes of bytes and characters (XML 1.0, 5th edition, §2.2 and §2.3). */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const BANG = 0x21;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const AMP = 0x26;
export const APOS = 0x27;
export const HYPHEN = 0x2d;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LT = 0x3c;
export const EQUALS = 0x3d;
export const GT = 0x3e;
export const QUESTION = 0x3f;
export const BRACKET = 0x5b;
export const BRACKET_END = 0x5d;

/** What a byte is in an attribute value: 0 goes through as it is, and so does the quote that does not end it. */
export const VALUE_CLASS = new Uint8Array(256);
/** What a byte is in a name; 0: no part of one. */
export const NAME_CLASS = new Uint8Array(256);

/** May begin a name. */
export const N_START = 1;
/** May be in a name, but not begin it. */
export const N_OTHER = 2;
export const N_COLON = 3;
/** Part of a character beyond ASCII: {@link isNameChar} decides. */
export const N_BEYOND = 4;

export const V_LT = 1;
export const V_AMP = 2;
/** Becomes a space (XML 1.0 §3.3.3). */
export const V_SPACE = 3;
export const V_QUOTE = 4;
export const V_ILLEGAL = 5;

VALUE_CLASS.fill(V_ILLEGAL, 0, SPACE);
VALUE_CLASS[TAB] = VALUE_CLASS[LF] = VALUE_CLASS[CR] = V_SPACE;
VALUE_CLASS[LT] = V_LT;
VALUE_CLASS[AMP] = V_AMP;
VALUE_CLASS[QUOTE] = VALUE_CLASS[APOS] = V_QUOTE;

for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_')) NAME_CLASS[byte] = N_START;
for (const byte of Buffer.from('0123456789-.')) NAME_CLASS[byte] = N_OTHER;
NAME_CLASS[COLON] = N_COLON;
NAME_CLASS.fill(N_BEYOND, 0x80);

/** Char of XML 1.0 §2.2. */
export function isChar(codePoint: number): boolean {
  return (
    (codePoint >= 0x20 && codePoint <= 0xd7ff) ||
    codePoint === TAB ||
    codePoint === LF ||
    codePoint === CR ||
    (codePoint >= 0xe000 && codePoint <= 0xfffd) ||
    (codePoint >= 0x10000 && codePoint <= 0x10ffff)
  );
}

/** First and last of each range of NameStartChar (XML 1.0 §2.3) without the colon. */
const NAME_START_RANGES = [
  0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a, 0xc0, 0xd6, 0xd8, 0xf6, 0xf8, 0x2ff, 0x370, 0x37d, 0x37f, 0x1fff, 0x200c, 0x200d,
  0x2070, 0x218f, 0x2c00, 0x2fef, 0x3001, 0xd7ff, 0xf900, 0xfdcf, 0xfdf0, 0xfffd, 0x10000, 0xeffff,
];
/** First and last of each range that NameChar adds. */
const NAME_RANGES = [0x2d, 0x2e, 0x30, 0x39, 0xb7, 0xb7, 0x300, 0x36f, 0x203f, 0x2040];

function inRanges(codePoint: number, ranges: readonly number[]): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    if (codePoint < ranges[i]) return false;
    if (codePoint <= ranges[i + 1]) return true;
  }
  return false;
}

/** First character of an NCName (Namespaces in XML 1.0 §3). */
export function isNameStartChar(codePoint: number): boolean {
  return inRanges(codePoint, NAME_START_RANGES);
}

/** Any further character of an NCName. */
export function isNameChar(codePoint: number): boolean {
  return inRanges(codePoint, NAME_START_RANGES) || inRanges(codePoint, NAME_RANGES);
}

/** Code point of the UTF-8 sequence at `offset`. The bytes are known to be valid UTF-8. */
export function codePointAt(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset];
  if (first < 0x80) return first;
  const second = bytes[offset + 1] & 0x3f;
  if (first < 0xe0) return ((first & 0x1f) << 6) | second;
  const third = bytes[offset + 2] & 0x3f;
  if (first < 0xf0) return ((first & 0x0f) << 12) | (second << 6) | third;
  return ((first & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[offset + 3] & 0x3f);
}

/** Bytes that UTF-8 needs for `codePoint`. */
export function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
