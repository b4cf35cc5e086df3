import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as writer from '../../test/support/der-writer.ts';
import { bitStringOctets, booleanValue, DerError, DerReader, integerValue, oidText, TAG, timeValue } from './der.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const only = (bytes: Buffer): Buffer => new DerReader(bytes).next().content;

test('values are read one after another, with views of the original bytes', () => {
  const bytes = hex('30 06 02 01 05 04 01 ff');
  const reader = new DerReader(bytes).enter(TAG.sequence);
  assert.equal(integerValue(reader.next(TAG.integer).content), 5n);
  assert.equal(reader.optional(TAG.oid), undefined);
  const last = reader.next();
  assert.equal(last.tag, TAG.octetString);
  assert.equal(last.content.buffer, bytes.buffer);
  assert.ok(reader.atEnd);
  reader.finish();
});

test('what is no DER is refused', () => {
  const wrong = {
    'no length': '30',
    'cut short': '04 03 01 02',
    'indefinite length': '30 80 00 00',
    'length with a leading zero': '04 82 00 80',
    'length that would fit into one octet': '04 81 05 01 02 03 04 05',
    'length of five octets': '04 85 01 00 00 00 00',
    'tag number above 30': '1f 81 00 00',
  };
  for (const [what, bytes] of Object.entries(wrong)) {
    assert.throws(() => new DerReader(hex(bytes)).next(), DerError, what);
  }
  assert.throws(() => new DerReader(hex('02 01 05')).next(TAG.octetString), DerError);
  assert.throws(() => new DerReader(hex('02 01 05')).finish(), DerError);
});

test('integers are signed and bounded', () => {
  assert.equal(integerValue(hex('00 ff')), 255n);
  assert.equal(integerValue(hex('ff')), -1n);
  assert.equal(integerValue(hex('80 00')), -32768n);
  assert.equal(integerValue(hex('7f'.repeat(20))), BigInt(`0x${'7f'.repeat(20)}`));
  assert.throws(() => integerValue(Buffer.alloc(0)), DerError);
  assert.throws(() => integerValue(Buffer.alloc(65, 1)), DerError);
});

test('object identifiers', () => {
  for (const text of [
    '1.2.840.113549.1.9.1',
    '2.5.4.3',
    '0.9.2342.19200300.100.1.25',
    '2.999.1',
    '2.25.329800735698586629295641978511506172918',
  ]) {
    assert.equal(oidText(only(writer.oid(text))), text);
  }
  assert.throws(() => oidText(hex('')), DerError);
  assert.throws(() => oidText(hex('2a 86')), DerError);
  assert.throws(() => oidText(Buffer.alloc(65, 1)), DerError);
});

test('booleans and bit strings', () => {
  assert.equal(booleanValue(hex('ff')), true);
  assert.equal(booleanValue(hex('00')), false);
  assert.throws(() => booleanValue(hex('01')), DerError);
  assert.deepEqual(bitStringOctets(hex('00 a0')), hex('a0'));
  assert.deepEqual(bitStringOctets(hex('05 a0'), true), hex('a0'));
  assert.throws(() => bitStringOctets(hex('05 a0')), DerError);
  assert.throws(() => bitStringOctets(hex('08 a0'), true), DerError);
});

test('times', () => {
  const at = (text: string, tag: number = TAG.utcTime) =>
    timeValue(new DerReader(writer.tlv(tag, Buffer.from(text))).next());
  assert.equal(at('491231235959Z'), Date.UTC(2049, 11, 31, 23, 59, 59));
  assert.equal(at('500101000000Z'), Date.UTC(1950, 0, 1));
  assert.equal(at('20500101000000Z', TAG.generalizedTime), Date.UTC(2050, 0, 1));
  assert.equal(at('00010101000000Z', TAG.generalizedTime), Date.parse('0001-01-01T00:00:00Z'));
  for (const wrong of [
    '4912312359Z',
    '491231235959',
    '491231235959+0100',
    '490231000000Z',
    '491301000000Z',
    '490101240000Z',
    '490101006000Z',
    '490101000060Z',
  ]) {
    assert.throws(() => at(wrong), DerError, wrong);
  }
});

test('any bytes give values or a DerError, and the walk ends', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const reader = new DerReader(Buffer.from(octets));
      try {
        for (let count = 0; !reader.atEnd; count++) {
          assert.ok(count < octets.length);
          const { bytes, content } = reader.next();
          assert.ok(content.length < bytes.length);
        }
      } catch (error) {
        assert.ok(error instanceof DerError);
      }
    }),
    { numRuns: 2000 },
  );
});
