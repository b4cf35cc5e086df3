/** The policies in use: replaced as a whole, and kept for the exchanges that began under them. */

import type { Bundle } from '../../policy/bundle.ts';
import type { CompiledPolicy } from './compile.ts';
import { NoConfigurationError, PolicyUnknownError } from './errors.ts';
import { poolRunner, type JobRunner } from './runner.ts';
import type { WorkerPool } from './worker-pool.ts';

/** One bundle, ready to run. */
export interface Runtime {
  readonly version: string;
  readonly policies: ReadonlyMap<string, CompiledPolicy>;
  readonly runner: JobRunner;
}

/** A policy of one runtime, held by an exchange until `release`. */
export interface Lease {
  readonly policy: CompiledPolicy;
  readonly runner: JobRunner;
  release(): void;
}

interface Held extends Runtime {
  exchanges: number;
}

/** Exchanges see one bundle from their first message to their last; threads know a bundle as long as anyone uses it. */
export class RuntimeStore {
  readonly #pool: WorkerPool;
  #current: Held | undefined;

  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  get current(): Runtime | undefined {
    return this.#current;
  }

  /** Puts a bundle in the place of the present one, for all exchanges that begin from now on. */
  replace(bundle: Bundle, policies: ReadonlyMap<string, CompiledPolicy>): void {
    const previous = this.#current;
    const { version } = bundle;
    if (previous?.version === version) return;
    this.#pool.addBundle(bundle);
    if ([...policies.values()].some(decrypts)) this.#pool.start();
    this.#current = { version, policies, runner: poolRunner(this.#pool, version), exchanges: 0 };
    if (previous?.exchanges === 0) this.#pool.retireBundle(previous.version);
  }

  /**
   * @param policyId `namespace/name`
   * @throws NoConfigurationError, PolicyUnknownError
   */
  lease(policyId: string): Lease {
    const held = this.#current;
    if (held === undefined) throw new NoConfigurationError('no configuration has been loaded yet');
    const policy = held.policies.get(policyId);
    if (policy === undefined)
      throw new PolicyUnknownError(`there is no policy ${JSON.stringify(policyId.slice(0, 200))}`);
    held.exchanges++;
    let released = false;
    return {
      policy,
      runner: held.runner,
      release: () => {
        if (released) return;
        released = true;
        held.exchanges--;
        if (held.exchanges === 0 && held !== this.#current) this.#pool.retireBundle(held.version);
      },
    };
  }
}

/** Then every message has a thread's work before it, and the first should not wait for the thread to start. */
function decrypts({ request, response }: CompiledPolicy): boolean {
  return request.verify?.decryption !== undefined || response.verify?.decryption !== undefined;
}
