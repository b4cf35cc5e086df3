/** What the operator has delivered: which version of each policy is in use, and why not another one. */

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { makeBundle, type Bundle, type ResolvedPolicy } from '../../policy/bundle.ts';
import type { DeliveredPolicy, PolicyState, PolicyVersion, Update } from '../../proto/bundle-service.ts';
import { compile, type CompiledPolicy } from '../pipeline/compile.ts';

/** Milliseconds that a removed policy is still enforced: Envoy may send messages in its name for a moment. */
const GRACE = 30_000;
/** Milliseconds of compiling after which messages get their turn. */
const TURN = 4;
/** `namespace/name` of Kubernetes. */
const MAX_ID = 63 + 1 + 253;

interface Installed {
  readonly resolved: ResolvedPolicy;
  readonly policy: CompiledPolicy;
}

/** A policy as it came, compiled; `null`: it is to go. */
type Staged = Map<string, Installed | null>;

/** A message that an operator does not send. */
export class DeliveryError extends Error {
  readonly code = 'ERR_DELIVERY';
}

export class DeliveredPolicies {
  readonly #installed = new Map<string, Installed>();
  /** Removed, but still in use, with the timer that ends it. */
  readonly #leaving = new Map<string, NodeJS.Timeout>();
  /** Of the policies that are not in use as they were delivered last. */
  readonly #notes = new Map<string, PolicyState>();
  #staged: Staged = new Map();
  readonly #onLeft: () => void;

  /** @param onLeft called when a removed policy is not in use any more */
  constructor(onLeft: () => void) {
    this.#onLeft = onLeft;
  }

  /** What the operator need not send. */
  get inventory(): PolicyVersion[] {
    const present = [...this.#installed].filter(([id]) => !this.#leaving.has(id));
    // What was refused is sent again, so that the operator hears of it again.
    return present.map(([id, { resolved }]) => ({ id, version: this.#notes.has(id) ? '' : resolved.version }));
  }

  /** What is wrong with the policies that are not in use as they were delivered last. */
  get notes(): Iterable<PolicyState> {
    return this.#notes.values();
  }

  /** Policies by how they fare. */
  get counts(): {
    readonly running: number;
    readonly kept: number;
    readonly refused: number;
    readonly leaving: number;
  } {
    const notes = [...this.#notes.values()];
    const kept = notes.filter(({ state }) => state === 'KEPT').length;
    const refused = notes.length - kept;
    const leaving = this.#leaving.size;
    return { running: this.#installed.size - kept - refused - leaving, kept, refused, leaving };
  }

  /** All policies in use. */
  get present(): { readonly bundle: Bundle; readonly policies: ReadonlyMap<string, CompiledPolicy> } {
    return {
      bundle: makeBundle([...this.#installed.values()].map(({ resolved }) => resolved)),
      policies: new Map([...this.#installed].map(([id, { policy }]) => [id, policy])),
    };
  }

  /** Forgets parts that are not in use yet. */
  reset(): void {
    this.#staged = new Map();
  }

  /**
   * Gets a part of a change ready, without using it yet. Messages get their turn meanwhile.
   * @throws DeliveryError
   */
  async stage({ upserts, removals }: Update): Promise<void> {
    const staged = this.#staged;
    let turnEnds = performance.now() + TURN;
    for (const delivered of upserts) {
      staged.set(delivered.id, read(delivered));
      if (performance.now() < turnEnds) continue;
      await yieldToOthers();
      turnEnds = performance.now() + TURN;
    }
    for (const id of removals) staged.set(id, null);
  }

  /** Puts everything that is ready to use, at once. @returns how each policy fares that was delivered */
  apply(): PolicyState[] {
    const staged = this.#staged;
    this.reset();
    const states: PolicyState[] = [];
    for (const [id, next] of staged) {
      if (next === null) this.#remove(id);
      else states.push(this.#install(id, next));
    }
    return states;
  }

  close(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
  }

  #install(id: string, next: Installed): PolicyState {
    const returns = this.#leaving.get(id);
    clearTimeout(returns);
    this.#leaving.delete(id);
    const before = returns === undefined ? this.#installed.get(id) : undefined;
    const works = before !== undefined && before.policy.broken === undefined;
    const keeps = works && next.policy.broken !== undefined && next.resolved.revoked !== true;
    if (!keeps) this.#installed.set(id, next);
    const state = stateOf(id, next, keeps ? before.resolved.version : undefined);
    if (state.state === 'RUNNING') this.#notes.delete(id);
    else this.#notes.set(id, state);
    return state;
  }

  #remove(id: string): void {
    if (!this.#installed.has(id) || this.#leaving.has(id)) return;
    this.#notes.delete(id);
    const leave = (): void => {
      this.#leaving.delete(id);
      this.#installed.delete(id);
      this.#onLeft();
    };
    this.#leaving.set(id, setTimeout(leave, GRACE).unref());
  }
}

/** @param kept the version that stays in use instead */
function stateOf(id: string, { resolved, policy }: Installed, kept: string | undefined): PolicyState {
  const isNotice = resolved.broken !== undefined;
  if (policy.broken === undefined || (isNotice && kept === undefined)) {
    return { id, version: resolved.version, state: 'RUNNING', reason: '' };
  }
  return { id, version: kept ?? '', state: isNotice ? 'KEPT' : 'REFUSED', reason: policy.broken };
}

/** A policy that cannot be read is broken, like one that cannot be compiled. @throws DeliveryError */
function read({ id, version, json }: DeliveredPolicy): Installed {
  const [namespace = '', name = '', ...rest] = id.split('/', 3);
  if (namespace === '' || name === '' || rest.length > 0 || id.length > MAX_ID || version === '') {
    throw new DeliveryError('the operator sent a policy without a name or version');
  }
  try {
    const resolved = JSON.parse(json.toString()) as ResolvedPolicy;
    if (resolved.namespace === namespace && resolved.name === name && resolved.version === version) {
      return { resolved, policy: compile(resolved).policy };
    }
  } catch {
    // Told below. What the error says may be part of a key.
  }
  const reason = 'what the operator sent is no policy of that name and version that this version can read';
  const unreadable = { namespace, name, generation: 0, version, material: {} };
  return { resolved: unreadable, policy: compile({ ...unreadable, broken: reason }).policy };
}
