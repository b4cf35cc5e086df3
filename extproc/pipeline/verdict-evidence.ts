/** What a decision log keeps of a verdict: what the work on the message found, and what went on in the end. */

import { sha256 } from '../wss/evidence.ts';
import type { CompiledPolicy } from './compile.ts';
import type { Evidence } from './engine.ts';
import type { Conclusion } from './verdict.ts';

export interface VerdictEvidence extends Evidence {
  /** Of the policy's object, and a digest of all that decides. */
  readonly generation: number;
  readonly version: string;
  /** Whether the message was known; absent: nothing of it is remembered. */
  readonly replay?: 'new' | 'seen';
  /** Of a response: the second request, where the first was sent again. */
  readonly resentRequest?: Evidence;
}

/**
 * @param body as it came; a large one may have been handed to a thread, and is empty then
 */
export function verdictEvidence(
  { outcome, failure, result, resentRequest }: Conclusion,
  { generation, version, mode }: CompiledPolicy,
  body: Uint8Array | undefined,
): VerdictEvidence {
  const found = result === undefined || result.kind === 'notConcerned' ? {} : (result.evidence ?? {});
  const { received, sent } = found;
  const receivedSha256 = found.receivedSha256 ?? (body && body.length > 0 ? sha256(body) : undefined);
  const remembered = result?.kind === 'done' && result.replay.length > 0;
  const changed = bytesOf(outcome);
  const computed = outcome.kind === 'forward' ? found.sentSha256 : undefined;
  const leaves = computed ?? (changed === undefined ? receivedSha256 : sha256(changed));
  const sentSha256 = mode === 'Audit' ? receivedSha256 : leaves;
  return {
    ...{ generation, version },
    ...(receivedSha256 !== undefined && { receivedSha256 }),
    ...(received && { received }),
    ...(sentSha256 !== undefined && { sentSha256 }),
    // What was made of a message that is refused, or only audited, has gone nowhere.
    ...(sent && outcome.kind !== 'refuse' && mode === 'Enforce' && { sent }),
    ...(remembered && { replay: failure?.code === 'ERR_WSS_REPLAYED' ? ('seen' as const) : ('new' as const) }),
    ...(resentRequest && { resentRequest }),
  };
}

/** @returns undefined: the body as it came */
function bytesOf(outcome: Conclusion['outcome']): Uint8Array | undefined {
  switch (outcome.kind) {
    case 'pass':
      return undefined;
    case 'forward':
      return outcome.bytes;
    case 'refuse':
    case 'replace':
      return outcome.body;
  }
}
