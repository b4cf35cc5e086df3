/** A worker that does as its jobs' policies are called: for tests of the pool alone. */

import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, threadId } from 'node:worker_threads';
import type { JobResult } from '../engine.ts';
import type { WorkerRequest } from '../worker.ts';

const bundles = new Set<string>();

parentPort?.on('message', (request: WorkerRequest) => {
  if (request.kind === 'bundle') bundles.add(request.bundle.version);
  else if (request.kind === 'retire') bundles.delete(request.version);
  else void work(request.policy);
});

async function work(policy: string): Promise<void> {
  if (policy === 'die') process.exit(3);
  if (policy === 'slow') await sleep(300);
  const result: JobResult = {
    kind: 'done',
    exchange: { verifiedSignatures: [...bundles], sentSignatures: [String(threadId)], encryptedKeys: [] },
    replay: [],
    identity: [],
    legacyAlgorithms: [],
    durations: {},
  };
  parentPort?.postMessage(result);
}
