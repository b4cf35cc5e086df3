/** What one replica of the data plane has been sent, and what it said to it. */

import type { ResolvedPolicy } from '../../policy/bundle.ts';
import {
  MAX_POLICY_BYTES,
  PART_BYTES,
  type Ack,
  type DeliveredPolicy,
  type PolicyVersion,
  type Update,
} from '../../proto/bundle-service.ts';

/** How a policy fares on a replica. */
export interface PolicyOnReplica {
  /** In use there; empty where nothing of the policy works. */
  readonly version: string;
  /**
   * `Running`: as published. `Kept`: it was published as broken, and the version before stays in use. `Refused`: the
   * replica cannot use it; the version before stays in use, or the policy's traffic is refused.
   */
  readonly state: 'Running' | 'Kept' | 'Refused';
  readonly reason?: string;
}

export type Published = ReadonlyMap<string, ResolvedPolicy>;

const STATES = { RUNNING: 'Running', KEPT: 'Kept', REFUSED: 'Refused', UNSPECIFIED: undefined } as const;
/** A reason goes into the status of an object. */
const MAX_REASON = 500;

/**
 * Works out one part of an update at a time, always from the newest policies, so that a slow replica is sent the present
 * state and no history. After a part that is complete nothing is sent until the replica has answered.
 */
export class Subscription {
  readonly number: number;
  readonly states = new Map<string, PolicyOnReplica>();
  /** Versions that the replica has, or will have when it has taken in what was sent. */
  readonly #offered: Map<string, string>;
  /** The replica waits for a part that is complete: even an empty one tells it that this is all. */
  #open = true;
  #nonce = 0;
  #awaited: number | undefined;

  constructor(number: number, inventory: readonly PolicyVersion[]) {
    this.number = number;
    this.#offered = new Map(inventory.map(({ id, version }) => [id, version]));
    for (const { id, version } of inventory) if (version !== '') this.states.set(id, { version, state: 'Running' });
  }

  /** The next part for the replica; undefined: it has everything, or has to answer first. */
  next(published: Published): Update | undefined {
    if (this.#awaited !== undefined) return undefined;
    const upserts: DeliveredPolicy[] = [];
    let bytes = 0;
    let complete = true;
    for (const [id, policy] of published) {
      if (this.#offered.get(id) === policy.version) continue;
      if (bytes >= PART_BYTES) {
        complete = false;
        break;
      }
      const json = serialize(policy);
      upserts.push({ id, version: policy.version, json });
      bytes += json.length;
      this.#offered.set(id, policy.version);
    }
    const removals = complete ? [...this.#offered.keys()].filter((id) => !published.has(id)) : [];
    for (const id of removals) this.#offered.delete(id);
    if (upserts.length === 0 && removals.length === 0 && !this.#open) return undefined;
    const nonce = ++this.#nonce;
    this.#open = !complete;
    if (complete) this.#awaited = nonce;
    return { subscription: this.number, nonce, upserts, removals, complete };
  }

  /** @returns false where the answer is to something else than what was sent last */
  acknowledge({ nonce, states }: Ack): boolean {
    if (nonce !== this.#awaited) return false;
    this.#awaited = undefined;
    for (const { id, version, state, reason } of states) {
      const known = STATES[state];
      if (known === undefined || !this.#offered.has(id)) continue;
      this.states.set(id, { version, state: known, ...(reason !== '' && { reason: reason.slice(0, MAX_REASON) }) });
    }
    for (const id of this.states.keys()) if (!this.#offered.has(id)) this.states.delete(id);
    return true;
  }
}

function serialize(policy: ResolvedPolicy): Buffer {
  const json = Buffer.from(JSON.stringify(policy));
  if (json.length <= MAX_POLICY_BYTES) return json;
  const { namespace, name, generation, version } = policy;
  const broken = `with its Secrets and ConfigMaps it has ${json.length} bytes; at most ${MAX_POLICY_BYTES} can be delivered`;
  return Buffer.from(JSON.stringify({ namespace, name, generation, version, material: {}, broken }));
}
