/**
 * Reads manifests in a thread of its own. No message waits while a folder is read, and what reading takes (a YAML parser,
 * a compiled schema, some ten MB of objects) is not in the heap of the service: large messages cause many garbage
 * collections, and each costs what the heap holds.
 */

import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { Bundle } from '../../policy/bundle.ts';
import type { Problem } from '../../policy/problem.ts';

/** What `loadPolicies` finds, without the compiled policies: key objects do not pass between threads. */
export interface LoadedBundle {
  readonly bundle: Bundle;
  readonly problems: readonly Problem[];
}

interface Order {
  readonly paths: readonly string[];
  readonly now: number;
}

/** Milliseconds that the thread is kept after its work: who changes a folder often changes it again. */
const LINGER = 60_000;

/** One thread; it ends when the folder has been quiet, and gives its memory back. */
export class LoadThread {
  #worker: Worker | undefined;
  #end: NodeJS.Timeout | undefined;

  /** To be called again only when the call before has ended. @throws Error when the thread dies */
  load(paths: readonly string[], now: number): Promise<LoadedBundle> {
    clearTimeout(this.#end);
    this.#end = setTimeout(() => void this.close(), LINGER).unref();
    const order: Order = { paths, now };
    const worker = (this.#worker ??= new Worker(new URL(import.meta.url)));
    return new Promise((resolve, reject) => {
      worker.removeAllListeners();
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => {
        this.#worker = undefined;
        reject(new Error('the thread that reads the configuration has ended'));
      });
      worker.postMessage(order);
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#end);
    await this.#worker?.terminate();
  }
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const { loadPolicies } = await import('../pipeline/load-policies.ts');
  port.on('message', ({ paths, now }: Order) => {
    void loadPolicies(paths, now).then(({ bundle, problems }) => port.postMessage({ bundle, problems }));
  });
}
