import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OverlappingEditError, SpliceEditor } from './splice.ts';

const editor = (text: string) => new SpliceEditor(Buffer.from(text));

test('inserts, replaces and removes by the offsets of the original', () => {
  const e = editor('0123456789');
  e.insert(0, 'start');
  e.replace(2, 4, Buffer.from('XYZ'));
  e.remove(6, 7);
  e.insert(10, 'end');
  assert.equal(e.toBuffer().toString(), 'start01XYZ45789end');
});

test('without edits the original itself comes out', () => {
  const bytes = Buffer.from('abc');
  assert.equal(new SpliceEditor(bytes).toBuffer(), bytes);
});

test('insertions at one offset keep their order, and come before a replacement there', () => {
  const e = editor('abc');
  e.replace(1, 2, 'B');
  e.insert(1, '1');
  e.insert(1, '2');
  e.insert(2, '3');
  assert.equal(e.toBuffer().toString(), 'a12B3c');
});

test('edits that overlap are refused', () => {
  const e = editor('0123456789');
  e.replace(2, 5, 'x');
  for (const [start, end] of [
    [1, 3],
    [4, 6],
    [3, 4],
    [3, 3],
  ] as const) {
    assert.throws(() => {
      e.replace(start, end, 'y');
    }, OverlappingEditError);
  }
  assert.throws(() => {
    e.insert(3, 'y');
  }, OverlappingEditError);
  e.insert(2, 'a');
  e.insert(5, 'b');
  assert.equal(e.toBuffer().toString(), '01axb56789');
});

test('a replacement swallows the edits that it encloses', () => {
  const e = editor('0123456789');
  e.insert(2, 'before');
  e.insert(4, 'gone');
  e.remove(5, 6);
  e.insert(8, 'after');
  e.replace(2, 8, '-');
  assert.equal(e.toBuffer().toString(), '01before-after89');
  e.replace(2, 8, '+');
  assert.equal(e.toBuffer().toString(), '01before+after89');
});

test('a slice has the edits inside applied, insertions at its ends left out', () => {
  const e = editor('0123456789');
  e.insert(2, 'L');
  e.insert(4, 'M');
  e.replace(5, 6, 'five');
  e.insert(8, 'R');
  assert.equal(e.slice(2, 8).toString(), '23M4five67');
  assert.equal(e.slice(0, 2).toString(), '01');
  e.replace(8, 10, '');
  assert.throws(() => e.slice(4, 9), OverlappingEditError);
});

test('ranges outside the document are refused', () => {
  const e = editor('abc');
  for (const [start, end] of [
    [-1, 1],
    [2, 1],
    [0, 4],
    [NaN, 1],
  ]) {
    assert.throws(() => {
      e.replace(start, end, '');
    }, RangeError);
    assert.throws(() => e.slice(start, end), RangeError);
  }
});

test('outside the edits the output is the input', () => {
  const edits = fc.array(fc.record({ gap: fc.nat(5), length: fc.nat(4), content: fc.string({ maxLength: 5 }) }));
  fc.assert(
    fc.property(edits, fc.nat(6), fc.infiniteStream(fc.nat()), (list, tail, order) => {
      let expected = '';
      let original = '';
      const todo: { start: number; end: number; content: string; place: number }[] = [];
      for (const { gap, length, content } of list) {
        // At least one byte apart, so that the order of the edits makes no difference.
        const kept = Buffer.from(original + 'k'.repeat(gap + 1));
        original = kept.toString() + 'r'.repeat(length);
        todo.push({ start: kept.length, end: kept.length + length, content, place: order.next().value as number });
        expected += 'k'.repeat(gap + 1) + content;
      }
      original += 'k'.repeat(tail);
      expected += 'k'.repeat(tail);
      const bytes = Buffer.from(original);
      const e = new SpliceEditor(bytes);
      for (const { start, end, content } of todo.sort((a, b) => a.place - b.place)) e.replace(start, end, content);
      assert.equal(e.toBuffer().toString(), expected);
      assert.equal(bytes.toString(), original);
    }),
  );
});

test('any edits, in any order, do what a naive editor does', () => {
  const edit = fc.record({ start: fc.nat(12), length: fc.nat(5), content: fc.string({ minLength: 1, maxLength: 2 }) });
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 12 }), (list) => {
      const original = 'abcdefghijklmnopq';
      const e = editor(original);
      let model: { start: number; end: number; content: string; order: number }[] = [];
      for (const [order, { start, length, content }] of list.entries()) {
        const end = start + length;
        const inside = (m: { start: number; end: number }) =>
          m.start === m.end ? m.start > start && m.end < end : m.start >= start && m.end <= end;
        const kept = model.filter((m) => start === end || !inside(m));
        if (kept.some((m) => m.start < end && start < m.end)) {
          assert.throws(() => {
            e.replace(start, end, content);
          }, OverlappingEditError);
          continue;
        }
        e.replace(start, end, content);
        model = [...kept, { start, end, content, order }];
      }
      let expected = '';
      let from = 0;
      for (const m of model.sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order)) {
        expected += original.slice(from, m.start) + m.content;
        from = m.end;
      }
      assert.equal(e.toBuffer().toString(), expected + original.slice(from));
    }),
    { numRuns: 2000 },
  );
});
