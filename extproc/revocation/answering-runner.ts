/** Jobs that cannot go on without an OCSP responder's word: it is asked for here, in the main thread, and the job done again. */

import type { OcspQuestion, OcspStatuses } from '../keys/ocsp/status.ts';
import { RevocationUnknownError } from '../wss/errors.ts';
import type { CompiledPolicy } from '../pipeline/compile.ts';
import type { Job, JobResult, RevocationNeeded } from '../pipeline/engine.ts';
import { describeFailure } from '../pipeline/failure.ts';
import type { JobRunner } from '../pipeline/runner.ts';
import type { OcspProvider, OcspReport } from './provider.ts';

/** Rounds that one message may cost: each signer brings questions of its own. */
const MAX_ROUNDS = 5;

type Run = (policy: CompiledPolicy, job: Job, abandoned: () => boolean) => Promise<JobResult | RevocationNeeded>;

/** Who asks; made when something has to be asked for the first time. */
export type OcspSource = () => Promise<Pick<OcspProvider, 'statusOf'>>;

/** @param report hears of each question */
export function ocspSource(report?: OcspReport): OcspSource {
  let provider: Promise<OcspProvider> | undefined;
  return () => (provider ??= import('./provider.ts').then((module) => new module.OcspProvider(report)));
}

export function answering(run: Run, ocsp: OcspSource): JobRunner {
  return {
    async run(policy, job, abandoned) {
      let result = await run(policy, job, abandoned);
      for (let round = 0; result.kind === 'revocationNeeded'; round++) {
        if (round === MAX_ROUNDS) return tooMany();
        const revocation = await answers(result.questions, result.job.revocation, ocsp);
        result = await run(policy, { ...result.job, revocation }, abandoned);
      }
      return result;
    },
  };
}

/** @returns what was known before, and what responders say now */
export async function answers(
  questions: readonly OcspQuestion[],
  before: OcspStatuses | undefined,
  ocsp: OcspSource,
): Promise<OcspStatuses> {
  const provider = await ocsp();
  const found = await Promise.all(
    questions.map(async (question) => [question.key, await provider.statusOf(question)] as const),
  );
  return new Map([...(before ?? []), ...found]);
}

function tooMany(): JobResult {
  const error = new RevocationUnknownError('the message needs too many answers of OCSP responders');
  return { kind: 'failed', failure: describeFailure(error), durations: {} };
}
