import { isAscii, isUtf8 } from 'node:buffer';
import { APOS, EQUALS, QUOTE, SPACE, TAB, LF, CR, GT, QUESTION } from './characters.ts';
import { EncodingError, NotWellFormedError, XmlVersionError } from './errors.ts';

/**
 * Checks encoding and XML declaration of a document.
 * @returns offset of the first byte after the byte order mark and the XML declaration
 * @throws {EncodingError} unless it is UTF-8 and not declared to be something else
 * @throws {XmlVersionError} if it declares another version than 1.0
 * @throws {NotWellFormedError} if the declaration breaks XML 1.0 §2.8
 */
export function checkDeclaration(bytes: Buffer): number {
  refuseOtherEncodings(bytes);
  if (!isAscii(bytes)) checkUtf8(bytes);
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  if (bytes.subarray(start, start + USUAL.length).equals(USUAL)) return start + USUAL.length;
  if (!startsDeclaration(bytes, start)) return start;
  return new DeclarationReader(bytes, start + 5).read();
}

/** What nearly every document starts with, and need not be read piece by piece. */
const USUAL = Buffer.from('<?xml version="1.0" encoding="UTF-8"?>');

/** Valid UTF-8 without U+FFFE and U+FFFF, which are no characters (XML 1.0 §2.2). */
function checkUtf8(bytes: Buffer): void {
  if (!isUtf8(bytes)) throw new EncodingError('Not valid UTF-8', 0);
  for (const noncharacter of NONCHARACTERS) {
    const offset = bytes.indexOf(noncharacter);
    if (offset >= 0) throw new NotWellFormedError('Illegal character', offset);
  }
}

const NONCHARACTERS = [Buffer.from('\ufffe'), Buffer.from('\uffff')];

/** By byte order mark, or by how `<` and what follows it would be written (XML 1.0 appendix F). */
function refuseOtherEncodings(bytes: Buffer): void {
  if (bytes.length < 2) return;
  const mark = bytes.readUInt16BE(0);
  const next = bytes.length >= 4 ? bytes.readUInt16BE(2) : -1;
  if ((mark === 0 && (next === 0xfeff || next === 0x003c)) || ((mark === 0xfffe || mark === 0x3c00) && next === 0)) {
    throw new EncodingError('Document is UTF-32; only UTF-8 is accepted', 0);
  }
  if (mark === 0xfeff || mark === 0xfffe || mark === 0x003c || mark === 0x3c00) {
    throw new EncodingError('Document is UTF-16; only UTF-8 is accepted', 0);
  }
  if (mark === 0x4c6f && next === 0xa794) throw new EncodingError('Document is EBCDIC; only UTF-8 is accepted', 0);
}

function startsDeclaration(bytes: Buffer, offset: number): boolean {
  return (
    bytes.length > offset + 5 && bytes.toString('latin1', offset, offset + 5) === '<?xml' && isSpace(bytes[offset + 5])
  );
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === LF || byte === CR;
}

/** What the pseudo-attributes of an XML declaration may be, in this order. */
const PSEUDO_ATTRIBUTES = ['version', 'encoding', 'standalone'] as const;
type PseudoAttribute = (typeof PSEUDO_ATTRIBUTES)[number];
/** Longest pseudo-attribute value that makes sense. */
const MAX_VALUE = 40;

class DeclarationReader {
  readonly #bytes: Buffer;
  #offset: number;

  constructor(bytes: Buffer, offset: number) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  read(): number {
    let next = 0;
    for (;;) {
      const spaced = this.#skipSpace();
      if (this.#bytes[this.#offset] === QUESTION) break;
      if (!spaced) throw this.#malformed();
      const name = this.#name();
      const place = PSEUDO_ATTRIBUTES.indexOf(name as PseudoAttribute, next);
      if (place < 0 || (next === 0 && place > 0)) throw this.#malformed();
      next = place + 1;
      this.#check(PSEUDO_ATTRIBUTES[place], this.#value());
    }
    if (next === 0 || this.#bytes[this.#offset + 1] !== GT) throw this.#malformed();
    return this.#offset + 2;
  }

  #check(name: PseudoAttribute, value: string): void {
    switch (name) {
      case 'version':
        if (value !== '1.0') throw new XmlVersionError(`XML version ${JSON.stringify(value)} is not accepted`, 0);
        break;
      case 'encoding': {
        if (!/^[A-Za-z][A-Za-z0-9._-]*$/.test(value)) throw this.#malformed();
        const encoding = value.toLowerCase();
        if (encoding !== 'utf-8' && encoding !== 'us-ascii') {
          throw new EncodingError(`Encoding ${value} is not accepted; only UTF-8 is`, 0);
        }
        break;
      }
      case 'standalone':
        if (value !== 'yes' && value !== 'no') throw this.#malformed();
        break;
    }
  }

  #skipSpace(): boolean {
    const start = this.#offset;
    while (isSpace(this.#bytes[this.#offset])) this.#offset++;
    return this.#offset > start;
  }

  #name(): string {
    const start = this.#offset;
    while (this.#offset - start < MAX_VALUE && isLetter(this.#bytes[this.#offset])) this.#offset++;
    return this.#bytes.toString('latin1', start, this.#offset);
  }

  #value(): string {
    this.#skipSpace();
    if (this.#bytes[this.#offset] !== EQUALS) throw this.#malformed();
    this.#offset++;
    this.#skipSpace();
    const quote = this.#bytes[this.#offset];
    if (quote !== QUOTE && quote !== APOS) throw this.#malformed();
    const start = ++this.#offset;
    while (this.#bytes[this.#offset] !== quote) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined || byte < 0x20 || byte > 0x7e || this.#offset - start > MAX_VALUE) throw this.#malformed();
    }
    return this.#bytes.toString('latin1', start, this.#offset++);
  }

  #malformed(): NotWellFormedError {
    return new NotWellFormedError('Malformed XML declaration', this.#offset);
  }
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x61 && byte <= 0x7a;
}
