/**
 * Protobuf wire format (encoding spec, proto3): a bounded reader over a Buffer that hands out slices, never copies, and
 * the few writers that the service's answers need.
 */

/** Bytes that are not the protobuf message they should be. */
export class ProtobufError extends Error {
  readonly code = 'ERR_PROTOBUF';
}

/** Wire types of the encoding specification; groups (3 and 4) are refused. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/** Reads the fields of one message, `end` excluded. Every read checks the bound; nothing recurses. */
export class ProtobufReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #position: number;
  /** Field number and wire type of the tag that `next` read last. */
  field = 0;
  wireType = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** Reads the next tag. @returns false at the end of the message. */
  next(): boolean {
    if (this.#position === this.#end) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (this.field === 0 || tag > 0xffffffff) throw new ProtobufError('invalid tag');
    return true;
  }

  /** A varint as a number; values beyond 2^53 lose precision, which no field that we read can have. */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      if (this.#position >= this.#end) throw new ProtobufError('truncated varint');
      const byte = this.#bytes[this.#position++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new ProtobufError('varint longer than ten bytes');
  }

  /** The current field as a varint. */
  uint(): number {
    this.#expect(VARINT);
    return this.varint();
  }

  /** The current field as a double. */
  double(): number {
    this.#expect(FIXED64);
    const start = this.#position;
    this.#advance(8);
    return this.#bytes.readDoubleLE(start);
  }

  /** The current field's bytes: a slice of the input, not a copy. */
  bytes(): Buffer {
    const start = this.#lengthDelimited();
    return this.#bytes.subarray(start, this.#position);
  }

  /** The current field as UTF-8 text; what is no UTF-8 becomes U+FFFD. */
  string(): string {
    const start = this.#lengthDelimited();
    return this.#bytes.toString('utf8', start, this.#position);
  }

  /** The current field as an embedded message. */
  message(): ProtobufReader {
    const start = this.#lengthDelimited();
    return new ProtobufReader(this.#bytes, start, this.#position);
  }

  /** Skips the current field's value. */
  skip(): void {
    if (this.wireType === VARINT) this.varint();
    else if (this.wireType === LENGTH_DELIMITED) this.#lengthDelimited();
    else if (this.wireType === FIXED64) this.#advance(8);
    else if (this.wireType === FIXED32) this.#advance(4);
    else throw new ProtobufError(`unsupported wire type ${this.wireType}`);
  }

  #lengthDelimited(): number {
    this.#expect(LENGTH_DELIMITED);
    const length = this.varint();
    const start = this.#position;
    this.#advance(length);
    return start;
  }

  #advance(length: number): void {
    if (length > this.#end - this.#position) throw new ProtobufError('field longer than its message');
    this.#position += length;
  }

  #expect(wireType: number): void {
    if (this.wireType !== wireType) throw new ProtobufError(`field ${this.field} has wire type ${this.wireType}`);
  }
}

/** Bytes that `value` takes as a varint; `value` is a whole number below 2^32. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Bytes of a length-delimited field with a one-byte tag (field numbers up to 15) and `length` bytes of content. */
export function fieldLength(length: number): number {
  return 1 + varintLength(length) + length;
}

/** Writes into a Buffer of exactly the right size: callers compute lengths first, so that nothing is copied twice. */
export class ProtobufWriter {
  readonly buffer: Buffer;
  #position = 0;

  constructor(length: number) {
    this.buffer = Buffer.allocUnsafe(length);
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.buffer[this.#position++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.#position++] = rest;
  }

  /** A varint field. */
  uint(field: number, value: number): void {
    this.varint(field * 8 + VARINT);
    this.varint(value);
  }

  /** Tag and length of a length-delimited field whose content the caller writes next (or sends as a buffer of its own). */
  open(field: number, length: number): void {
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.varint(length);
  }

  bytes(field: number, content: Buffer): void {
    this.open(field, content.length);
    this.#position += content.copy(this.buffer, this.#position);
  }
}
