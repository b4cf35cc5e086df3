/**
 * Reading of DER (ITU-T X.690 §10), as much as certificates and revocation lists need.
 *
 * A reader walks one level of a structure by offsets into the original bytes; nothing recurses on the input and nothing
 * is copied, so a hostile structure costs no more than its length. Indefinite and non-minimal lengths are no DER and
 * are refused, as are tag numbers above 30.
 */

/** The bytes are not the DER structure that was expected. The text never holds the bytes. */
export class DerError extends Error {
  override get name(): string {
    return 'DerError';
  }
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  generalString: 0x1b,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tags `[number]`: primitive and constructed. */
export const context = (number: number): number => 0x80 | number;
export const contextConstructed = (number: number): number => 0xa0 | number;

/** One value: its tag, the whole of it (`bytes`) and what it holds (`content`), both views of the original bytes. */
export interface DerValue {
  readonly tag: number;
  readonly bytes: Buffer;
  readonly content: Buffer;
}

/** Steps through the values that stand one after another in `bytes`. */
export class DerReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next value, or -1 at the end. */
  peek(): number {
    return this.#bytes[this.#at] ?? -1;
  }

  /**
   * Reads the next value.
   *
   * @param tag the tag it must have; absent: any
   * @throws DerError when there is none, it has another tag, or its length is wrong
   */
  next(tag?: number): DerValue {
    const bytes = this.#bytes;
    const start = this.#at;
    if (start + 2 > bytes.length) throw new DerError('the structure ends too early');
    const found = bytes[start];
    if (tag !== undefined && found !== tag) {
      throw new DerError(`expected tag 0x${tag.toString(16)}, found 0x${found.toString(16)}`);
    }
    if ((found & 0x1f) === 0x1f) throw new DerError('tag numbers above 30 are not supported');
    let length = bytes[start + 1];
    let content = start + 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0 || octets > 4 || content + octets > bytes.length) throw new DerError('bad length');
      length = bytes.readUIntBE(content, octets);
      content += octets;
      if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw new DerError('length is not minimal');
    }
    const end = content + length;
    if (end > bytes.length) throw new DerError('a value is longer than what holds it');
    this.#at = end;
    return { tag: found, bytes: bytes.subarray(start, end), content: bytes.subarray(content, end) };
  }

  /** Reads the next value when it has this tag; otherwise leaves it and returns undefined. */
  optional(tag: number): DerValue | undefined {
    return this.peek() === tag ? this.next(tag) : undefined;
  }

  /** A reader over what the next value holds. */
  enter(tag: number): DerReader {
    return new DerReader(this.next(tag).content);
  }

  /** @throws DerError when values are left over */
  finish(): void {
    if (!this.atEnd) throw new DerError('unexpected data after the structure');
  }
}

const MAX_OID_BYTES = 64;

/** Dotted form of the content of an OBJECT IDENTIFIER (X.690 §8.19). */
export function oidText(content: Buffer): string {
  if (content.length === 0 || content.length > MAX_OID_BYTES || content[content.length - 1] >= 0x80) {
    throw new DerError('bad object identifier');
  }
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const octet of content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if (octet >= 0x80) continue;
    if (arcs.length > 0) arcs.push(arc);
    else if (arc < 80n) arcs.push(arc / 40n, arc % 40n);
    else arcs.push(2n, arc - 80n);
    arc = 0n;
  }
  return arcs.join('.');
}

const MAX_INTEGER_BYTES = 64;

/** Value of the content of an INTEGER (X.690 §8.3, two's complement), at most 64 octets long. */
export function integerValue(content: Buffer): bigint {
  if (content.length === 0 || content.length > MAX_INTEGER_BYTES) throw new DerError('bad integer');
  const unsigned = BigInt(`0x${content.toString('hex')}`);
  return content[0] < 0x80 ? unsigned : unsigned - (1n << BigInt(8 * content.length));
}

/** Value of a BOOLEAN's content; DER knows 0x00 and 0xff only. */
export function booleanValue(content: Buffer): boolean {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError('bad boolean');
  return content[0] === 0xff;
}

/** Octets of a BIT STRING's content, without the count of unused bits, which must be zero unless `unusedBits`. */
export function bitStringOctets(content: Buffer, unusedBits = false): Buffer {
  if (content.length === 0 || content[0] > 7 || (!unusedBits && content[0] !== 0)) throw new DerError('bad bit string');
  return content.subarray(1);
}

/**
 * Milliseconds of a UTCTime or GeneralizedTime in the forms RFC 5280 §4.1.2.5 allows (`…Z`, with seconds).
 */
export function timeValue(value: DerValue): number {
  const text = value.content.toString('latin1');
  const match =
    value.tag === TAG.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : value.tag === TAG.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null;
  if (match === null) throw new DerError('bad time');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const fullYear = value.tag === TAG.generalizedTime ? year : year < 50 ? 2000 + year : 1900 + year;
  const time = new Date(0);
  time.setUTCFullYear(fullYear, month - 1, day);
  time.setUTCHours(hour, minute, second);
  // Date carries what is too large over; a time that changed that way was none.
  const carried = time.getUTCDate() !== day || time.getUTCMinutes() !== minute || time.getUTCSeconds() !== second;
  if (carried || time.getUTCMonth() !== month - 1 || hour > 23) throw new DerError('bad time');
  return time.getTime();
}
