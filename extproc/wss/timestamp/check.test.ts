import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scan } from '../../xml/scan.ts';
import { WSU } from '../namespaces.ts';
import { checkTimestamp } from './check.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const settings = { required: true, maxAge: 300_000, clockSkew: 60_000, maxLifetime: 3_600_000 };
const at = (offset: number): string => new Date(NOW + offset).toISOString();
const check = (content: string, changes: Partial<typeof settings> = {}) =>
  checkTimestamp(scan(Buffer.from(`<S xmlns:u="${WSU}">${content}</S>`)), 0, { ...settings, ...changes }, NOW);
const stamp = (created: string, expires?: string): string =>
  `<u:Timestamp><u:Created>${created}</u:Created>${expires === undefined ? '' : `<u:Expires>${expires}</u:Expires>`}</u:Timestamp>`;
const code = (content: string, changes: Partial<typeof settings> = {}): string => {
  try {
    check(content, changes);
    return 'accepted';
  } catch (error) {
    return error instanceof Error ? error.name : 'not an error';
  }
};

test('accepts what is valid, and says until when', () => {
  assert.deepEqual(check(stamp(at(-1000), at(60_000))), {
    createdText: at(-1000),
    created: NOW - 1000,
    expires: NOW + 60_000,
    acceptedUntil: NOW + 120_000,
  });
  assert.equal(check(stamp(at(-1000)))?.acceptedUntil, NOW - 1000 + 360_000);
  assert.equal(check(stamp('2026-01-02T03:04:05Z'))?.created, NOW);
});

test('a Timestamp may be missing only where none is required', () => {
  assert.equal(code(''), 'TimestampMissingError');
  assert.equal(check('', { required: false }), undefined);
  assert.equal(code('<u:Timestamp/>', { required: false }), 'InvalidStructureError');
  assert.equal(code(`<x>${stamp(at(0))}</x>`), 'TimestampMissingError');
});

test('limits are exact to the millisecond', () => {
  assert.equal(code(stamp(at(60_000), at(120_000))), 'accepted');
  assert.equal(code(stamp(at(60_001), at(120_000))), 'TimestampInFutureError');
  assert.equal(code(stamp(at(-360_000))), 'accepted');
  assert.equal(code(stamp(at(-360_001))), 'TimestampExpiredError');
  assert.equal(code(stamp(at(-100_000), at(-59_999))), 'accepted');
  assert.equal(code(stamp(at(-100_000), at(-60_000))), 'TimestampExpiredError');
  assert.equal(code(stamp(at(0), at(3_600_000))), 'accepted');
  assert.equal(code(stamp(at(0), at(3_600_001))), 'TimestampLifetimeError');
});

test('a Timestamp that says two things, or nothing we understand, is refused', () => {
  assert.equal(code(stamp(at(0)).repeat(2)), 'InvalidStructureError');
  assert.equal(
    code(stamp(at(0)).replace('</u:Timestamp>', `<u:Created>${at(0)}</u:Created></u:Timestamp>`)),
    'InvalidStructureError',
  );
  assert.equal(code(`<u:Timestamp><u:Expires>${at(1000)}</u:Expires></u:Timestamp>`), 'InvalidStructureError');
  assert.equal(code(stamp(at(0), at(-1))), 'InvalidStructureError');
  assert.equal(code(stamp(at(0).replace('Z', ''))), 'InvalidStructureError');
  assert.equal(code(stamp(at(0).replace('Z', '<!---->Z'))), 'InvalidStructureError');
  assert.equal(code(stamp('soon')), 'InvalidStructureError');
});
