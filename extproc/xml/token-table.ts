import {
  NO_TOKEN,
  T_BINDING,
  T_IS_ID,
  T_IS_QNAME,
  T_LENGTH,
  T_LOCAL,
  T_OFFSET,
  T_PREFIX,
  T_SEEN,
  TOKEN_STRIDE,
  TOKEN_XML,
  TOKEN_XML_URI,
  UNBOUND,
} from './layout.ts';
import { NAMESPACE_XML, NAMESPACE_XMLNS } from './namespaces.ts';

/** What every table starts with, in the order of the TOKEN_ constants. */
const COMMON: readonly Buffer[] = ['', 'xml', 'xmlns', NAMESPACE_XML, NAMESPACE_XMLNS].map((text) => Buffer.from(text));
const ID_NAMES: readonly Buffer[] = ['Id', 'ID', 'id', 'AssertionID'].map((text) => Buffer.from(text));

/** Slots looked at before the table turns to a Map, which keeps crafted collisions from costing quadratic time. */
const MAX_PROBES = 12;

/**
 * Numbers for strings of bytes: equal bytes, equal number. Names, prefixes, local names and namespace names share one
 * table, so that comparing any two of them is comparing integers.
 */
export class TokenTable {
  rows = new Int32Array(64 * TOKEN_STRIDE);
  count = 0;
  /** Tokens whose bytes are not in the document as they are. */
  readonly foreign: Buffer[] = [];
  /** Comparisons and probes made: what the tests bound. */
  work = 0;
  #bytes: Buffer;
  /** Open addressing; 0 is free, else token + 1. */
  #slots = new Int32Array(256);
  /** Tokens that found no slot near enough, by their bytes as latin1. */
  #overflow: Map<string, number> | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    for (const common of COMMON) this.internForeign(common);
    this.rows[NO_TOKEN * TOKEN_STRIDE + T_BINDING] = NO_TOKEN;
    this.rows[TOKEN_XML * TOKEN_STRIDE + T_BINDING] = TOKEN_XML_URI;
  }

  /** Token of the document's bytes from `start` to `end`. */
  intern(start: number, end: number): number {
    const bytes = this.#bytes;
    const length = end - start;
    const rows = this.rows;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(bytes, start, length) & mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const token = slots[slot] - 1;
      if (token < 0) return this.#add(slot, start, length);
      const row = token * TOKEN_STRIDE;
      if (rows[row + T_LENGTH] === length) {
        const offset = rows[row + T_OFFSET];
        if (offset >= 0) {
          let i = 0;
          while (i < length && bytes[offset + i] === bytes[start + i]) i++;
          if (i === length) return token;
        } else if (bytes.compare(this.foreign[~offset], 0, length, start, end) === 0) return token;
      }
      slot = (slot + 1) & mask;
    }
    return this.#internOverflow(bytes.toString('latin1', start, end), start, length);
  }

  /** Token of bytes that are not part of the document, e.g. of a value with its references resolved. */
  internForeign(content: Buffer): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(content, 0, content.length) & mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const token = slots[slot] - 1;
      if (token < 0) return this.#add(slot, ~(this.foreign.push(content) - 1), content.length);
      if (content.equals(this.bytesOf(token))) return token;
      slot = (slot + 1) & mask;
    }
    const key = content.toString('latin1');
    return this.#overflow?.get(key) ?? this.#internOverflow(key, ~(this.foreign.push(content) - 1), content.length);
  }

  /** The bytes of a token; not to be written to. */
  bytesOf(token: number): Buffer {
    const offset = this.rows[token * TOKEN_STRIDE + T_OFFSET];
    if (offset < 0) return this.foreign[~offset];
    return this.#bytes.subarray(offset, offset + this.rows[token * TOKEN_STRIDE + T_LENGTH]);
  }

  #internOverflow(key: string, offset: number, length: number): number {
    this.#overflow ??= new Map();
    const known = this.#overflow.get(key);
    if (known !== undefined) return known;
    const token = this.#append(offset, length);
    this.#overflow.set(key, token);
    return token;
  }

  #add(slot: number, offset: number, length: number): number {
    const token = this.#append(offset, length);
    this.#slots[slot] = token + 1;
    if (this.count * 2 > this.#slots.length) this.#rehash();
    return token;
  }

  #append(offset: number, length: number): number {
    const token = this.count++;
    if ((token + 1) * TOKEN_STRIDE > this.rows.length) {
      const grown = new Int32Array(this.rows.length * 2);
      grown.set(this.rows);
      this.rows = grown;
    }
    const row = token * TOKEN_STRIDE;
    this.rows[row + T_OFFSET] = offset;
    this.rows[row + T_LENGTH] = length;
    this.rows[row + T_IS_QNAME] = 0;
    this.rows[row + T_PREFIX] = NO_TOKEN;
    this.rows[row + T_LOCAL] = token;
    this.rows[row + T_BINDING] = UNBOUND;
    this.rows[row + T_SEEN] = 0;
    this.rows[row + T_IS_ID] = 0;
    if (length === 2 || length === 11) {
      const bytes = this.bytesOf(token);
      for (const name of ID_NAMES) if (name.equals(bytes)) this.rows[row + T_IS_ID] = 1;
    }
    return token;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 4);
    const mask = slots.length - 1;
    for (let token = 0; token < this.count; token++) {
      const bytes = this.bytesOf(token);
      let slot = hash(bytes, 0, bytes.length) & mask;
      let probe = 0;
      while (probe < MAX_PROBES && slots[slot] !== 0) {
        slot = (slot + 1) & mask;
        probe++;
      }
      if (probe < MAX_PROBES) slots[slot] = token + 1;
      else (this.#overflow ??= new Map()).set(bytes.toString('latin1'), token);
    }
    this.#slots = slots;
  }
}

/** A few bytes tell the names of a document apart well enough; {@link MAX_PROBES} covers those that are not. */
function hash(bytes: Uint8Array, start: number, length: number): number {
  if (length === 0) return 0;
  const last = start + length - 1;
  const a = bytes[start];
  const b = bytes[last];
  const c = bytes[start + (length >> 1)];
  const d = bytes[last - (length >> 2)];
  const mixed = Math.imul(a | (b << 8) | (c << 16) | (d << 24), 0x9e3779b1) ^ Math.imul(length, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
