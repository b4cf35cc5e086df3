import { AMP, APOS, GT, HASH, isChar, LT, QUOTE, SEMICOLON } from './characters.ts';
import { NotWellFormedError } from './errors.ts';

/** No reference is longer: leading zeros beyond this are refused. */
const MAX_REFERENCE = 16;

/**
 * Offset after the `;` of the reference that starts with the `&` at `offset`.
 * @throws {NotWellFormedError} if none ends before `end`
 */
export function referenceEnd(bytes: Uint8Array, offset: number, end: number): number {
  const limit = Math.min(end, offset + MAX_REFERENCE);
  for (let i = offset + 1; i < limit; i++) {
    if (bytes[i] === SEMICOLON) return i + 1;
  }
  throw new NotWellFormedError('Reference without an end', offset);
}

/**
 * Code point that the reference from `offset` (`&`) to `end` (after `;`) stands for: a character reference, or one of
 * the five entities of XML 1.0 §4.6.
 * @throws {NotWellFormedError} if it is any other, or stands for no legal character (XML 1.0 §4.1)
 */
export function resolveReference(bytes: Uint8Array, offset: number, end: number): number {
  if (bytes[offset + 1] === HASH) return resolveCharacterReference(bytes, offset, end);
  const length = end - offset;
  const first = bytes[offset + 1];
  const second = bytes[offset + 2];
  if (length === 4 && second === 0x74) {
    if (first === 0x6c) return LT;
    if (first === 0x67) return GT;
  } else if (length === 5 && first === 0x61 && second === 0x6d && bytes[offset + 3] === 0x70) {
    return AMP;
  } else if (length === 6 && bytes[offset + 3] === 0x6f) {
    if (first === 0x71 && second === 0x75 && bytes[offset + 4] === 0x74) return QUOTE;
    if (first === 0x61 && second === 0x70 && bytes[offset + 4] === 0x73) return APOS;
  }
  throw new NotWellFormedError('Reference to an entity that is not predefined', offset);
}

function resolveCharacterReference(bytes: Uint8Array, offset: number, end: number): number {
  const hexadecimal = bytes[offset + 2] === 0x78;
  const radix = hexadecimal ? 16 : 10;
  const digits = offset + (hexadecimal ? 3 : 2);
  let codePoint = 0;
  for (let i = digits; i < end - 1; i++) {
    const digit = digitOf(bytes[i]);
    if (digit >= radix) throw new NotWellFormedError('Malformed character reference', offset);
    codePoint = codePoint * radix + digit;
  }
  if (digits === end - 1) throw new NotWellFormedError('Malformed character reference', offset);
  if (!isChar(codePoint)) throw new NotWellFormedError('Character reference to an illegal character', offset);
  return codePoint;
}

/** Value of a hexadecimal digit; 16 for any other byte. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 16;
}
