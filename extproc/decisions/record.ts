/** A verdict as a line of the decision log. What a peer chose is cut to a length; nothing of a message's content is in it. */

import type { Evidence } from '../pipeline/engine.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { ReceivedFacts, SentFacts } from '../wss/evidence.ts';
import type { DecisionRecord } from './line.ts';

/** Names are rarely as long; a peer must not fill the log with one. */
const MAX_TEXT = 1024;

/** @returns undefined for a message that the policy did nothing with */
export function decisionRecord(verdict: Verdict, now: number): DecisionRecord | undefined {
  const { outcome, correlationId: id, policy, phase, failure, bytesIn, bytesOut, resent, evidence } = verdict;
  if (outcome === 'passed') return undefined;
  const { generation, version, replay, received, receivedSha256, sent, sentSha256, resentRequest } = evidence ?? {};
  return {
    type: 'decision',
    time: new Date(now).toISOString(),
    ...{ id: cut(id), policy, generation, version, phase, outcome, code: failure?.code },
    who: received && whoIs(received),
    received: {
      ...{ bytes: bytesIn, sha256: receivedSha256 },
      ...(received && { signatures: received.signatures, decrypted: received.decrypted }),
      replay,
    },
    sent: { bytes: bytesOut, sha256: sentSha256, ...whatLeft(sent) },
    ...(resent && { resentRequest: resentRequest && sentAgain(resentRequest) }),
  };
}

/** @returns undefined when the message proved nothing of the kind */
function whoIs({
  username,
  certificate,
  samlSubject,
  samlIssuer,
  kerberosPrincipal,
}: ReceivedFacts): object | undefined {
  const names = Object.entries({ username, samlSubject, samlIssuer, kerberosPrincipal });
  const known = names.flatMap(([name, value]) => (value === undefined ? [] : [[name, cut(value)] as const]));
  if (known.length === 0 && certificate === undefined) return undefined;
  return { ...Object.fromEntries(known), certificate };
}

function sentAgain({ sentSha256: sha256, sent }: Evidence): object {
  return { sha256, ...whatLeft(sent) };
}

/** A peer may have a say in whom an assertion is about. */
function whatLeft(sent: SentFacts | undefined): SentFacts | undefined {
  if (sent?.assertion === undefined) return sent;
  return { ...sent, assertion: { ...sent.assertion, subject: cut(sent.assertion.subject) } };
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
