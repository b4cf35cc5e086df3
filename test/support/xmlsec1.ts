/** The command line tool of libxmlsec, an implementation of XML Signature and XML Encryption that shares nothing with ours. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs `xmlsec1`.
 *
 * @param args its arguments; a name of `files` among them stands for that file
 * @param files what the arguments name, by name
 * @returns what it wrote
 * @throws Error with what it complained of when it fails, and how to install it when it is not there
 */
export function xmlsec1(args: readonly string[], files: Readonly<Record<string, Buffer | string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'waxseal-xmlsec1-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content, { mode: 0o600 });
    const { status, stdout, stderr, error } = spawnSync('xmlsec1', args, { cwd: directory, encoding: 'utf8' });
    if (error !== undefined) {
      throw new Error('These tests need xmlsec1: apt-get install xmlsec1, or brew install libxmlsec1', {
        cause: error,
      });
    }
    if (status !== 0) throw new Error(`xmlsec1 ${args.join(' ')} failed:\n${stderr}${stdout}`);
    return stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
