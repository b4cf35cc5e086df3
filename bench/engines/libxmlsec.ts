/** libxmlsec (C), called from Python in a virtual environment in the cache folder. */

import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { BenchKeys } from '../keys.ts';
import { residentMb } from '../measure.ts';
import type { Engine, Operation, Run, Sample } from '../operation.ts';
import { nestEncryptedKey } from './xml-crypto.ts';

const REQUIREMENT = 'xmlsec==1.3.17';

interface Reply extends Omit<Sample, 'rssMb'> {
  readonly error?: string;
  readonly version?: string;
}

export class Libxmlsec implements Engine {
  readonly name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;
  readonly #directory = mkdtempSync(join(tmpdir(), 'waxseal-bench-'));

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>, lines: Interface, version: string) {
    this.name = `libxmlsec-${version}`;
    this.#child = child;
    this.#interface = lines;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  static async start(keys: BenchKeys): Promise<Libxmlsec> {
    const script = join(import.meta.dirname, 'libxmlsec.py');
    const child = spawn(python(), [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout);
    child.stdin.write(`${JSON.stringify(keys)}\n`);
    const hello = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      child.once('exit', () => reject(new Error('libxmlsec did not start')));
    });
    return new Libxmlsec(child, lines, (JSON.parse(hello) as Reply).version ?? '');
  }

  supports(operation: Operation): boolean {
    return !operation.startsWith('ts+ut');
  }

  async run(run: Run): Promise<Sample> {
    const file = join(this.#directory, 'message.xml');
    writeFileSync(file, run.operation.startsWith('decrypt') ? nestEncryptedKey(run.message) : run.message);
    const { operation, milliseconds, atLeast } = run;
    this.#child.stdin.write(`${JSON.stringify({ operation, milliseconds, atLeast, file })}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error('libxmlsec ended');
    const { error, ...sample } = JSON.parse(line.value) as Reply;
    if (error !== undefined) throw new Error(`libxmlsec: ${error}`);
    return { ...sample, rssMb: residentMb(this.#child.pid ?? 0) };
  }

  close(): void {
    this.#interface.close();
    this.#child.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** The interpreter of a virtual environment that has xmlsec; made if need be. */
function python(): string {
  const cache =
    process.env['WAXSEAL_CACHE'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'waxseal');
  const directory = join(cache, `python-${REQUIREMENT.replace('==', '-')}`);
  const interpreter = join(directory, 'bin/python');
  if (!existsSync(join(directory, 'complete'))) {
    console.error(`installing ${REQUIREMENT} from PyPI`);
    mkdirSync(cache, { recursive: true });
    execFileSync('python3', ['-m', 'venv', '--clear', directory], { stdio: 'inherit' });
    execFileSync(interpreter, ['-m', 'pip', 'install', '--quiet', REQUIREMENT], { stdio: ['ignore', 2, 2] });
    writeFileSync(join(directory, 'complete'), '');
  }
  return interpreter;
}
