import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../scripts/local/until.ts';
import { audit, logFiles, logFolder, openLog, problemsOf, verdict } from '../../test/support/decision-logs.ts';

const types = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      try {
        return [(JSON.parse(line) as { type: unknown }).type];
      } catch {
        return ['?'];
      }
    });

test('a decision is a line that says who, what and when, and no more', async (t) => {
  const folder = logFolder(t);
  const { log } = await openLog(folder, { now: () => Date.UTC(2026, 0, 31) });
  log.record({ ...verdict('id-1'), failure: { kind: 'Refused', code: 'ERR_X', reason: 'a reason of the message' } });
  log.record({ ...verdict('id-2'), outcome: 'passed' });
  await log.close();
  const [file = ''] = logFiles(folder);
  assert.deepEqual(types(file), ['segment', 'checkpoint', 'decision', 'checkpoint']);
  const line = JSON.parse(readFileSync(file, 'utf8').split('\n')[2] ?? '') as Record<string, unknown>;
  delete line['prev'];
  delete line['hash'];
  assert.deepEqual(line, {
    ...{ seq: 3, type: 'decision', time: '2026-01-31T00:00:00.000Z', id: 'id-1', policy: 'shop/orders' },
    ...{ generation: 3, version: 'v', phase: 'request', outcome: 'forwarded', code: 'ERR_X' },
    received: { bytes: 10, sha256: 'aa' },
    sent: { bytes: 20, sha256: 'bb' },
  });
});

test('another process goes on with the chain', async (t) => {
  const folder = logFolder(t);
  for (let n = 0; n < 3; n++) {
    const { log } = await openLog(folder);
    log.record(verdict(String(n)));
    await log.close();
  }
  const [file = '', ...others] = logFiles(folder);
  assert.deepEqual(others, []);
  assert.equal(types(file).filter((type) => type === 'resume').length, 2);
  assert.deepEqual(await problemsOf([file]), []);
});

test('a torn last line is closed, and the chain goes on', async (t) => {
  for (const cut of [1, 2, 30, 200]) {
    const folder = logFolder(t);
    const first = await openLog(folder);
    first.log.record(verdict('first'));
    await first.log.close();
    const [file = ''] = logFiles(folder);
    truncateSync(file, readFileSync(file).length - cut);
    const second = await openLog(folder);
    second.log.record(verdict('second'));
    await second.log.close();
    const [report] = await audit([file]);
    assert.deepEqual(report?.problems, [], `cut ${cut}`);
    assert.equal(report.decisions, 2);
    assert.equal(types(file).includes('?'), cut > 1);
  }
});

test('a file whose writer got no further than its name is begun again', async (t) => {
  const folder = logFolder(t);
  writeFileSync(path.join(folder, 'one.000001.jsonl'), '{"seq":1,"pre');
  const { log } = await openLog(folder);
  log.record(verdict('x'));
  await log.close();
  assert.deepEqual(await problemsOf(logFiles(folder)), []);
});

test('a file that was altered is left as it is, and the chain begins anew', async (t) => {
  const folder = logFolder(t);
  const first = await openLog(folder);
  first.log.record(verdict('first'));
  await first.log.close();
  const [file = ''] = logFiles(folder);
  const altered = readFileSync(file, 'utf8').replace('forwarded', 'refused__');
  writeFileSync(file, altered);
  const second = await openLog(folder);
  assert.equal(second.warnings.length, 1);
  await second.log.close();
  assert.equal(readFileSync(file, 'utf8'), altered);
  assert.deepEqual(await problemsOf(logFiles(folder)), ['3:altered', '1:abandoned']);
});

test('a file that is removed or written to by others is left for a new one', async (t) => {
  const folder = logFolder(t);
  const { log, warnings } = await openLog(folder, { checkpointInterval: 0 });
  rmSync(path.join(folder, 'one.000001.jsonl'));
  log.record(verdict('a'));
  await until('a new file', () => logFiles(folder).length === 1);
  appendFileSync(path.join(folder, 'one.000002.jsonl'), 'x'.repeat(5000));
  log.record(verdict('b'));
  await until('another file', () => logFiles(folder).length === 2);
  await log.close();
  assert.equal(warnings.length, 2);
});

test('two processes of a host do not write one chain', async (t) => {
  const folder = logFolder(t);
  const { log } = await openLog(folder);
  await assert.rejects(openLog(folder), /another process writes the chain one/);
  const other = await openLog(folder, { chain: 'two' });
  await other.log.close();
  await log.close();
  assert.deepEqual(await problemsOf(logFiles(folder)), []);
});

/** A file system of so many KiB. */
function smallDisk(t: TestContext, kib: number): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'waxseal-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    t.skip('needs the right to mount');
    return undefined;
  }
  t.after(() => {
    execFileSync('umount', [folder]);
    rmdirSync(folder);
  });
  return folder;
}

test('Refuse: while the disk is full no message is taken, and nothing is lost', async (t) => {
  const folder = smallDisk(t, 256);
  if (folder === undefined) return;
  writeFileSync(path.join(folder, 'ballast'), Buffer.alloc(200 * 1024));
  const told: (string | undefined)[] = [];
  const { log } = await openLog(folder, { onChange: (failure) => told.push(failure?.message) });
  let taken = 0;
  for (let n = 0; n < 1000 && log.refusing === undefined; n++) {
    log.admit();
    log.record(verdict(String(n)));
    taken++;
    if (n % 20 === 0) await sleep(25);
  }
  assert.match(log.refusing?.message ?? '', /ENOSPC/);
  assert.throws(() => log.admit(), { code: 'ERR_DECISION_LOG_UNAVAILABLE', kind: 'Unavailable' });
  rmSync(path.join(folder, 'ballast'));
  await until('room', () => log.refusing === undefined);
  log.admit();
  log.record(verdict('after'));
  await log.close();
  assert.equal(told.length, 2);
  const [report] = await audit(logFiles(folder));
  assert.deepEqual(report?.problems, []);
  assert.equal(report.decisions, taken + 1);
  assert.equal(report.lost, 0);
});

test('Continue: what does not fit into memory is counted, and a line tells of it', async (t) => {
  const folder = smallDisk(t, 256);
  if (folder === undefined) return;
  writeFileSync(path.join(folder, 'ballast'), Buffer.alloc(200 * 1024));
  const { log, registry } = await openLog(folder, { onFailure: 'Continue', maxQueued: 50 });
  for (let n = 0; n < 1000; n++) {
    log.admit();
    log.record(verdict(String(n)));
    if (n % 20 === 0) await sleep(25);
  }
  const value = async (name: string) =>
    (await registry.getSingleMetric(`waxseal_decision_log_${name}`)?.get())?.values[0]?.value;
  assert.equal(await value('failing'), 1);
  const lost = (await value('lost_total')) ?? 0;
  assert.ok(lost > 100, String(lost));
  rmSync(path.join(folder, 'ballast'));
  await until('room', async () => (await value('failing')) === 0);
  await log.close();
  const [report] = await audit(logFiles(folder));
  assert.deepEqual(report?.problems, []);
  assert.equal(report.lost, lost);
  assert.equal(report.decisions + lost, 1000);
});

test('a folder that cannot be written refuses from the start', async () => {
  const { log } = await openLog('/dev/null/decisions');
  assert.throws(() => log.admit(), { code: 'ERR_DECISION_LOG_UNAVAILABLE' });
  await log.close();
});
