import * as characters from './characters.ts';
import { referenceEnd, resolveReference } from './references.ts';

const { AMP, CR, LF, LT, SPACE, TAB } = characters;

/**
 * An attribute value as XML 1.0 §3.3.3 normalises it (type CDATA): references resolved, each white space character
 * one space.
 * @param start first byte of the value
 * @param end offset of the closing quote; the value has been scanned before
 */
export function normalizeValue(bytes: Buffer, start: number, end: number): string {
  let value = '';
  let from = start;
  for (let i = start; i < end;) {
    const byte = bytes[i];
    if (byte === AMP) {
      const next = referenceEnd(bytes, i, end);
      value += bytes.toString('utf8', from, i) + String.fromCodePoint(resolveReference(bytes, i, next));
      from = i = next;
    } else if (byte === TAB || byte === LF || byte === CR) {
      value += bytes.toString('utf8', from, i) + ' ';
      if (byte === CR && bytes[i + 1] === LF) i++;
      from = ++i;
    } else i++;
  }
  return value + bytes.toString('utf8', from, end);
}

/**
 * Character data of content without elements, comments and processing instructions: references resolved, CDATA
 * sections unwrapped, line ends one line feed (XML 1.0 §2.11).
 */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  const pieces: string[] = [];
  let from = start;
  for (let i = start; i < end;) {
    const byte = bytes[i];
    if (byte === AMP) {
      const next = referenceEnd(bytes, i, end);
      pieces.push(bytes.toString('utf8', from, i), String.fromCodePoint(resolveReference(bytes, i, next)));
      from = i = next;
    } else if (byte === CR) {
      pieces.push(bytes.toString('utf8', from, i), '\n');
      from = i += bytes[i + 1] === LF ? 2 : 1;
    } else if (byte === LT) {
      const close = bytes.indexOf(']]>', i + 9, 'latin1');
      pieces.push(bytes.toString('utf8', from, i), bytes.toString('utf8', i + 9, close).replace(/\r\n?/g, '\n'));
      from = i = close + 3;
    } else i++;
  }
  pieces.push(bytes.toString('utf8', from, end));
  return pieces.join('');
}

/** White space of XML 1.0 §2.3. */
export function isXmlSpace(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}
