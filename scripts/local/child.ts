/** Child processes of the demo and of the tests: with their log, and never left behind. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LOG_BYTES = 1 << 20;
const running = new Set<Child>();
process.on('exit', () => {
  for (const child of running) child.process.kill('SIGKILL');
});

export class Child {
  readonly name: string;
  readonly process: ChildProcess;
  /** Settles when the process is gone, with what ended it: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
  /** What it wrote to stdout and stderr; of a very long log the end. */
  log = '';
  exited = false;

  constructor(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.name = name;
    // A process group of its own: Ctrl-C reaches only us, and we stop the children in order.
    this.process = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(this);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
        if (this.log.length > 2 * LOG_BYTES) this.log = this.log.slice(-LOG_BYTES);
      });
    }
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.exited = true;
        running.delete(this);
        resolve(how);
      };
      this.process.once('error', (error) => end(error.message));
      this.process.once('close', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
    });
  }

  /** Waits until `ready` holds; fails with the log when the process ends first or `ms` milliseconds have passed. */
  async until(ready: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
    const deadline = Date.now() + ms;
    while (!(await ready())) {
      if (this.exited) throw new Error(`${this.name} ended (${await this.ended}). Its log:\n${this.log}`);
      if (Date.now() > deadline) throw new Error(`${this.name} was not ready after ${ms} ms. Its log:\n${this.log}`);
      await sleep(20);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Asks the process to stop, and after `ms` milliseconds no longer asks. */
  async stop(ms = 5000): Promise<void> {
    if (this.exited) return;
    this.signal('SIGTERM');
    const late = setTimeout(() => this.signal('SIGKILL'), ms);
    await this.ended;
    clearTimeout(late);
  }
}

/** Whether something accepts TCP connections there. */
export async function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
