import * as characters from './characters.ts';
import { NotWellFormedError } from './errors.ts';
import * as layout from './layout.ts';
import type { TokenTable } from './token-table.ts';

const { COLON, codePointAt, isNameChar, isNameStartChar, N_BEYOND, N_OTHER, N_START, NAME_CLASS, utf8Length } =
  characters;
const { A_NAME, A_URI, ATTRIBUTE_STRIDE, T_IS_ID, T_IS_QNAME, T_LENGTH, T_LOCAL, T_OFFSET, T_PREFIX, TOKEN_STRIDE } =
  layout;

/**
 * Checks that the bytes are an NCName (Namespaces in XML 1.0 §3).
 * @throws {NotWellFormedError} if they are not
 */
export function checkName(bytes: Uint8Array, start: number, end: number): void {
  let legal = end > start;
  for (let i = start; legal && i < end;) {
    const kind = NAME_CLASS[bytes[i]];
    if (kind === N_BEYOND) {
      const codePoint = codePointAt(bytes, i);
      legal = i === start ? isNameStartChar(codePoint) : isNameChar(codePoint);
      i += utf8Length(codePoint);
    } else {
      legal = kind === N_START || (kind === N_OTHER && i > start);
      i++;
    }
  }
  if (!legal) throw new NotWellFormedError('Malformed name', start);
}

/**
 * Fills in prefix and local name of a token that is used as a qualified name for the first time.
 * @throws {NotWellFormedError} unless it is a QName (Namespaces in XML 1.0 §4)
 */
export function splitQName(tokens: TokenTable, token: number, bytes: Buffer, start: number, end: number): void {
  let colon = start;
  while (colon < end && bytes[colon] !== COLON) colon++;
  if (colon === end) checkName(bytes, start, end);
  else {
    checkName(bytes, start, colon);
    checkName(bytes, colon + 1, end);
    const prefix = tokens.intern(start, colon);
    const local = tokens.intern(colon + 1, end);
    tokens.rows[token * TOKEN_STRIDE + T_PREFIX] = prefix;
    tokens.rows[token * TOKEN_STRIDE + T_LOCAL] = local;
    tokens.rows[token * TOKEN_STRIDE + T_IS_ID] = tokens.rows[local * TOKEN_STRIDE + T_IS_ID];
  }
  tokens.rows[token * TOKEN_STRIDE + T_IS_QNAME] = 1;
}

/** Order of two tokens by their bytes, which for UTF-8 is that of the code points. */
export function compareTokens(tokens: TokenTable, bytes: Buffer, a: number, b: number): number {
  if (a === b) return 0;
  const rowA = a * TOKEN_STRIDE;
  const rowB = b * TOKEN_STRIDE;
  let offsetA = tokens.rows[rowA + T_OFFSET];
  let offsetB = tokens.rows[rowB + T_OFFSET];
  const lengthA = tokens.rows[rowA + T_LENGTH];
  const lengthB = tokens.rows[rowB + T_LENGTH];
  let bytesA = bytes;
  let bytesB = bytes;
  if (offsetA < 0) {
    bytesA = tokens.foreign[~offsetA];
    offsetA = 0;
  }
  if (offsetB < 0) {
    bytesB = tokens.foreign[~offsetB];
    offsetB = 0;
  }
  const common = lengthA < lengthB ? lengthA : lengthB;
  for (let i = 0; i < common; i++) {
    const difference = bytesA[offsetA + i] - bytesB[offsetB + i];
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}

/** Order of two attributes in Canonical XML 1.0 §2.2: by namespace name, then by local name. */
export function compareAttributes(
  tokens: TokenTable,
  bytes: Buffer,
  attributes: Int32Array,
  a: number,
  b: number,
): number {
  const rowA = a * ATTRIBUTE_STRIDE;
  const rowB = b * ATTRIBUTE_STRIDE;
  const uris = compareTokens(tokens, bytes, attributes[rowA + A_URI], attributes[rowB + A_URI]);
  if (uris !== 0) return uris;
  const localA = tokens.rows[attributes[rowA + A_NAME] * TOKEN_STRIDE + T_LOCAL];
  const localB = tokens.rows[attributes[rowB + A_NAME] * TOKEN_STRIDE + T_LOCAL];
  return compareTokens(tokens, bytes, localA, localB);
}
