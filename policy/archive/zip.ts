/**
 * Small ZIP archives (APPNOTE 6.3), written and read back. Reading trusts nothing that an archive says of itself: sizes are
 * bounded as declared and as unpacked, data may not overlap, and what other readers could read differently is refused.
 */

import zlib from 'node:zlib';
import { zipSync } from 'fflate';

/** The file is no archive that can be read safely; the message says why. */
export class ZipError extends Error {
  readonly code = 'ERR_ZIP';

  override get name(): string {
    return 'ZipError';
  }
}

export const ZIP_LIMITS = {
  maxBytes: 16 * 1024 * 1024,
  maxEntries: 4000,
  /** Of one entry, unpacked. */
  maxEntryBytes: 1024 * 1024,
  /** Of all entries, unpacked. */
  maxTotalBytes: 32 * 1024 * 1024,
} as const;
export type ZipLimits = { readonly [limit in keyof typeof ZIP_LIMITS]: number };

/** The same entries give the same bytes: all are of the first moment that ZIP knows, in the order given. */
export function writeZip(entries: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return zipSync(Object.fromEntries(entries), { level: 9, mtime: new Date(1980, 0, 1) });
}

const END = 0x06054b50;
const END_LENGTH = 22;
const CENTRAL = 0x02014b50;
const CENTRAL_LENGTH = 46;
const LOCAL = 0x04034b50;
const LOCAL_LENGTH = 30;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * @param accept whether the archive may have an entry of this name; names that end in `/` are folders
 * @returns the entries by name, without folders
 * @throws ZipError
 */
export function readZip(
  bytes: Buffer,
  accept: (name: string) => boolean,
  limits: ZipLimits = ZIP_LIMITS,
): Map<string, Buffer> {
  if (bytes.length > limits.maxBytes) throw new ZipError(`it is larger than ${limits.maxBytes} bytes`);
  const { entries, directory } = readDirectory(bytes, accept, limits);
  const contents = new Map<string, Buffer>();
  let free = 0;
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    const start = dataOffset(bytes, entry, directory);
    if (entry.offset < free || start + entry.packed > directory)
      throw new ZipError(`${entry.name} overlaps with another entry`);
    free = start + entry.packed;
    const content = unpack(entry, bytes.subarray(start, free));
    if (!entry.name.endsWith('/')) contents.set(entry.name, content);
  }
  // In the order in which the archive lists them.
  return new Map(
    entries.flatMap(({ name }) => (contents.has(name) ? [[name, contents.get(name) ?? Buffer.alloc(0)]] : [])),
  );
}

function readDirectory(
  bytes: Buffer,
  accept: (name: string) => boolean,
  limits: ZipLimits,
): { entries: Entry[]; directory: number } {
  const end = bytes.length - END_LENGTH;
  if (end < 0 || bytes.readUInt32LE(end) !== END)
    throw new ZipError('it is no ZIP archive, or something follows the archive');
  const count = bytes.readUInt16LE(end + 10);
  const directory = bytes.readUInt32LE(end + 16);
  const split = bytes.readUInt32LE(end + 4) !== 0 || bytes.readUInt16LE(end + 8) !== count;
  if (split || bytes.readUInt16LE(end + 20) !== 0) throw new ZipError('it is in several parts, or has a comment');
  if (count > limits.maxEntries) throw new ZipError(`it has more than ${limits.maxEntries} entries`);
  if (directory + bytes.readUInt32LE(end + 12) !== end) throw new ZipError('its directory is damaged');
  const entries: Entry[] = [];
  const names = new Set<string>();
  let total = 0;
  let at = directory;
  for (let index = 0; index < count; index++) {
    if (at + CENTRAL_LENGTH > end || bytes.readUInt32LE(at) !== CENTRAL) throw new ZipError('its directory is damaged');
    const next =
      at + CENTRAL_LENGTH + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (next > end) throw new ZipError('its directory is damaged');
    const entry = readEntry(bytes, at);
    if (!accept(entry.name)) throw new ZipError(`${JSON.stringify(entry.name.slice(0, 100))} does not belong in it`);
    if (names.has(entry.name)) throw new ZipError(`it has ${entry.name} twice`);
    names.add(entry.name);
    total += entry.size;
    if (entry.size > limits.maxEntryBytes)
      throw new ZipError(`${entry.name} is larger than ${limits.maxEntryBytes} bytes`);
    if (total > limits.maxTotalBytes) throw new ZipError(`it unpacks to more than ${limits.maxTotalBytes} bytes`);
    entries.push(entry);
    at = next;
  }
  if (at !== end) throw new ZipError('its directory is damaged');
  return { entries, directory };
}

function readEntry(bytes: Buffer, at: number): Entry {
  const name = bytes.toString('latin1', at + CENTRAL_LENGTH, at + CENTRAL_LENGTH + bytes.readUInt16LE(at + 28));
  if ((bytes.readUInt16LE(at + 8) & ENCRYPTED) !== 0) throw new ZipError('it is encrypted');
  return {
    name,
    method: bytes.readUInt16LE(at + 10),
    crc: bytes.readUInt32LE(at + 16),
    packed: bytes.readUInt32LE(at + 20),
    size: bytes.readUInt32LE(at + 24),
    offset: bytes.readUInt32LE(at + 42),
  };
}

/** The local header must agree with the directory on what the data is called and how it is packed. */
function dataOffset(bytes: Buffer, { name, method, offset }: Entry, directory: number): number {
  if (offset + LOCAL_LENGTH > directory || bytes.readUInt32LE(offset) !== LOCAL)
    throw new ZipError(`${name} is damaged`);
  const nameLength = bytes.readUInt16LE(offset + 26);
  const start = offset + LOCAL_LENGTH;
  const local = bytes.toString('latin1', start, start + nameLength);
  if (local !== name || bytes.readUInt16LE(offset + 8) !== method) throw new ZipError(`${name} is damaged`);
  return start + nameLength + bytes.readUInt16LE(offset + 28);
}

function unpack({ name, method, crc, size }: Entry, packed: Buffer): Buffer {
  let content: Buffer;
  if (method === STORED) content = packed;
  else if (method === DEFLATED) content = inflate(name, packed, size);
  else throw new ZipError(`${name} is packed in a way that is not known`);
  if (content.length !== size || zlib.crc32(content) !== crc) throw new ZipError(`${name} is damaged`);
  return content;
}

function inflate(name: string, packed: Buffer, size: number): Buffer {
  try {
    return zlib.inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    const larger = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new ZipError(larger ? `${name} unpacks to more than it says` : `${name} is damaged`);
  }
}
