/** The other side of `WorkerPool`: compiles the policies it is given, works on one message at a time. */

import { sign } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { ResolvedPolicy } from '../../policy/bundle.ts';
import type { ExchangeState } from '../wss/exchange-state.ts';
import { compile, type CompiledPolicy } from './compile.ts';
import { runJob, type Job, type JobResult, type RevocationNeeded } from './engine.ts';
import { describeFailure } from './failure.ts';

/** To a worker. A policy is named by its version. */
export type WorkerRequest =
  | { readonly kind: 'policy'; readonly policy: ResolvedPolicy }
  | { readonly kind: 'retire'; readonly version: string }
  | { readonly kind: 'job'; readonly version: string; readonly job: Job };

const policies = new Map<string, CompiledPolicy>();

parentPort?.on('message', (request: WorkerRequest) => {
  if (request.kind === 'policy') policies.set(request.policy.version, compile(request.policy).policy);
  else if (request.kind === 'retire') policies.delete(request.version);
  else void work(request.version, request.job).then(answer);
});

async function work(version: string, job: Job): Promise<JobResult | RevocationNeeded> {
  const policy = policies.get(version);
  if (policy === undefined) {
    const failure = describeFailure(new Error('the worker does not have the policy of its job'));
    return { kind: 'failed', failure, durations: {} };
  }
  // The thread is the message's own, so nothing is gained by another one for the signature.
  return runJob(job, policy, (hash, data, key) => sign(hash, data, key));
}

function answer(result: JobResult | RevocationNeeded): void {
  const { result: sendable, transfer } = transferable(result);
  parentPort?.postMessage(sendable, transfer);
}

/** Hands the bytes over instead of copying them; those in a buffer shared with others (Node's pool) are copied out. */
function transferable(result: JobResult | RevocationNeeded): {
  result: JobResult | RevocationNeeded;
  transfer: ArrayBuffer[];
} {
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
  const { signerCertificate, encryptedKeys, kerberosKey } = exchange;
  return {
    ...exchange,
    ...(signerCertificate !== undefined && { signerCertificate: new Uint8Array(signerCertificate) }),
    ...(kerberosKey !== undefined && { kerberosKey: { ...kerberosKey, key: new Uint8Array(kerberosKey.key) } }),
    encryptedKeys: encryptedKeys.map((key) => ({ ...key, key: new Uint8Array(key.key) })),
  };
}
