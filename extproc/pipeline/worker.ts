/** The other side of `WorkerPool`: compiles the bundles it is given, works on one message at a time. */

import { sign } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { Bundle } from '../../policy/bundle.ts';
import type { ExchangeState } from '../wss/exchange-state.ts';
import { compileBundle, type CompiledBundle } from './compile.ts';
import { runJob, type Job, type JobResult } from './engine.ts';
import { describeFailure } from './failure.ts';

/** To a worker. */
export type WorkerRequest =
  | { readonly kind: 'bundle'; readonly bundle: Bundle }
  | { readonly kind: 'retire'; readonly version: string }
  | { readonly kind: 'job'; readonly version: string; readonly policy: string; readonly job: Job };

const bundles = new Map<string, CompiledBundle>();

parentPort?.on('message', (request: WorkerRequest) => {
  if (request.kind === 'bundle') bundles.set(request.bundle.version, compileBundle(request.bundle));
  else if (request.kind === 'retire') bundles.delete(request.version);
  else void work(request.version, request.policy, request.job).then(answer);
});

async function work(version: string, policyId: string, job: Job): Promise<JobResult> {
  const policy = bundles.get(version)?.policies.get(policyId);
  if (policy === undefined) {
    const failure = describeFailure(new Error(`the worker has no policy ${policyId} of bundle ${version}`));
    return { kind: 'failed', failure, durations: {} };
  }
  // The thread is the message's own, so nothing is gained by another one for the signature.
  return runJob(job, policy, (hash, data, key) => sign(hash, data, key));
}

function answer(result: JobResult): void {
  const { result: sendable, transfer } = transferable(result);
  parentPort?.postMessage(sendable, transfer);
}

/** Hands the bytes over instead of copying them; those in a buffer shared with others (Node's pool) are copied out. */
function transferable(result: JobResult): { result: JobResult; transfer: ArrayBuffer[] } {
  if (result.kind !== 'done') return { result, transfer: [] };
  const { bytes, exchange } = result;
  const alone = bytes === undefined || bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  return {
    result: { ...result, ...(alone !== undefined && { bytes: alone }), exchange: withoutPool(exchange) },
    transfer: alone === undefined ? [] : [alone.buffer as ArrayBuffer],
  };
}

/** Cloning a view clones all of the buffer behind it. */
function withoutPool(exchange: ExchangeState): ExchangeState {
  const { signerCertificate, encryptedKeys } = exchange;
  return {
    ...exchange,
    ...(signerCertificate !== undefined && { signerCertificate: new Uint8Array(signerCertificate) }),
    encryptedKeys: encryptedKeys.map((key) => ({ ...key, key: new Uint8Array(key.key) })),
  };
}
