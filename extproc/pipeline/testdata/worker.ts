/** A worker that does as the versions of its jobs' policies are called: for tests of the pool alone. */

import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, threadId } from 'node:worker_threads';
import type { JobResult } from '../engine.ts';
import type { WorkerRequest } from '../worker.ts';

const policies = new Set<string>();

parentPort?.on('message', (request: WorkerRequest) => {
  if (request.kind === 'policy') policies.add(request.policy.version);
  else if (request.kind === 'retire') policies.delete(request.version);
  else void work(request.version);
});

async function work(version: string): Promise<void> {
  if (version === 'die') process.exit(3);
  if (version === 'slow') await sleep(300);
  const result: JobResult = {
    kind: 'done',
    exchange: { verifiedSignatures: [...policies], sentSignatures: [String(threadId)], encryptedKeys: [] },
    replay: [],
    identity: [],
    legacyAlgorithms: [],
    durations: {},
  };
  parentPort?.postMessage(result);
}
