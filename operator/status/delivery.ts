/** What the replicas of the data plane say of a policy. */

import type { ResolvedPolicy } from '../../policy/bundle.ts';
import type { ReplicaState } from '../delivery/replica-session.ts';
import type { Delivery } from './policy-status.ts';

/**
 * @param id `namespace/name`
 * @param current the policy as it stands
 */
export function deliveryOf(id: string, current: ResolvedPolicy, replicas: readonly ReplicaState[]): Delivery {
  let running = 0;
  let behind = 0;
  const refusals: { replica: string; reason: string }[] = [];
  for (const { name, policies } of replicas) {
    const there = policies.get(id);
    if (there === undefined) continue;
    const isCurrent = there.version === current.version;
    // A version that does not work is "running" too, where there is none to stay with: its messages are refused.
    if (isCurrent && current.broken === undefined) running++;
    else if (!isCurrent && there.version !== '') behind++;
    if (there.state === 'Refused' && there.reason !== undefined) refusals.push({ replica: name, reason: there.reason });
  }
  return { replicas: replicas.length, running, behind, refusals };
}

/** How many policies, over all replicas, are in each state. */
export function replicaPolicyStates(replicas: readonly ReplicaState[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = { Running: 0, Kept: 0, Refused: 0 };
  for (const { policies } of replicas)
    for (const { state } of policies.values()) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
