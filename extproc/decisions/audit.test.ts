import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { audit, logFiles, logFolder, openLog, problemsOf, verdict } from '../../test/support/decision-logs.ts';
import { formatLine, parseLine, type ChainEnd, type LogRecord } from './line.ts';

/** A log of one file: head, checkpoint, as many decisions, checkpoint. */
async function writtenLog(t: TestContext, decisions: number): Promise<{ file: string; lines: string[] }> {
  const folder = logFolder(t);
  const { log } = await openLog(folder);
  for (let n = 1; n <= decisions; n++) log.record(verdict(`message ${n} – „ümläut“`));
  await log.close();
  const [file = ''] = logFiles(folder);
  return { file, lines: readFileSync(file, 'utf8').trimEnd().split('\n') };
}

test('a log that nobody touched is as it was written', async (t) => {
  const { file, lines } = await writtenLog(t, 10);
  const [report] = await audit([file]);
  assert.deepEqual(report?.problems, []);
  assert.deepEqual(report.notes, []);
  assert.equal(report.decisions, 10);
  assert.equal(report.lines, 13);
  assert.equal(report.signedTo, 13);
  assert.equal(lines.length, 13);
});

test('any change of any byte is found', async (t) => {
  const { file } = await writtenLog(t, 8);
  const original = readFileSync(file);
  const edit = fc.record({
    at: fc.nat(original.length - 1),
    remove: fc.constantFrom(0, 1, 1, 3),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(edit, async ({ at, remove, insert }) => {
      const edited = Buffer.concat([original.subarray(0, at), insert, original.subarray(at + remove)]);
      fc.pre(!edited.equals(original));
      writeFileSync(file, edited);
      assert.notDeepEqual(await problemsOf([file]), []);
    }),
    { numRuns: 500 },
  );
});

test('every single byte, turned in one bit, is found', async (t) => {
  const { file } = await writtenLog(t, 1);
  const original = readFileSync(file);
  for (let at = 0; at < original.length; at++) {
    const edited = Buffer.from(original);
    edited[at] = (edited[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(file, edited);
    assert.notDeepEqual(await problemsOf([file]), [], `byte ${at}`);
  }
});

const WRONG: readonly [string, (lines: string[]) => string[], string[]][] = [
  ['altered', (lines) => lines.with(4, lines[4]?.replace('forwarded', 'refused__') ?? ''), ['5:altered']],
  ['removed', (lines) => lines.toSpliced(4, 1), ['5:removed']],
  ['several removed', (lines) => lines.toSpliced(4, 3), ['5:removed']],
  ['repeated', (lines) => lines.toSpliced(5, 0, lines[4] ?? ''), ['6:inserted']],
  ['a stranger inserted', (lines) => lines.toSpliced(5, 0, '{"type":"decision"}'), ['6:altered', '7:inserted']],
  ['swapped', (lines) => lines.with(4, lines[5] ?? '').with(5, lines[4] ?? ''), ['5:removed', '6:inserted']],
  ['the first line removed', (lines) => lines.slice(1), ['1:altered']],
];
for (const [what, change, expected] of WRONG) {
  test(`the very line is named: ${what}`, async (t) => {
    const { file, lines } = await writtenLog(t, 10);
    writeFileSync(file, `${change(lines).join('\n')}\n`);
    assert.deepEqual(await problemsOf([file]), expected);
  });
}

test('who rewrites the chain from a line on cannot sign it', async (t) => {
  const { file, lines } = await writtenLog(t, 10);
  const texts = lines.slice(0, 4);
  let end: ChainEnd = parseLine(texts[3] ?? '')?.end ?? assert.fail();
  for (const text of lines.slice(4)) {
    const line = parseLine(text) ?? assert.fail();
    const { record, signature } = line;
    const mine: Record<string, unknown> = { ...record, ...(record.type === 'decision' && { outcome: 'refused' }) };
    for (const name of ['seq', 'prev', 'hash', 'signature']) Reflect.deleteProperty(mine, name);
    const old = signature?.value.toString('base64');
    const forged = formatLine(end, mine as unknown as LogRecord, old === undefined ? undefined : () => old);
    texts.push(forged.text);
    end = forged.end;
  }
  writeFileSync(file, `${texts.join('\n')}\n`);
  assert.deepEqual(await problemsOf([file]), ['13:forged']);
});

test('what comes after the last checkpoint is said to be unsigned, and a cut line is found', async (t) => {
  const { file, lines } = await writtenLog(t, 10);
  writeFileSync(file, `${lines.slice(0, 7).join('\n')}\n`);
  const [report] = await audit([file]);
  assert.deepEqual(report?.problems, []);
  assert.equal(report.signedTo, 2);
  assert.match(report.notes[0] ?? '', /^lines 3 to 7 come after the last checkpoint/);
  writeFileSync(file, lines.slice(0, 7).join('\n').slice(0, -20));
  assert.deepEqual(await problemsOf([file]), ['7:cut']);
});

test('files of a chain follow one another, and a file that is missing or renamed is noticed', async (t) => {
  const folder = logFolder(t);
  const { log } = await openLog(folder, { maxSegmentBytes: 20_000 });
  for (let n = 1; n <= 300; n++) {
    log.record(verdict(String(n)));
    if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await log.close();
  const files = logFiles(folder);
  assert.ok(files.length >= 4, String(files.length));
  const reports = await audit(files.toReversed());
  assert.deepEqual(
    reports.flatMap(({ problems, notes }) => [...problems, ...notes]),
    [],
  );
  assert.equal(
    reports.reduce((sum, { decisions }) => sum + decisions, 0),
    300,
  );
  assert.deepEqual(await problemsOf(files.toSpliced(1, 1)), ['1:removed']);
  const [tail] = await audit(files.slice(2));
  assert.deepEqual(tail?.problems, []);
  assert.match(tail?.notes[0] ?? '', /were not given/);
  const renamed = path.join(folder, 'one.000099.jsonl');
  renameSync(files[0] ?? '', renamed);
  assert.deepEqual(await problemsOf([renamed]), ['1:altered']);
  rmSync(renamed);
});

test('a checkpoint of a key that is not trusted vouches for nothing', async (t) => {
  const { file } = await writtenLog(t, 1);
  const { auditFiles } = await import('./audit.ts');
  for await (const { problems } of auditFiles([file], new Map())) {
    assert.deepEqual(
      problems.map(({ line, kind }) => `${line}:${kind}`),
      ['2:forged', '4:forged', '4:forged'],
    );
  }
});
