/**
 * Byte ranges of a message, and where they come to lie when parts of the message are replaced.
 *
 * What was signed or encrypted is remembered as ranges rather than elements: decryption changes the bytes, the message is
 * scanned anew, and the numbers of its elements change; ranges can be carried over exactly.
 */

/** Bytes from `start` up to, but not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One replacement of an edited message, in offsets of the bytes before the edit. */
export interface Replacement extends ByteRange {
  /** The element whose plaintext stands in its place: the EncryptedData, which may be less than what is replaced. */
  readonly source: ByteRange;
  /** How many bytes stand there afterwards. */
  readonly length: number;
}

export function covers(outer: ByteRange, inner: ByteRange): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

/** Whether one of the ranges covers `inner` on its own. */
export function anyCovers(ranges: readonly ByteRange[], inner: ByteRange): boolean {
  for (const range of ranges) if (covers(range, inner)) return true;
  return false;
}

/**
 * Carries a range over a set of replacements.
 *
 * @param range a range of whole elements or content in the bytes before the edit
 * @param replacements in document order, not overlapping; none may cross a bound of `range`
 * @returns the range in the bytes after the edit; undefined when the range lay inside something that was replaced and
 *   did not hold all of its source, so that nothing of it is left
 */
export function mapRange(range: ByteRange, replacements: readonly Replacement[]): ByteRange | undefined {
  let startShift = 0;
  let endShift = 0;
  for (const replacement of replacements) {
    if (replacement.start >= range.end) break;
    const shift = replacement.length - (replacement.end - replacement.start);
    if (replacement.end <= range.start) {
      startShift += shift;
      endShift += shift;
    } else if (covers(range, replacement)) {
      endShift += shift;
    } else if (covers(range, replacement.source)) {
      const start = replacement.start + startShift;
      return { start, end: start + replacement.length };
    } else {
      return undefined;
    }
  }
  return { start: range.start + startShift, end: range.end + endShift };
}

/** Where `replacements[position]` stands in the bytes after the edit. */
export function replacedRange(replacements: readonly Replacement[], position: number): ByteRange {
  let shift = 0;
  for (let before = 0; before < position; before++) {
    const { start, end, length } = replacements[before];
    shift += length - (end - start);
  }
  const { start, length } = replacements[position];
  return { start: start + shift, end: start + shift + length };
}
