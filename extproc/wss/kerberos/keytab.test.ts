import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeytabError, readKeytab } from './keytab.ts';
import { formatPrincipal, isSamePrincipal, parsePrincipal } from './principal.ts';

const counted = (text: string): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
};

function entry(key: Buffer, shortVersion: number, longVersion?: number): Buffer {
  const content = Buffer.concat([
    Buffer.from([0, 2]),
    ...['EXAMPLE.COM', 'HTTP', 'gw'].map(counted),
    Buffer.from([0, 0, 0, 1, 1, 2, 3, 4, shortVersion, 0, 18, 0, key.length]),
    key,
    ...(longVersion === undefined ? [] : [Buffer.from([0, 0, longVersion >> 8, longVersion & 0xff])]),
  ]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length);
  return Buffer.concat([length, content]);
}

const FORMAT = Buffer.from([5, 2]);
const HOLE = Buffer.from([0xff, 0xff, 0xff, 0xfd, 1, 2, 3]);
const KEYTAB = Buffer.concat([FORMAT, entry(Buffer.alloc(32, 1), 2), HOLE, entry(Buffer.alloc(32, 2), 1, 257)]);

test('a keytab gives its keys, and not what was removed from it', () => {
  const entries = readKeytab(KEYTAB);
  assert.deepEqual(
    entries.map(({ principal, ...rest }) => ({ name: formatPrincipal(principal), ...rest })),
    [
      { name: 'HTTP/gw@EXAMPLE.COM', version: 2, encryptionType: 18, key: Buffer.alloc(32, 1) },
      { name: 'HTTP/gw@EXAMPLE.COM', version: 257, encryptionType: 18, key: Buffer.alloc(32, 2) },
    ],
  );
  assert.equal(readKeytab(Buffer.concat([KEYTAB, Buffer.alloc(20)])).length, 2, 'an unused end');
  assert.deepEqual(readKeytab(FORMAT), []);
});

test('what is no keytab is refused, and nothing of it is repeated', () => {
  for (const octets of [Buffer.alloc(0), Buffer.from([5, 1]), Buffer.from('-----BEGIN'), KEYTAB.subarray(0, 50)]) {
    assert.throws(() => readKeytab(octets), KeytabError);
  }
  const many = Buffer.concat([FORMAT, ...Array.from({ length: 1001 }, () => entry(Buffer.alloc(16), 1))]);
  assert.throws(() => readKeytab(many), /more than 1000 keys/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      try {
        readKeytab(Buffer.concat([FORMAT, Buffer.from(octets)]));
      } catch (error) {
        assert.ok(error instanceof KeytabError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test('principals are read as they are written', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
      fc.string({ minLength: 1 }),
      (components, realm) => {
        const found = parsePrincipal(formatPrincipal({ components, realm }));
        assert.ok(found && isSamePrincipal(found, { components, realm }));
      },
    ),
  );
  for (const text of ['', 'alice', '@REALM', 'alice@', 'a//b@R', 'a@b@c', 'a@b/c', '/@R', 'alice@R\\']) {
    assert.equal(parsePrincipal(text), undefined, text);
  }
});
