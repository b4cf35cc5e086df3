import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDateTime } from './date-time.ts';

test('reads what Date writes', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
      (date) => {
        assert.equal(parseDateTime(date.toISOString()), date.getTime());
        assert.equal(parseDateTime(date.toISOString().replace(/\.\d+/, '')), Math.floor(date.getTime() / 1000) * 1000);
      },
    ),
  );
});

test('reads fractions of one to nine digits to the millisecond', () => {
  const second = Date.UTC(2026, 0, 2, 3, 4, 5);
  assert.equal(parseDateTime('2026-01-02T03:04:05.1Z'), second + 100);
  assert.equal(parseDateTime('2026-01-02T03:04:05.0129999Z'), second + 12);
  assert.equal(parseDateTime(' \n2026-01-02T03:04:05.123456789Z\t'), second + 123);
});

test('refuses everything else', () => {
  for (const text of [
    '',
    '2026-01-02',
    '2026-01-02T03:04:05',
    '2026-01-02T03:04:05+00:00',
    '2026-01-02T03:04:05.Z',
    '2026-01-02T03:04:05.1234567890Z',
    '2026-01-02T03:04:05z',
    '2026-01-02 03:04:05Z',
    '2026-01-02T24:00:00Z',
    '2026-01-02T23:59:60Z',
    '2026-01-02T03:60:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '0026-01-02T03:04:05Z',
    '-2026-01-02T03:04:05Z',
    '12026-01-02T03:04:05Z',
    '2026-1-2T3:4:5Z',
    '２０２６-01-02T03:04:05Z',
    '2026-01-02T03:04:05Z 2026-01-02T03:04:05Z',
  ]) {
    assert.equal(parseDateTime(text), undefined, text);
  }
  assert.equal(parseDateTime('2028-02-29T00:00:00Z'), Date.UTC(2028, 1, 29));
});
