/** Subcommands of `waxseal`, run in this process: starting one of its own takes longer than most of them do. */

import { mock } from 'node:test';
import type { Command } from 'commander';
import { UsageError } from '../../cli/usage-error.ts';

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Not for two at a time: they share the console. */
export async function runCommand(command: Command, args: readonly string[]): Promise<CommandResult> {
  const out: string[] = [];
  const err: string[] = [];
  const log = mock.method(console, 'log', (text: string) => void out.push(text));
  const error = mock.method(console, 'error', (text: string) => void err.push(text));
  let code = 0;
  try {
    await command.parseAsync(args, { from: 'user' });
    code = Number(process.exitCode ?? 0);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    err.push(thrown.message);
    code = 2;
  } finally {
    process.exitCode = undefined;
    log.mock.restore();
    error.mock.restore();
  }
  return { code, out: out.join('\n'), err: err.join('\n') };
}
