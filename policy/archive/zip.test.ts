import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { readZip, writeZip, ZIP_LIMITS, ZipError } from './zip.ts';

const any = () => true;
const text = (content: string): Buffer => Buffer.from(content);
const files = new Map([
  ['a.yaml', text('a: 1\n'.repeat(50))],
  ['b/c.yaml', text('')],
]);

interface Part {
  readonly name: string;
  readonly data: Buffer;
  readonly method?: number;
  readonly size?: number;
  readonly crc?: number;
  readonly localName?: string;
  readonly flags?: number;
  readonly offset?: number;
}

/** An archive that says of itself whatever it is told to. */
function forge(parts: readonly Part[], { count = parts.length, comment = '', shift = 0 } = {}): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const { name, data, method = 0, size = data.length, crc = zlib.crc32(data), localName = name, flags = 0 } = part;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(localName.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(size, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(part.offset ?? offset, 42);
    pieces.push(local, text(localName), data);
    directory.push(central, text(name));
    offset += 30 + localName.length + data.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset + shift, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...pieces, listed, end, text(comment)]);
}

const deflated = (name: string, content: Buffer, changes: Partial<Part> = {}): Part => ({
  ...{ name, data: zlib.deflateRawSync(content), method: 8, size: content.length, crc: zlib.crc32(content) },
  ...changes,
});

test('what is written is read, and equal entries give equal bytes', () => {
  const bytes = Buffer.from(writeZip(files));
  assert.deepEqual(readZip(bytes, any), files);
  assert.deepEqual(Buffer.from(writeZip(new Map(files))), bytes);
});

test('folders, stored and deflated entries of another writer', () => {
  const bytes = forge([
    { name: 'f/', data: text('') },
    { name: 'f/a', data: text('hello') },
    deflated('b', text('x'.repeat(999))),
  ]);
  assert.deepEqual(
    [...readZip(bytes, any)],
    [
      ['f/a', text('hello')],
      ['b', text('x'.repeat(999))],
    ],
  );
});

const good = forge([{ name: 'a', data: text('hello') }]);
const bomb = Buffer.alloc(ZIP_LIMITS.maxEntryBytes + 1);
const refused: [string, Buffer, RegExp][] = [
  ['no archive', text('hello'), /no ZIP archive/],
  ['an archive with something after it', Buffer.concat([good, text('x')]), /something follows/],
  ['a comment', forge([], { comment: 'x' }), /something follows/],
  ['cut off', good.subarray(0, -1), /something follows/],
  ['a directory elsewhere', forge([{ name: 'a', data: text('x') }], { shift: 1 }), /directory is damaged/],
  ['fewer entries than it says', forge([{ name: 'a', data: text('x') }], { count: 2 }), /directory is damaged/],
  ['more entries than it says', forge([{ name: 'a', data: text('x') }], { count: 0 }), /directory is damaged/],
  [
    'a name twice',
    forge([
      { name: 'a', data: text('x') },
      { name: 'a', data: text('y') },
    ]),
    /it has a twice/,
  ],
  ['a way out of the folder', forge([{ name: '../../etc/passwd', data: text('x') }]), /does not belong/],
  ['an absolute path', forge([{ name: '/etc/passwd', data: text('x') }]), /does not belong/],
  ['another name before the data', forge([{ name: 'a', data: text('x'), localName: 'b' }]), /a is damaged/],
  ['an entry outside', forge([{ name: 'a', data: text('x'), offset: 1e6 }]), /a is damaged/],
  ['encryption', forge([{ name: 'a', data: text('x'), flags: 1 }]), /encrypted/],
  ['another packing', forge([{ name: 'a', data: text('x'), method: 12 }]), /packed in a way/],
  ['a wrong checksum', forge([{ name: 'a', data: text('x'), crc: 1 }]), /a is damaged/],
  ['no deflate', forge([{ name: 'a', data: text('\xff\xff'), method: 8 }]), /a is damaged/],
  ['a large entry', forge([deflated('a', bomb)]), /a is larger than/],
  ['a large entry that says it is small', forge([deflated('a', bomb, { size: 10 })]), /unpacks to more than it says/],
  ['a small entry that says it is larger', forge([deflated('a', text('x'), { size: 10 })]), /a is damaged/],
  [
    'many entries that are large together',
    forge(Array.from({ length: 33 }, (_, at) => deflated(`a${at}`, Buffer.alloc(ZIP_LIMITS.maxEntryBytes)))),
    /it unpacks to more than/,
  ],
  [
    'many entries',
    forge(Array.from({ length: ZIP_LIMITS.maxEntries + 1 }, (_, at) => ({ name: `a${at}`, data: text('') }))),
    /more than 4000 entries/,
  ],
  ['a large file', Buffer.alloc(ZIP_LIMITS.maxBytes + 1), /it is larger than/],
];

for (const [name, bytes, message] of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => readZip(bytes, (entry) => /^[a-z]\d*\/?$/.test(entry)),
      (error) => error instanceof ZipError && message.test(error.message),
    );
  });
}

test('entries that share their data are refused: it could unpack again and again', () => {
  const inner: Part = { name: 'a', data: text('hello') };
  const outer = forge([{ name: 'b', data: Buffer.concat([forge([inner]).subarray(0, 36)]) }, inner]);
  // The directory's second entry points into the data of the first.
  const second = outer.length - 22 - 47;
  outer.writeUInt32LE(31, second + 42);
  assert.throws(() => readZip(outer, any), /a overlaps/);
});

test('any bytes, and any change of a good archive, are read or refused', () => {
  const base = Buffer.from(writeZip(files));
  const changes = fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        changes.map((list) => {
          const changed = Buffer.from(base);
          for (const [at, byte] of list) changed[at] = byte;
          return changed;
        }),
      ),
      (bytes) => {
        try {
          let total = 0;
          for (const content of readZip(bytes, any).values()) total += content.length;
          assert.ok(total <= ZIP_LIMITS.maxTotalBytes);
        } catch (error) {
          assert.ok(error instanceof ZipError, String(error));
        }
      },
    ),
    { numRuns: 5000 },
  );
});
