import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SpliceEditor } from '../xml/splice.ts';
import { anyCovers, covers, mapRange, replacedRange, type Replacement } from './byte-ranges.ts';

const replacement = (start: number, end: number, length: number, source = { start, end }): Replacement => ({
  start,
  end,
  length,
  source,
});

test('shifts what lies behind, stretches what lies around, leaves what lies before', () => {
  const edits = [replacement(10, 20, 3), replacement(30, 35, 50)];
  assert.deepEqual(mapRange({ start: 0, end: 10 }, edits), { start: 0, end: 10 });
  assert.deepEqual(mapRange({ start: 20, end: 30 }, edits), { start: 13, end: 23 });
  assert.deepEqual(mapRange({ start: 35, end: 40 }, edits), { start: 73, end: 78 });
  assert.deepEqual(mapRange({ start: 5, end: 25 }, edits), { start: 5, end: 18 });
  assert.deepEqual(mapRange({ start: 0, end: 100 }, edits), { start: 0, end: 138 });
  assert.deepEqual(
    [replacedRange(edits, 0), replacedRange(edits, 1)],
    [
      { start: 10, end: 13 },
      { start: 23, end: 73 },
    ],
  );
});

test('what was replaced whole becomes what stands there; a part of it is gone', () => {
  const edits = [replacement(0, 5, 1), replacement(10, 30, 4, { start: 15, end: 25 })];
  assert.deepEqual(mapRange({ start: 10, end: 30 }, edits), { start: 6, end: 10 });
  // The EncryptedData inside of the EncryptedHeader that is replaced.
  assert.deepEqual(mapRange({ start: 15, end: 25 }, edits), { start: 6, end: 10 });
  assert.equal(mapRange({ start: 16, end: 24 }, edits), undefined);
  assert.equal(mapRange({ start: 11, end: 14 }, edits), undefined);
});

test('an empty plaintext leaves an empty range that its neighbours do not swallow', () => {
  const edits = [replacement(10, 20, 0)];
  assert.deepEqual(mapRange({ start: 10, end: 20 }, edits), { start: 10, end: 10 });
  assert.deepEqual(mapRange({ start: 20, end: 25 }, edits), { start: 10, end: 15 });
  assert.deepEqual(mapRange({ start: 5, end: 10 }, edits), { start: 5, end: 10 });
});

test('a mapped range holds the same text as before, but for what was replaced', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(60), { minLength: 2, maxLength: 12 }),
      fc.tuple(fc.nat(60), fc.nat(60)),
      fc.array(fc.string({ unit: fc.constantFrom('x', 'y'), maxLength: 5 }), { minLength: 6, maxLength: 6 }),
      (bounds, ends, contents) => {
        const text = Buffer.from(Array.from({ length: 61 }, (_, at) => 0x41 + (at % 26)));
        const sorted = bounds.sort((a, b) => a - b);
        const edits: Replacement[] = [];
        for (let at = 0; at + 1 < sorted.length; at += 2) {
          edits.push(replacement(sorted[at], sorted[at + 1], contents[at / 2].length));
        }
        const editor = new SpliceEditor(text);
        edits.forEach((edit, position) => editor.replace(edit.start, edit.end, contents[position]));
        const after = editor.toBuffer();
        edits.forEach((_, position) => {
          const { start, end } = replacedRange(edits, position);
          assert.equal(after.toString('latin1', start, end), contents[position]);
        });
        const range = { start: Math.min(...ends), end: Math.max(...ends) };
        const crosses = edits.some(
          (edit) => !covers(range, edit) && edit.start < range.end && range.start < edit.end && !covers(edit, range),
        );
        fc.pre(!crosses);
        const mapped = mapRange(range, edits);
        if (mapped === undefined) return assert.ok(anyCovers(edits, range));
        if (anyCovers(edits, range)) return;
        const inner = new SpliceEditor(text.subarray(range.start, range.end));
        edits.forEach((edit, position) => {
          if (covers(range, edit)) inner.replace(edit.start - range.start, edit.end - range.start, contents[position]);
        });
        assert.equal(after.toString('latin1', mapped.start, mapped.end), inner.toBuffer().toString('latin1'));
      },
    ),
  );
});
