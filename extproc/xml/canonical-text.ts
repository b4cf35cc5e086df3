import * as characters from './characters.ts';
import type { CanonicalOutput } from './canonical-output.ts';
import { referenceEnd, resolveReference } from './references.ts';
import { isXmlSpace } from './values.ts';

const { AMP, BRACKET, CR, GT, LF, LT, QUESTION, QUOTE, SPACE, TAB } = characters;

const AMP_REFERENCE = Buffer.from('&amp;');
const LT_REFERENCE = Buffer.from('&lt;');
const GT_REFERENCE = Buffer.from('&gt;');
const QUOTE_REFERENCE = Buffer.from('&quot;');
const TAB_REFERENCE = Buffer.from('&#x9;');
const LF_REFERENCE = Buffer.from('&#xA;');
const CR_REFERENCE = Buffer.from('&#xD;');

/** Writes content that holds no tags: text, references, CDATA sections, comments, processing instructions. */
export function writeContent(
  output: CanonicalOutput,
  bytes: Buffer,
  start: number,
  end: number,
  comments: boolean,
): void {
  let from = start;
  for (let i = start; i < end;) {
    const byte = bytes[i];
    if (byte !== AMP && byte !== CR && byte !== GT && byte !== LT) {
      i++;
      continue;
    }
    output.copy(from, i);
    if (byte === AMP) {
      const next = referenceEnd(bytes, i, end);
      writeTextCharacter(output, resolveReference(bytes, i, next));
      i = next;
    } else if (byte === GT) {
      output.write(GT_REFERENCE);
      i++;
    } else if (byte === CR) {
      i = writeLineEnd(output, bytes, i, end);
    } else if (bytes[i + 1] === QUESTION) i = writeProcessingInstruction(output, bytes, i);
    else if (bytes[i + 2] === BRACKET) i = writeCdata(output, bytes, i);
    else i = writeComment(output, bytes, i, comments);
    from = i;
  }
  output.copy(from, end);
}

/** A line end of any kind is one line feed (XML 1.0 §2.11). */
function writeLineEnd(output: CanonicalOutput, bytes: Buffer, offset: number, end: number): number {
  output.byte(LF);
  return offset + 1 < end && bytes[offset + 1] === LF ? offset + 2 : offset + 1;
}

function writeTextCharacter(output: CanonicalOutput, codePoint: number): void {
  switch (codePoint) {
    case AMP:
      return output.write(AMP_REFERENCE);
    case LT:
      return output.write(LT_REFERENCE);
    case GT:
      return output.write(GT_REFERENCE);
    case CR:
      return output.write(CR_REFERENCE);
    default:
      return writeCharacter(output, codePoint);
  }
}

function writeCharacter(output: CanonicalOutput, codePoint: number): void {
  if (codePoint < 0x80) output.byte(codePoint);
  else output.write(Buffer.from(String.fromCodePoint(codePoint)));
}

function writeCdata(output: CanonicalOutput, bytes: Buffer, start: number): number {
  const close = bytes.indexOf(']]>', start + 9, 'latin1');
  let from = start + 9;
  for (let i = from; i < close;) {
    const byte = bytes[i];
    if (byte !== AMP && byte !== CR && byte !== GT && byte !== LT) {
      i++;
      continue;
    }
    output.copy(from, i);
    if (byte === CR) i = writeLineEnd(output, bytes, i, close);
    else {
      writeTextCharacter(output, byte);
      i++;
    }
    from = i;
  }
  output.copy(from, close);
  return close + 3;
}

/** Writes a comment, or leaves it out; returns the offset after it. */
export function writeComment(output: CanonicalOutput, bytes: Buffer, start: number, comments: boolean): number {
  const close = bytes.indexOf('-->', start + 4, 'latin1') + 3;
  if (comments) writeLines(output, bytes, start, close);
  return close;
}

/** Writes a processing instruction with one space after its target; returns the offset after it. */
export function writeProcessingInstruction(output: CanonicalOutput, bytes: Buffer, start: number): number {
  const close = bytes.indexOf('?>', start + 2, 'latin1');
  let i = start + 2;
  while (i < close && !isXmlSpace(bytes[i])) i++;
  output.copy(start, i);
  while (i < close && isXmlSpace(bytes[i])) i++;
  if (i < close) output.byte(SPACE);
  writeLines(output, bytes, i, close + 2);
  return close + 2;
}

/** Copies bytes whose only change is that line ends become line feeds. */
function writeLines(output: CanonicalOutput, bytes: Buffer, start: number, end: number): void {
  let from = start;
  for (let i = start; i < end;) {
    if (bytes[i] !== CR) {
      i++;
      continue;
    }
    output.copy(from, i);
    from = i = writeLineEnd(output, bytes, i, end);
  }
  output.copy(from, end);
}

/** Writes an attribute value between its quotes, from the bytes between the quotes of the source. */
export function writeValue(output: CanonicalOutput, bytes: Buffer, start: number, end: number): void {
  let from = start;
  for (let i = start; i < end;) {
    const byte = bytes[i];
    if (byte !== AMP && byte !== QUOTE && (byte >= SPACE || !isXmlSpace(byte))) {
      i++;
      continue;
    }
    output.copy(from, i);
    if (byte === AMP) {
      const next = referenceEnd(bytes, i, end);
      writeValueCharacter(output, resolveReference(bytes, i, next));
      i = next;
    } else if (byte === QUOTE) {
      output.write(QUOTE_REFERENCE);
      i++;
    } else {
      output.byte(SPACE);
      i += byte === CR && bytes[i + 1] === LF ? 2 : 1;
    }
    from = i;
  }
  output.copy(from, end);
}

function writeValueCharacter(output: CanonicalOutput, codePoint: number): void {
  switch (codePoint) {
    case AMP:
      return output.write(AMP_REFERENCE);
    case LT:
      return output.write(LT_REFERENCE);
    case QUOTE:
      return output.write(QUOTE_REFERENCE);
    case TAB:
      return output.write(TAB_REFERENCE);
    case LF:
      return output.write(LF_REFERENCE);
    case CR:
      return output.write(CR_REFERENCE);
    default:
      return writeCharacter(output, codePoint);
  }
}
