import {
  AMP,
  BRACKET_END,
  C_AMP,
  C_CR,
  C_EF,
  C_GT,
  C_LT,
  CR,
  GT,
  HYPHEN,
  LF,
  LT,
  SPACE,
  TAB,
  TEXT_CLASS,
} from './characters.ts';
import { DoctypeRefusedError, NotWellFormedError, XmlLimitError } from './errors.ts';
import { F_COMMENT_OR_PI, F_ENCODED_TEXT } from './layout.ts';
import { checkName } from './names.ts';
import { referenceEnd, resolveReference } from './references.ts';
import type { ScanTables } from './tables.ts';
import { isXmlSpace } from './values.ts';

/**
 * Scans text up to the next `<`.
 * @returns its offset
 */
export function scanText(tables: ScanTables, start: number): number {
  const bytes = tables.bytes;
  const end = bytes.length;
  let i = start;
  for (;;) {
    const kind = i < end ? TEXT_CLASS[bytes[i]] : C_LT;
    if (kind === 0) {
      i++;
      continue;
    }
    if (kind === C_LT) break;
    if (kind === C_AMP) i = scanReference(tables, i);
    else if (kind === C_CR) {
      const next = i + 1 < end && bytes[i + 1] === LF ? i + 2 : i + 1;
      tables.markRough(i, next);
      tables.flagCurrent(F_ENCODED_TEXT);
      i = next;
    } else if (kind === C_GT) {
      if (i - start >= 2 && bytes[i - 1] === BRACKET_END && bytes[i - 2] === BRACKET_END) {
        throw new NotWellFormedError("']]>' in text", i - 2);
      }
      tables.markRough(i, i + 1);
      i++;
    } else if (kind === C_EF) {
      checkNotNoncharacter(bytes, i);
      i++;
    } else throw new NotWellFormedError('Illegal character', i);
  }
  if (i - start > tables.limits.maxTextLength) throw new XmlLimitError('Text too long', start);
  return i;
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

/** U+FFFE and U+FFFF are no characters (XML 1.0 §2.2). */
export function checkNotNoncharacter(bytes: Buffer, offset: number): void {
  if (bytes[offset + 1] === 0xbf && bytes[offset + 2] >= 0xbe) {
    throw new NotWellFormedError('Illegal character', offset);
  }
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
    if (byte < SPACE) {
      if (byte !== TAB && byte !== LF && byte !== CR) throw new NotWellFormedError('Illegal character', i);
    } else if (byte === 0xef) checkNotNoncharacter(bytes, i);
  }
}
