import * as layout from './layout.ts';
import { NAMESPACE_XML, NAMESPACE_XMLNS } from './namespaces.ts';
import { sameBytes } from './words.ts';

const { NO_TOKEN, TOKEN_XML, TOKEN_XML_URI, UNBOUND } = layout;
const { T_BINDING, T_IS_ID, T_LENGTH, T_LOCAL, T_OFFSET, TOKEN_STRIDE } = layout;

/** What every table starts with, in the order of the TOKEN_ constants. */
const COMMON: readonly Buffer[] = ['', 'xml', 'xmlns', NAMESPACE_XML, NAMESPACE_XMLNS].map((text) => Buffer.from(text));
const ASSERTION_ID = Buffer.from('AssertionID');

/** Slots looked at before the table turns to a Map, which keeps crafted collisions from costing quadratic time. */
const MAX_PROBES = 8;
const FIRST_SLOTS = 256;

/**
 * Numbers for strings of bytes: equal bytes, equal number. Names, prefixes, local names and namespace names share one
 * table, so that comparing any two of them is comparing integers.
 */
export class TokenTable {
  /** A row for each token, as `layout.ts` says. */
  rows: Int32Array;
  count = 0;
  /** Tokens whose bytes are not in the document as they are. */
  readonly foreign: Buffer[] = [...COMMON];
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** Open addressing; 0 is free, else token + 1. Empty: to be rebuilt. */
  #slots: Int32Array;
  /** Tokens that found no slot near enough, by their bytes as latin1. */
  #overflow: Map<string, number> | undefined;

  /**
   * @param view of the same bytes
   * @param rows room for the rows: taken over
   */
  constructor(bytes: Buffer, view: DataView, rows: Int32Array) {
    this.#bytes = bytes;
    this.#view = view;
    this.rows = rows;
    rows.set(COMMON_ROWS);
    this.count = COMMON.length;
    this.#slots = sharedSlots ?? new Int32Array(FIRST_SLOTS);
    sharedSlots = undefined;
    this.#slots.set(COMMON_SLOTS);
  }

  /** Scanning is over: moves the rows to room of their own. */
  compact(rows: Int32Array): void {
    this.rows = rows;
    if (this.#slots.length === FIRST_SLOTS) sharedSlots = this.#slots;
    this.#slots = NO_SLOTS;
  }

  /** Token of the document's bytes from `start` to `end`. */
  intern(start: number, end: number): number {
    const length = end - start;
    const rows = this.rows;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(this.#bytes, start, length) & mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const token = slots[slot] - 1;
      if (token < 0) return this.#add(slot, start, length);
      const row = token * TOKEN_STRIDE;
      if (rows[row + T_LENGTH] === length) {
        const offset = rows[row + T_OFFSET];
        if (offset >= 0 ? sameBytes(this.#view, offset, start, length) : this.#isForeign(~offset, start)) return token;
      }
      slot = (slot + 1) & mask;
    }
    return this.#internOverflow(this.#bytes.toString('latin1', start, end), start, length);
  }

  /** Token of bytes that are not part of the document, e.g. of a value with its references resolved. */
  internForeign(content: Buffer): number {
    if (this.#slots.length === 0) this.#rebuild(FIRST_SLOTS);
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

  /** The length is known to be the same. */
  #isForeign(place: number, start: number): boolean {
    const content = this.foreign[place];
    let i = 0;
    while (i < content.length && content[i] === this.#bytes[start + i]) i++;
    return i === content.length;
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
    if (this.count * 2 > this.#slots.length) this.#rebuild(this.#slots.length * 4);
    return token;
  }

  #append(offset: number, length: number): number {
    const token = this.count++;
    const row = token * TOKEN_STRIDE;
    if (row + TOKEN_STRIDE > this.rows.length) {
      const grown = new Int32Array((row + TOKEN_STRIDE) * 2);
      grown.set(this.rows);
      this.rows = grown;
    }
    const rows = this.rows;
    for (let column = 0; column < TOKEN_STRIDE; column++) rows[row + column] = 0;
    rows[row + T_OFFSET] = offset;
    rows[row + T_LENGTH] = length;
    rows[row + T_LOCAL] = token;
    rows[row + T_BINDING] = UNBOUND;
    if (length === 2 || length === ASSERTION_ID.length) rows[row + T_IS_ID] = isIdName(this.bytesOf(token)) ? 1 : 0;
    return token;
  }

  #rebuild(least: number): void {
    let size = least;
    while (this.count * 2 > size) size *= 4;
    const slots = new Int32Array(size);
    for (let token = 0; token < this.count; token++) {
      const bytes = this.bytesOf(token);
      const slot = freeSlot(slots, bytes);
      if (slot >= 0) slots[slot] = token + 1;
      else (this.#overflow ??= new Map()).set(bytes.toString('latin1'), token);
    }
    this.#slots = slots;
  }
}

/** Id, ID, id or AssertionID: what WS-Security, XML Signature and SAML call an identifier. */
function isIdName(name: Buffer): boolean {
  if (name.length !== 2) return name.equals(ASSERTION_ID);
  const [first, second] = name;
  return (first === 0x49 && (second === 0x64 || second === 0x44)) || (first === 0x69 && second === 0x64);
}

/** -1: none near enough. */
function freeSlot(slots: Int32Array, bytes: Buffer): number {
  const mask = slots.length - 1;
  let slot = hash(bytes, 0, bytes.length) & mask;
  for (let probe = 0; probe < MAX_PROBES; probe++) {
    if (slots[slot] === 0) return slot;
    slot = (slot + 1) & mask;
  }
  return -1;
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

const NO_SLOTS = new Int32Array(0);
const COMMON_ROWS = new Int32Array(COMMON.length * TOKEN_STRIDE);
const COMMON_SLOTS = new Int32Array(FIRST_SLOTS);
for (const [token, content] of COMMON.entries()) {
  const row = token * TOKEN_STRIDE;
  COMMON_ROWS[row + T_OFFSET] = ~token;
  COMMON_ROWS[row + T_LENGTH] = content.length;
  COMMON_ROWS[row + T_LOCAL] = token;
  COMMON_ROWS[row + T_BINDING] = UNBOUND;
  COMMON_SLOTS[freeSlot(COMMON_SLOTS, content)] = token + 1;
}
COMMON_ROWS[NO_TOKEN * TOKEN_STRIDE + T_BINDING] = NO_TOKEN;
COMMON_ROWS[TOKEN_XML * TOKEN_STRIDE + T_BINDING] = TOKEN_XML_URI;

/** Slots that no table uses at the moment. */
let sharedSlots: Int32Array | undefined;
