/** Engines written in JavaScript, each in a process of its own. */

import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { BenchKeys } from '../keys.ts';
import type { Request } from '../node-engine.ts';
import type { Engine, Operation, Run, Sample } from '../operation.ts';
import { nestEncryptedKey, supported } from './xml-crypto.ts';

interface Reply {
  readonly value?: unknown;
  readonly error?: string;
}

export class NodeEngine implements Engine {
  readonly name: string;
  readonly #child: ChildProcess;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
  }

  static async start(name: 'waxseal' | 'xml-crypto' | 'bare', keys: BenchKeys): Promise<NodeEngine> {
    const execArgv = [...process.execArgv, '--disable-warning=ExperimentalWarning'];
    const child = fork(join(import.meta.dirname, '../node-engine.ts'), { serialization: 'advanced', execArgv });
    const engine = new NodeEngine(name, child);
    await engine.#ask({ kind: 'start', engine: name, keys });
    return engine;
  }

  supports(operation: Operation): boolean {
    return this.name !== 'xml-crypto' || supported.includes(operation);
  }

  async run(run: Run): Promise<Sample> {
    const nested = this.name === 'xml-crypto' && run.operation === 'decrypt';
    return (await this.#ask({
      kind: 'run',
      run: nested ? { ...run, message: nestEncryptedKey(run.message) } : run,
    })) as Sample;
  }

  /** The result of one operation. */
  async once(operation: Operation, message: Buffer): Promise<Buffer> {
    return Buffer.from((await this.#ask({ kind: 'once', operation, message })) as Uint8Array);
  }

  /** MB that one operation on a message in a file takes at its peak, beyond what the process holds when idle. */
  async peak(operation: Operation, small: Buffer, file: string): Promise<number> {
    return (await this.#ask({ kind: 'peak', operation, small, file })) as number;
  }

  close(): void {
    this.#child.disconnect();
  }

  #ask(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const exited = (code: number | null) => reject(new Error(`the process of ${this.name} ended with code ${code}`));
      this.#child.once('exit', exited);
      this.#child.once('message', (reply: Reply) => {
        this.#child.off('exit', exited);
        if (reply.error === undefined) resolve(reply.value);
        else reject(new Error(`${this.name}: ${reply.error}`));
      });
      this.#child.send(request);
    });
  }
}
