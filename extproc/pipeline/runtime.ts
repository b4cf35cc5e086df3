/** The policies in use: replaced one by one, and each version kept for the exchanges that began under it. */

import { aliasName } from '../../policy/alias.ts';
import type { Bundle, ResolvedPolicy } from '../../policy/bundle.ts';
import type { OcspReport } from '../revocation/provider.ts';
import type { CompiledPolicy } from './compile.ts';
import { NoConfigurationError, PolicyUnknownError } from './errors.ts';
import { poolRunner, type JobRunner } from './runner.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What is in use now. */
export interface Runtime {
  /** Of the bundle. */
  readonly version: string;
  /** By `namespace/name`. */
  readonly policies: ReadonlyMap<string, CompiledPolicy>;
}

/** A version of a policy, held by an exchange until `release`. */
export interface Lease {
  readonly policy: CompiledPolicy;
  release(): void;
}

interface Held {
  readonly policy: CompiledPolicy;
  readonly alias: string;
  /** False: another version has its place. */
  current: boolean;
  exchanges: number;
}

/** Exchanges see one version of their policy to the end; threads may be asked for it as long as anyone uses it. */
export class RuntimeStore {
  readonly runner: JobRunner;
  readonly #pool: WorkerPool;
  #current: Runtime | undefined;
  /** By `namespace/name`: what new exchanges get. */
  #held: ReadonlyMap<string, Held> = new Map();
  /** By version: that, and what exchanges still use. */
  readonly #versions = new Map<string, Held>();
  #aliases: ReadonlyMap<string, string> = new Map();

  /** @param report hears of each question to an OCSP responder */
  constructor(pool: WorkerPool, report?: OcspReport) {
    this.#pool = pool;
    this.runner = poolRunner(pool, report);
  }

  get current(): Runtime | undefined {
    return this.#current;
  }

  /** Versions of the token services that policies in use ask. */
  get tokenServices(): ReadonlySet<string> {
    const tokens = [...this.#versions.values()].flatMap(({ policy: { request, response } }) => [
      ...[request.token, response.token],
    ]);
    return new Set(tokens.flatMap((token) => (token === undefined ? [] : [token.service.settings.version])));
  }

  /**
   * Puts a bundle in the place of the present one, for all exchanges that begin from now on. Policies of equal version
   * stay as they are.
   *
   * @param policies all of the bundle, compiled
   */
  replace(bundle: Bundle, policies: ReadonlyMap<string, CompiledPolicy>): void {
    if (this.#current?.version === bundle.version) return;
    const previous = this.#held;
    const held = new Map<string, Held>();
    for (const resolved of bundle.policies) {
      const id = `${resolved.namespace}/${resolved.name}`;
      const known = this.#versions.get(resolved.version);
      const policy = known?.policy ?? policies.get(id);
      if (policy === undefined) continue;
      held.set(id, known ?? this.#hold(resolved, policy, previous.get(id)?.alias ?? aliasName(id)));
    }
    for (const old of previous.values()) old.current = false;
    for (const present of held.values()) present.current = true;
    this.#held = held;
    this.#aliases = new Map([...held].map(([id, { alias }]) => [alias, id]));
    this.#current = { version: bundle.version, policies: new Map([...held].map(([id, { policy }]) => [id, policy])) };
    for (const old of previous.values()) this.#retireUnused(old);
  }

  /**
   * @param policyId `namespace/name`
   * @throws NoConfigurationError, PolicyUnknownError
   */
  lease(policyId: string): Lease {
    const held = this.#held.get(policyId);
    if (held === undefined) throw this.#unknown(policyId);
    held.exchanges++;
    let released = false;
    return {
      policy: held.policy,
      release: () => {
        if (released) return;
        released = true;
        held.exchanges--;
        this.#retireUnused(held);
      },
    };
  }

  /**
   * @param alias as `aliasName` gives it
   * @returns `namespace/name`
   * @throws NoConfigurationError, PolicyUnknownError
   */
  policyOfAlias(alias: string): string {
    const policyId = this.#aliases.get(alias);
    if (policyId === undefined) throw this.#unknown(alias);
    return policyId;
  }

  #unknown(name: string): NoConfigurationError | PolicyUnknownError {
    return this.#current === undefined
      ? new NoConfigurationError('no configuration has been loaded yet')
      : new PolicyUnknownError(`there is no policy ${JSON.stringify(name.slice(0, 200))}`);
  }

  #hold(resolved: ResolvedPolicy, policy: CompiledPolicy, alias: string): Held {
    const held: Held = { policy, alias, current: true, exchanges: 0 };
    this.#versions.set(resolved.version, held);
    this.#pool.addPolicy(resolved);
    if (decrypts(policy)) this.#pool.start();
    return held;
  }

  #retireUnused({ policy, current, exchanges }: Held): void {
    if (current || exchanges > 0) return;
    this.#versions.delete(policy.version);
    this.#pool.retirePolicy(policy.version);
  }
}

/** Then every message has a thread's work before it, and the first should not wait for the thread to start. */
function decrypts({ request, response }: CompiledPolicy): boolean {
  return request.verify?.decryption !== undefined || response.verify?.decryption !== undefined;
}
