/** Commands that run to their end. */

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/**
 * Runs a command and gives what it wrote to stdout.
 *
 * @param input written to its stdin
 * @throws Error with what it wrote to stderr, when it exits with anything but 0
 */
export async function execute(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...options.env } });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  // A command that does not read its input may be gone before all is written.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [status, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} failed (${status}):\n${stderr}`);
  return stdout;
}
