/** Jobs that cannot go on without an OCSP responder's word: it is asked for here, in the main thread, and the job done again. */

import type { OcspQuestion, OcspStatus } from '../keys/ocsp/status.ts';
import { RevocationUnknownError } from '../wss/errors.ts';
import type { CompiledPolicy } from '../pipeline/compile.ts';
import type { Job, JobResult, RevocationNeeded } from '../pipeline/engine.ts';
import { describeFailure } from '../pipeline/failure.ts';
import type { JobRunner } from '../pipeline/runner.ts';
import type { OcspProvider } from './provider.ts';

/** Rounds that one message may cost: each signer brings questions of its own. */
const MAX_ROUNDS = 5;

type Run = (policy: CompiledPolicy, job: Job, abandoned: () => boolean) => Promise<JobResult | RevocationNeeded>;

/** One for the process; absent until somebody needs it. */
let provider: Promise<OcspProvider> | undefined;

function sharedProvider(): Promise<OcspProvider> {
  provider ??= import('./provider.ts').then((module) => new module.OcspProvider());
  return provider;
}

/** @param ocsp who asks; absent: the process's own */
export function answering(run: Run, ocsp: () => Promise<Pick<OcspProvider, 'statusOf'>> = sharedProvider): JobRunner {
  return {
    async run(policy, job, abandoned) {
      let result = await run(policy, job, abandoned);
      for (let round = 0; result.kind === 'revocationNeeded'; round++) {
        if (round === MAX_ROUNDS) return tooMany();
        const statuses = new Map(result.job.revocation);
        for (const [key, status] of await askAll(result.questions, await ocsp())) statuses.set(key, status);
        result = await run(policy, { ...result.job, revocation: statuses }, abandoned);
      }
      return result;
    },
  };
}

function askAll(
  questions: readonly OcspQuestion[],
  ocsp: Pick<OcspProvider, 'statusOf'>,
): Promise<[string, OcspStatus][]> {
  return Promise.all(
    questions.map(async (question): Promise<[string, OcspStatus]> => [question.key, await ocsp.statusOf(question)]),
  );
}

function tooMany(): JobResult {
  const error = new RevocationUnknownError('the message needs too many answers of OCSP responders');
  return { kind: 'failed', failure: describeFailure(error), durations: {} };
}
