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

/** One thread, kept so that a change of the folder need not wait for its start. */
export class LoadThread {
  #worker: Worker | undefined;

  /** To be called again only when the call before has ended. @throws Error when the thread dies */
  load(paths: readonly string[], now: number): Promise<LoadedBundle> {
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
