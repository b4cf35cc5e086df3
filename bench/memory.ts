/** Peak memory of one large message, in a fresh process for each operation. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeEngine } from './engines/node.ts';
import type { BenchKeys } from './keys.ts';
import { makeMessage } from './messages.ts';
import { startsFrom, type Operation } from './operation.ts';
import { markdown } from './report.ts';

const OPERATIONS: readonly Operation[] = ['sign', 'verify', 'encrypt', 'decrypt', 'sign+encrypt', 'decrypt+verify'];
/** MB that one 10 MB message may take beyond the idle process. */
const TARGET = 120;

export async function measureMemory(keys: BenchKeys, print: (line: string) => void, json: boolean): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'waxseal-bench-'));
  const rows: string[][] = [];
  try {
    for (const operation of OPERATIONS) {
      const peak = await peakOf(operation, keys, join(directory, 'message.xml'));
      if (json) print(JSON.stringify({ op: operation, engine: 'waxseal', size: '10m', peak_mb: Math.round(peak) }));
      else rows.push([operation, peak.toFixed(0), peak < TARGET ? 'met' : 'MISSED']);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  if (!json) print(`\n${markdown(['op', 'MB above idle for one 10 MB message', `under ${TARGET}`], rows)}`);
}

async function peakOf(operation: Operation, keys: BenchKeys, file: string): Promise<number> {
  const [engine, maker] = [await NodeEngine.start('waxseal', keys), await NodeEngine.start('waxseal', keys)];
  try {
    const before = startsFrom[operation];
    const input = async (size: string) => {
      const { bytes } = makeMessage(size);
      return before === undefined ? bytes : maker.once(before, bytes);
    };
    writeFileSync(file, await input('10m'));
    return await engine.peak(operation, await input('10k'), file);
  } finally {
    engine.close();
    maker.close();
  }
}
