/**
 * Held tokens as bytes, to be sealed. Layout, integers big-endian: format (1 byte), `obtained` and `expires` (64-bit
 * floating point), flags (1), then the fields that are there, each with its length (4) before it.
 */

import type { HeldToken } from '../sts/held-token.ts';
import type { TokenReference } from '../wss/issued-token.ts';

const FORMAT = 1;
const HEAD_BYTES = 18;
const FLAGS = { reference: 1, secret: 2, direct: 4, valueType: 8, tokenType: 16 } as const;
const ALL_FLAGS = 31;

export function encodeHeldToken({ token, obtained, expires }: HeldToken): Buffer {
  const { reference, secret } = token;
  let flags = 0;
  const fields: Uint8Array[] = [token.bytes];
  const add = (flag: number, field: Uint8Array | string | undefined): void => {
    if (field === undefined) return;
    flags |= flag;
    fields.push(typeof field === 'string' ? Buffer.from(field) : field);
  };
  add(FLAGS.secret, secret);
  if (reference?.form === 'Direct') flags |= FLAGS.direct;
  add(FLAGS.reference, reference?.value);
  add(FLAGS.valueType, reference?.valueType);
  add(FLAGS.tokenType, reference?.tokenType);
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = FORMAT;
  head.writeDoubleBE(obtained, 1);
  head.writeDoubleBE(expires, 9);
  head[17] = flags;
  return Buffer.concat([head, ...fields.flatMap((field) => [lengthOf(field), field])]);
}

/** @returns undefined: the bytes are no token of this format */
export function decodeHeldToken(encoded: Buffer): HeldToken | undefined {
  if (encoded.length < HEAD_BYTES || encoded[0] !== FORMAT) return undefined;
  const obtained = encoded.readDoubleBE(1);
  const expires = encoded.readDoubleBE(9);
  const flags = encoded[17];
  if (!Number.isFinite(obtained) || !Number.isFinite(expires) || (flags & ~ALL_FLAGS) !== 0) return undefined;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  if (!has(FLAGS.reference) && (flags & (FLAGS.direct | FLAGS.valueType | FLAGS.tokenType)) !== 0) return undefined;
  const fields = readFields(encoded);
  if (fields === undefined) return undefined;
  const wanted = [FLAGS.secret, FLAGS.reference, FLAGS.valueType, FLAGS.tokenType].filter(has).length + 1;
  if (fields.length !== wanted || fields[0].length === 0) return undefined;
  let next = 0;
  const bytes = fields[next++];
  const secret = has(FLAGS.secret) ? fields[next++] : undefined;
  const reference = has(FLAGS.reference) ? readReference(flags, fields.slice(next)) : undefined;
  if (has(FLAGS.reference) && reference === undefined) return undefined;
  return {
    token: { bytes, ...(reference !== undefined && { reference }), ...(secret !== undefined && { secret }) },
    obtained,
    expires,
  };
}

function readReference(flags: number, fields: readonly Uint8Array[]): TokenReference | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    const [value, ...types] = fields.map((field) => decoder.decode(field));
    const valueType = (flags & FLAGS.valueType) === 0 ? undefined : types.shift();
    const [tokenType] = types;
    return {
      form: (flags & FLAGS.direct) === 0 ? 'KeyIdentifier' : 'Direct',
      value,
      ...(valueType !== undefined && { valueType }),
      ...(tokenType !== undefined && { tokenType }),
    };
  } catch {
    return undefined;
  }
}

/** Copies of their own: a view would take all of the buffer with it to another thread. */
function readFields(encoded: Buffer): Uint8Array[] | undefined {
  const fields: Uint8Array[] = [];
  let offset = HEAD_BYTES;
  while (offset < encoded.length) {
    if (offset + 4 > encoded.length) return undefined;
    const start = offset + 4;
    offset = start + encoded.readUInt32BE(offset);
    if (offset > encoded.length || fields.length === 5) return undefined;
    fields.push(new Uint8Array(encoded.subarray(start, offset)));
  }
  return fields;
}

function lengthOf({ length }: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}
