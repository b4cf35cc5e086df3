/** Writes decisions until it is killed. Arguments: folder. Prints the number of those that are on the disk. */

import { setImmediate } from 'node:timers/promises';
import { openLog, verdict } from '../support/decision-logs.ts';
import { LOG_KEY } from '../support/decision-logs.ts';
import { readCheckpointKey } from '../../extproc/decisions/checkpoint-key.ts';

const [, , folder = '', key = LOG_KEY] = process.argv;
const { log } = await openLog(folder, { key: readCheckpointKey(key), maxSegmentBytes: 300_000 });
for (let n = 0; ; n++) {
  log.record(verdict(`${process.pid}-${n}`));
  if (n % 50 === 0) await setImmediate();
}
