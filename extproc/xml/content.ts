import * as characters from './characters.ts';
import { DoctypeRefusedError, NotWellFormedError, XmlLimitError } from './errors.ts';
import { F_COMMENT_OR_PI, F_ENCODED_TEXT } from './layout.ts';
import { checkName } from './names.ts';
import { referenceEnd, resolveReference } from './references.ts';
import type { ScanTables } from './tables.ts';
import { isXmlSpace } from './values.ts';
import { bytesBefore, specialBytes } from './words.ts';

const { AMP, BRACKET_END, CR, GT, HYPHEN, LF, LT, SPACE, TAB } = characters;

/** Text that goes on beyond this is first tried as one long run. */
const LONG_TEXT = 256;

/**
 * Scans text up to the next `<`.
 * @returns its offset
 */
export function scanText(tables: ScanTables, start: number): number {
  const { bytes, view } = tables;
  const end = bytes.length;
  let i = start;
  let tryLong = start + LONG_TEXT;
  for (;;) {
    const stop = Math.min(end - 3, tryLong);
    while (i < stop) {
      const marks = specialBytes(view.getInt32(i, true));
      if (marks !== 0) {
        i += bytesBefore(marks);
        break;
      }
      i += 4;
    }
    if (i >= tryLong) {
      tryLong = Infinity;
      i = skipLongText(bytes, view, i);
    }
    const byte = i < end ? bytes[i] : LT;
    if (byte === LT) break;
    if (byte >= SPACE ? byte !== AMP && byte !== GT : byte === LF || byte === TAB) i++;
    else i = scanSpecial(tables, start, i);
  }
  if (i - start > tables.limits.maxTextLength) throw new XmlLimitError('Text too long', start);
  return i;
}

/**
 * Goes over text such as base64 at the speed of memory: the few bytes with a meaning are looked for natively, and only
 * control characters by words.
 * @returns offset up to which there is nothing special; `offset` itself if the run has something somewhere
 */
function skipLongText(bytes: Buffer, view: DataView, offset: number): number {
  const close = bytes.indexOf(LT, offset);
  const run = bytes.subarray(offset, close < 0 ? bytes.length : close);
  if (run.includes(AMP) || run.includes(GT)) return offset;
  const end = offset + run.length - 16;
  let i = offset;
  for (; i <= end; i += 16) {
    const a = view.getInt32(i, true);
    const b = view.getInt32(i + 4, true);
    const c = view.getInt32(i + 8, true);
    const d = view.getInt32(i + 12, true);
    const controls =
      ((a - 0x20202020) & ~a) | ((b - 0x20202020) & ~b) | ((c - 0x20202020) & ~c) | ((d - 0x20202020) & ~d);
    if ((controls & 0x80808080) !== 0 && !isPlain(bytes, i, i + 16)) break;
  }
  return i;
}

/** No control characters but tabs and line feeds. */
function isPlain(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte < SPACE && byte !== LF && byte !== TAB) return false;
  }
  return true;
}

/** A byte of text at `offset` that is not simply gone over; returns the offset after what it begins. */
function scanSpecial(tables: ScanTables, start: number, offset: number): number {
  const bytes = tables.bytes;
  switch (bytes[offset]) {
    case AMP:
      return scanReference(tables, offset);
    case CR: {
      const next = offset + 1 < bytes.length && bytes[offset + 1] === LF ? offset + 2 : offset + 1;
      tables.markRough(offset, next);
      tables.flagCurrent(F_ENCODED_TEXT);
      return next;
    }
    case GT:
      if (offset - start >= 2 && bytes[offset - 1] === BRACKET_END && bytes[offset - 2] === BRACKET_END) {
        throw new NotWellFormedError("']]>' in text", offset - 2);
      }
      tables.markRough(offset, offset + 1);
      return offset + 1;
    default:
      throw new NotWellFormedError('Illegal character', offset);
  }
}

