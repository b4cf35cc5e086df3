/** A process that is killed while it writes its decision log, again and again. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../scripts/local/until.ts';
import { audit, LOG_KEY, logFiles, logFolder, openLog } from '../support/decision-logs.ts';

const PROGRAM = new URL('write-without-end.ts', import.meta.url).pathname;

test('kill -9 in the middle of a write: the chain goes on and is whole', { timeout: 120_000 }, async (t) => {
  const folder = logFolder(t);
  const written = () => logFiles(folder).reduce((sum, file) => sum + statSync(file).size, 0);
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, [PROGRAM, folder, LOG_KEY], { stdio: 'inherit' });
    const before = written();
    await until('lines', () => written() > before + 20_000);
    await sleep(Math.random() * 200);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  const { log, warnings } = await openLog(folder);
  await log.close();
  assert.deepEqual(warnings, []);
  const reports = await audit(logFiles(folder));
  assert.deepEqual(
    reports.flatMap(({ problems }) => problems),
    [],
  );
  assert.ok(reports.reduce((sum, { decisions }) => sum + decisions, 0) > 1000);
});
