/** Where a job runs: here, or in a thread of its own. */

import { KeyObject, sign, type SignKeyObjectInput } from 'node:crypto';
import type { CompiledPolicy } from './compile.ts';
import { answering, ocspSource } from '../revocation/answering-runner.ts';
import type { OcspReport } from '../revocation/provider.ts';
import { runJob, type Job, type JobResult } from './engine.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Runs jobs by compiled policies. */
export interface JobRunner {
  /** Never rejects. @param abandoned whether anyone still waits for the result, asked before the job begins */
  run(policy: CompiledPolicy, job: Job, abandoned: () => boolean): Promise<JobResult>;
}

/** Bytes from which a message has a thread of its own: below, handing it over is dearer than the wait it spares. */
const LARGE = 256 * 1024;
/** What a byte of an encoded body counts: it may well grow that much. */
const ENCODED_WEIGHT = 16;

/**
 * Small messages run here, with RSA signatures on libuv's pool; large messages, and those that are decrypted with a
 * private key, in a thread, so that neither holds up the others.
 *
 * @param pool that has the policies of the jobs
 * @param report hears of each question to an OCSP responder
 */
export function poolRunner(pool: WorkerPool, report?: OcspReport): JobRunner {
  return answering((policy, job, abandoned) => {
    const weight = job.bytes.byteLength * (job.codings.length > 0 ? ENCODED_WEIGHT : 1);
    const large = weight >= LARGE;
    const decrypts = job.half !== 'secure' && policy[job.phase].verify?.decryption !== undefined;
    if (pool.size === 0 || (!large && !decrypts)) return runJob(job, policy, signOnPool);
    return pool.run(policy.version, job, large, abandoned);
  }, ocspSource(report));
}

/** Everything here, for the command line. */
export const inlineRunner: JobRunner = answering((policy, job) => runJob(job, policy, signOnPool), ocspSource());

/** RSA takes long enough to be worth the way to libuv's pool and back. */
export function signOnPool(
  hash: string | null,
  data: Buffer,
  key: KeyObject | SignKeyObjectInput,
): Buffer | Promise<Buffer> {
  const { asymmetricKeyType: type } = key instanceof KeyObject ? key : key.key;
  if (type !== 'rsa' && type !== 'rsa-pss') return sign(hash, data, key);
  return new Promise((resolve, reject) => {
    sign(hash, data, key, (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });
}
