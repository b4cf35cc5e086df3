import { AMP, BRACKET, LT, QUESTION } from './characters.ts';
import { referenceEnd } from './references.ts';
import type { XmlIndex } from './xml-index.ts';

/** Whether `offset` lies directly inside `parent` and in no tag, comment, reference or other token of its content. */
export function isContentBoundary(index: XmlIndex, offset: number, parent: number): boolean {
  if (offset < index.contentStart(parent) || offset > index.contentEnd(parent)) return false;
  let from = index.contentStart(parent);
  let before = lastStartingBefore(index, offset);
  if (before !== parent) {
    while (before >= 0 && index.parent(before) !== parent) before = index.parent(before);
    if (before < 0 || offset < index.end(before)) return false;
    from = index.end(before);
  }
  return isTokenBoundary(index.bytes, from, offset);
}

/** The last element whose start tag begins before `offset`. */
function lastStartingBefore(index: XmlIndex, offset: number): number {
  let low = 0;
  let high = index.elementCount;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (index.start(middle) < offset) low = middle;
    else high = middle;
  }
  return low;
}

/** Walks the content tokens from `from`, where one begins; there is no element between `from` and `offset`. */
function isTokenBoundary(bytes: Buffer, from: number, offset: number): boolean {
  let i = from;
  while (i < offset) {
    const byte = bytes[i];
    if (byte === LT) {
      if (bytes[i + 1] === QUESTION) i = bytes.indexOf('?>', i + 2, 'latin1') + 2;
      else if (bytes[i + 2] === BRACKET) i = bytes.indexOf(']]>', i + 9, 'latin1') + 3;
      else i = bytes.indexOf('-->', i + 4, 'latin1') + 3;
    } else if (byte === AMP) i = referenceEnd(bytes, i, bytes.length);
    else i++;
  }
  return i === offset && ((bytes[offset] ?? LT) & 0xc0) !== 0x80;
}
