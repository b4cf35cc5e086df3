/** `waxseal audit`: decision logs, whether they are as they were written and what they say. */

import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { auditFiles, type FileReport } from '../extproc/decisions/audit.ts';
import { CheckpointKeyError, readTrustedCheckpointKeys } from '../extproc/decisions/checkpoint-key.ts';
import { parseLine } from '../extproc/decisions/line.ts';
import { readLines } from '../extproc/decisions/read-lines.ts';
import { parseCount } from './arguments.ts';
import { UsageError } from './usage-error.ts';

interface VerifyFlags {
  trust: string;
  reaches?: number;
}

interface ShowFlags {
  id?: string;
  policy?: string;
}

const BROKEN = 1;

export function auditCommand(): Command {
  const command = new Command('audit').description('check decision logs, and read them');
  command
    .command('verify')
    .description(
      'whether files of a decision log are as they were written: which lines are altered, missing or inserted',
    )
    .argument('<file...>', 'files of one or several chains, in any order')
    .requiredOption('--trust <file>', 'certificates or public keys of those who sign the checkpoints (PEM)')
    .option(
      '--reaches <number>',
      'the number that a line of the log must have at least, as a metric has told',
      parseCount,
    )
    .addHelpText(
      'after',
      '\nExit status: 0 all is as it was written; 1 it is not; 2 usage error, or a file cannot be read.',
    )
    .action(async (files: string[], flags: VerifyFlags) => {
      process.exitCode = await verifyLogs(files, flags);
    });
  command
    .command('show')
    .description('print decisions, one JSON object a line. Says nothing on whether they are genuine')
    .argument('<file...>', 'files of decision logs')
    .option('--id <id>', 'only those with this correlation id')
    .option('--policy <namespace/name>', 'only those of this policy')
    .action(showLogs);
  return command;
}

async function verifyLogs(files: readonly string[], { trust, reaches }: VerifyFlags): Promise<number> {
  let broken = false;
  let last = 0;
  await readable(async () => {
    const keys = readTrustedCheckpointKeys(await readFile(trust, 'utf8'));
    for await (const report of auditFiles(files, keys, showProgress)) {
      print(report);
      broken ||= report.problems.length > 0;
      last = Math.max(last, report.end?.seq ?? 0);
    }
  });
  if (reaches !== undefined && last < reaches) {
    console.log(`the last line has number ${last}, and one with ${reaches} was written: the end is missing`);
    broken = true;
  }
  console.log(broken ? 'NOT as it was written' : 'as it was written');
  return broken ? BROKEN : 0;
}

function print({ file, lines, decisions, lost, signedTo, end, problems, notes }: FileReport): void {
  const missing = lost > 0 ? `, ${lost} could not be kept` : '';
  console.log(`${file}: ${lines} lines, ${decisions} decisions${missing}, signed to line ${signedTo}`);
  if (end) console.log(`  ends with number ${end.seq}, hash ${end.hash}`);
  for (const { line, kind, message } of problems) console.log(`  ${file}:${line}: ${kind}: ${message}`);
  for (const note of notes) console.log(`  note: ${note}`);
}

/** A log may be long, and a person may be watching. */
function showProgress(file: string, lines: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${file}: ${lines} lines … `);
}

async function showLogs(files: readonly string[], { id, policy }: ShowFlags): Promise<void> {
  await readable(async () => {
    for (const file of files) {
      for await (const { bytes } of readLines(file)) {
        const text = bytes.toString();
        const record = parseLine(text)?.record;
        if (record?.type !== 'decision') continue;
        if (id !== undefined && record['id'] !== id) continue;
        if (policy !== undefined && record['policy'] !== policy) continue;
        console.log(text);
      }
    }
  });
}

/** @throws UsageError for a file that cannot be read */
async function readable(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const expected = error instanceof CheckpointKeyError || (error instanceof Error && 'syscall' in error);
    if (expected) throw new UsageError(error.message);
    throw error;
  }
}
