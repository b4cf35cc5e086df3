/** What became of a message, and what logs and metrics are told of it. */

import type { Durations, Evidence, JobResult, Phase } from './engine.ts';
import type { Failure } from './failure.ts';
import type { Outcome } from './outcome.ts';
import type { VerdictEvidence } from './verdict-evidence.ts';

/** What is told to logs and metrics about each message. */
export interface Verdict {
  readonly policy: string;
  readonly phase: Phase;
  readonly correlationId: string;
  /** The two last are of Audit mode: the message has gone on as it came. */
  readonly outcome: 'passed' | 'forwarded' | 'refused' | 'would_forward' | 'would_refuse';
  /** Of a refusal. */
  readonly failure?: Failure;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durations: Durations;
  /** Milliseconds for all of it, waits included. */
  readonly total: number;
  readonly legacyAlgorithms: readonly string[];
  /** Of a response: the request was sent again, because the backend refused its token. */
  readonly resent?: true;
  /** Where a decision log wants it. */
  readonly evidence?: VerdictEvidence;
}

/** How the work on one message ended. */
export interface Conclusion {
  readonly outcome: Outcome;
  readonly failure?: Failure;
  readonly result?: JobResult;
  /** The request was sent again, with another token. */
  readonly resent?: true;
  /** Of that request. */
  readonly resentRequest?: Evidence;
}

type Known = Pick<Verdict, 'policy' | 'phase' | 'correlationId' | 'bytesIn' | 'total' | 'evidence'>;

export function verdictOf({ outcome, failure, result, resent }: Conclusion, known: Known, audit: boolean): Verdict {
  return {
    ...known,
    outcome: outcomeName(outcome, result, audit),
    ...(failure !== undefined && { failure }),
    bytesOut: bytesOf(outcome) ?? known.bytesIn,
    durations: result !== undefined && result.kind !== 'notConcerned' ? result.durations : {},
    legacyAlgorithms: result?.kind === 'done' ? result.legacyAlgorithms : [],
    ...(resent && { resent }),
  };
}

/** @returns undefined: as many as came */
function bytesOf(outcome: Outcome): number | undefined {
  switch (outcome.kind) {
    case 'pass':
      return undefined;
    case 'forward':
      return outcome.bytes?.length;
    case 'refuse':
    case 'replace':
      return outcome.body.length;
  }
}

function outcomeName(outcome: Outcome, result: JobResult | undefined, audit: boolean): Verdict['outcome'] {
  if (outcome.kind === 'refuse') return audit ? 'would_refuse' : 'refused';
  if (result?.kind !== 'done') return 'passed';
  return audit ? 'would_forward' : 'forwarded';
}
