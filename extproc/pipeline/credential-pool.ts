/** Several credentials to choose from: for each message the first that is meant for it. */

import type { When } from '../../crds/types.ts';
import type { FieldPath } from '../../policy/load.ts';
import { parsePath } from '../../policy/report.ts';
import { compileConditions, ConditionError, type CompiledConditions, type MessageMeta } from './conditions.ts';
import type { KeySource } from './key-source.ts';

/** An entry of a pool as it is written, in a policy or a token service. */
export interface PoolEntry {
  readonly name: string;
  readonly when?: When;
  readonly environments?: readonly string[];
  readonly default: boolean;
}

interface Candidate<T> {
  readonly conditions: CompiledConditions;
  /** Absent: every one. */
  readonly environments?: ReadonlySet<string>;
  readonly value: T;
}

export class CredentialPool<T> {
  /** In the order in which they are asked. */
  readonly #candidates: readonly Candidate<T>[];
  readonly #default: T | undefined;
  /** A condition reads the Operation, which only the body tells. */
  readonly needsBody: boolean;

  /** @param fallback for messages that no candidate is for */
  constructor(candidates: readonly Candidate<T>[], fallback: T | undefined) {
    this.#candidates = candidates;
    this.#default = fallback;
    this.needsBody = candidates.some(({ conditions }) => conditions.needsBody);
  }

  /**
   * @param environment of this process; undefined: none, for which no entry with `environments` is
   * @param operation needed only where `needsBody` is true
   * @returns undefined: there is no credential for the message
   * @throws PipelineError where a condition has no answer
   */
  choose(meta: MessageMeta, operation: string | undefined, environment: string | undefined): T | undefined {
    const found = this.#candidates.find(
      ({ conditions, environments }) =>
        (environments === undefined || (environment !== undefined && environments.has(environment))) &&
        conditions.matches(meta, operation),
    );
    return found === undefined ? this.#default : found.value;
  }
}

/**
 * @param read what becomes of an entry; undefined when there are problems, which `keys` holds then
 * @returns undefined when there are problems
 */
export function compilePool<E extends PoolEntry, T>(
  entries: readonly E[],
  at: FieldPath,
  keys: KeySource,
  read: (entry: E, at: FieldPath) => T | undefined,
): CredentialPool<T> | undefined {
  const before = keys.problems.length;
  const candidates: Candidate<T>[] = [];
  let fallback: T | undefined;
  entries.forEach((entry, index) => {
    const path = [...at, index];
    const conditions = conditionsOf(entry, path, keys);
    const value = read(entry, path);
    if (conditions === undefined || value === undefined) return;
    const { environments } = entry;
    if (entry.default) fallback = value;
    else candidates.push({ conditions, value, ...(environments && { environments: new Set(environments) }) });
  });
  return keys.problems.length > before ? undefined : new CredentialPool(candidates, fallback);
}

function conditionsOf({ when }: PoolEntry, at: FieldPath, keys: KeySource): CompiledConditions | undefined {
  try {
    return compileConditions(when);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    keys.report([...at, 'when', ...parsePath(error.field)], error.message);
    return undefined;
  }
}
