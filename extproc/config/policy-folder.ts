/** A folder of manifests as the service's configuration: read at the start and whenever it changes. */

import type { Bundle } from '../../policy/bundle.ts';
import { formatProblem, type Problem, type ProblemReason } from '../../policy/problem.ts';
import { compileBundle, type CompiledPolicy } from '../pipeline/compile.ts';
import { ChangeWatcher } from './change-watcher.ts';
import { LoadThread, type LoadedBundle } from './load-thread.ts';

export interface PolicyFolderEvents {
  /** The folder's policies are to be used from now on. */
  readonly taken: (bundle: Bundle, policies: ReadonlyMap<string, CompiledPolicy>, problems: readonly Problem[]) => void;
  /** The folder has errors; what was used before is kept, all of it. */
  readonly refused: (problems: readonly Problem[]) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class PolicyFolder {
  readonly #path: string;
  readonly #events: PolicyFolderEvents;
  readonly #watcher: ChangeWatcher;
  readonly #thread = new LoadThread();
  #taken = false;
  #problems: readonly string[] = [];

  constructor(path: string, events: PolicyFolderEvents) {
    this.#path = path;
    this.#events = events;
    this.#watcher = new ChangeWatcher(path, () => this.#read());
  }

  /** Whether policies of the folder are in use. */
  get taken(): boolean {
    return this.#taken;
  }

  /** What is wrong with the folder as it was last read, one line each. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Reads the folder, and watches it from then on. */
  async start(): Promise<void> {
    // In this order a change while it is read is seen by the next look.
    await this.#watcher.start();
    await this.#read();
  }

  async close(): Promise<void> {
    this.#watcher.close();
    await this.#thread.close();
  }

  async #load(): Promise<LoadedBundle> {
    try {
      return await this.#thread.load([this.#path], this.#events.now());
    } catch (error) {
      return unreadable(this.#path, error);
    }
  }

  async #read(): Promise<void> {
    const { bundle, problems } = await this.#load();
    const { policies } = compileBundle(bundle);
    this.#problems = problems.map(formatProblem);
    if (this.#taken ? isBroken(bundle, policies, problems) : isUnreadable(policies, problems)) {
      this.#events.refused(problems);
      return;
    }
    this.#taken = true;
    this.#events.taken(bundle, policies, problems);
  }
}

/** A folder that cannot be read at all is a problem like others. */
function unreadable(file: string, error: unknown): LoadedBundle {
  const message = error instanceof Error ? error.message : String(error);
  const problem: Problem = { severity: 'error', reason: 'Unreadable', file, field: '', message };
  return { bundle: { version: '', policies: [] }, problems: [problem] };
}

const TAKEN_AWAY: ReadonlySet<ProblemReason> = new Set(['InvalidRef', 'RefNotPermitted']);

type Policies = ReadonlyMap<string, CompiledPolicy>;

/**
 * A mistake in the files, or half a change: reason to stay with what works. A reference to nothing is none: who takes a
 * Secret or its ReferenceGrant away means the policy to stop.
 */
function isBroken(bundle: Bundle, policies: Policies, problems: readonly Problem[]): boolean {
  return (
    problems.some(({ severity, reason }) => severity === 'error' && !TAKEN_AWAY.has(reason)) ||
    bundle.policies.some(({ namespace, name, broken }) => {
      return broken === undefined && policies.get(`${namespace}/${name}`)?.broken !== undefined;
    })
  );
}

/** At the start there is nothing to stay with: good policies work, broken ones refuse their traffic. */
function isUnreadable(policies: Policies, problems: readonly Problem[]): boolean {
  return policies.size === 0 && problems.some(({ reason }) => reason === 'Unreadable');
}
