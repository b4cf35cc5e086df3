import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter } from './watch-stream.ts';

void test('lines are the same in whatever pieces they arrive', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ''))),
      fc.array(fc.nat(40)),
      (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const seen: string[] = [];
        const splitter = new LineSplitter();
        let start = 0;
        for (const cut of [...cuts, bytes.length]) {
          const end = Math.min(bytes.length, start + cut);
          splitter.push(bytes.subarray(start, end), (line) => seen.push(line));
          start = end;
        }
        assert.deepEqual(
          seen,
          lines.map((line) => Buffer.from(line).toString()).filter((line) => line !== ''),
        );
      },
    ),
  );
});

void test('a line without end is refused before it fills the memory', () => {
  const splitter = new LineSplitter();
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  assert.throws(() => {
    for (let megabytes = 0; megabytes < 20; megabytes++) splitter.push(chunk, () => undefined);
  }, /longer than 16777216 bytes/);
});