function scanReference(tables: ScanTables, offset: number): number {
  const bytes = tables.bytes;
  const next = referenceEnd(bytes, offset, bytes.length);
  const codePoint = resolveReference(bytes, offset, next);
  tables.flagCurrent(F_ENCODED_TEXT);
  if (!isCanonicalReference(bytes, offset, next, codePoint)) tables.markRough(offset, next);
  return next;
}

/** `&amp;`, `&lt;`, `&gt;` and `&#xD;`, which Canonical XML writes in text. */
function isCanonicalReference(bytes: Buffer, offset: number, end: number, codePoint: number): boolean {
  const second = bytes[offset + 1];
  if (codePoint === AMP || codePoint === LT || codePoint === GT) return second !== 0x23;
  return codePoint === CR && end - offset === 5 && bytes[offset + 3] === 0x44;
}

/**
 * Scans a comment or CDATA section.
 * @param start offset of its `<!`
 * @returns offset after it
 */
export function scanDeclarationLike(tables: ScanTables, start: number): number {
  const bytes = tables.bytes;
  if (bytes[start + 2] === HYPHEN && bytes[start + 3] === HYPHEN) return scanComment(tables, start);
  const keyword = bytes.toString('latin1', start + 2, start + 9);
  if (keyword === '[CDATA[') return scanCdata(tables, start);
  if (keyword === 'DOCTYPE') throw new DoctypeRefusedError('Document type declaration', start);
  throw new NotWellFormedError('Unknown markup', start);
}

function scanComment(tables: ScanTables, start: number): number {
  const bytes = tables.bytes;
  const close = bytes.indexOf('--', start + 4, 'latin1');
  if (close < 0) throw new NotWellFormedError('Comment without an end', start);
  if (bytes[close + 2] !== GT) throw new NotWellFormedError("'--' in a comment", close);
  checkCharacters(tables, start + 4, close);
  return finishAside(tables, start, close + 3);
}

/**
 * Scans a processing instruction.
 * @param start offset of its `<?`
 * @returns offset after it
 */
export function scanProcessingInstruction(tables: ScanTables, start: number): number {
  const bytes = tables.bytes;
  const close = bytes.indexOf('?>', start + 2, 'latin1');
  if (close < 0) throw new NotWellFormedError('Processing instruction without an end', start);
  let nameEnd = start + 2;
  while (nameEnd < close && !isXmlSpace(bytes[nameEnd])) nameEnd++;
  if (nameEnd - start - 2 > tables.limits.maxNameLength) throw new XmlLimitError('Name too long', start);
  checkName(bytes, start + 2, nameEnd);
  const target = bytes.toString('latin1', start + 2, nameEnd);
  if (target.length === 3 && target.toLowerCase() === 'xml') {
    throw new NotWellFormedError("Processing instruction target 'xml'", start);
  }
  checkCharacters(tables, nameEnd, close);
  return finishAside(tables, start, close + 2);
}

function finishAside(tables: ScanTables, start: number, end: number): number {
  if (tables.current >= 0) {
    tables.flagCurrent(F_COMMENT_OR_PI);
    tables.markRough(start, end);
  }
  return end;
}

function scanCdata(tables: ScanTables, start: number): number {
  const bytes = tables.bytes;
  if (tables.current < 0) throw new NotWellFormedError('CDATA section outside the root element', start);
  const close = bytes.indexOf(']]>', start + 9, 'latin1');
  if (close < 0) throw new NotWellFormedError('CDATA section without an end', start);
  checkCharacters(tables, start + 9, close);
  tables.flagCurrent(F_ENCODED_TEXT);
  tables.markRough(start, close + 3);
  return close + 3;
}

/** Every character of a comment, processing instruction or CDATA section is legal, and there are not too many. */
function checkCharacters(tables: ScanTables, start: number, end: number): void {
  const bytes = tables.bytes;
  if (end - start > tables.limits.maxTextLength) throw new XmlLimitError('Text too long', start);
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte < SPACE && byte !== TAB && byte !== LF && byte !== CR) {
      throw new NotWellFormedError('Illegal character', i);
    }
  }
}
