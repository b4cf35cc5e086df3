/** A folder of manifests as the service's configuration: read at the start and whenever it changes. */

import type { Bundle } from '../../policy/bundle.ts';
import { formatProblem, type Problem, type ProblemReason } from '../../policy/problem.ts';
import { compileBundle, type CompiledPolicy } from '../pipeline/compile.ts';
import { ChangeWatcher } from './change-watcher.ts';
import type { ConfigurationHost, ConfigurationSource } from './source.ts';
import { LoadThread, type LoadedBundle } from './load-thread.ts';

/** Errors in the folder: what was used before is kept, all of it. */
type PolicyFolderEvents = Pick<ConfigurationHost, 'taken' | 'refused' | 'now'>;

export class PolicyFolder implements ConfigurationSource {
  readonly #path: string;
  readonly #events: PolicyFolderEvents;
  readonly #watcher: ChangeWatcher;
  readonly #thread = new LoadThread();
  /** Those in use; undefined: none yet. */
  #policies: Policies | undefined;
  #problems: readonly string[] = [];

  constructor(path: string, events: PolicyFolderEvents) {
    this.#path = path;
    this.#events = events;
    this.#watcher = new ChangeWatcher(path, () => this.#read());
  }

  /** `problems`: what is wrong with the folder as it was last read, one line each. */
  get details(): { readonly problems: readonly string[] } {
    return { problems: this.#problems };
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
    const { policies } = compileBundle(bundle, this.#policies);
    this.#problems = problems.map(formatProblem);
    if (this.#policies === undefined ? isUnreadable(policies, problems) : isBroken(bundle, policies, problems)) {
      this.#events.refused(problems);
      return;
    }
    this.#policies = policies;
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
