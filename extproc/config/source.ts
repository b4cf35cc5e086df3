/** Where the service's policies come from: a folder, or the operator. */

import type { Bundle } from '../../policy/bundle.ts';
import type { Problem } from '../../policy/problem.ts';
import type { Registry } from 'prom-client';
import type { Logger } from '../observe/log.ts';
import type { CompiledPolicy } from '../pipeline/compile.ts';

/** What the service wants to be told, and lends. */
export interface ConfigurationHost {
  /** These policies are to be used from now on. */
  readonly taken: (bundle: Bundle, policies: ReadonlyMap<string, CompiledPolicy>, problems: readonly Problem[]) => void;
  /** There is something new with errors, and it is not used, or not all of it. */
  readonly refused: (problems: readonly Problem[]) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logger: Logger;
  /** For metrics of the source's own. */
  readonly registry: Registry;
}

export interface ConfigurationSource {
  /** Begins to look for policies, and looks until it is closed. A folder has been read once when this is done. */
  start(): Promise<void>;
  close(): Promise<void>;
  /** What an administrator wants to know; plain JSON, no secrets. */
  readonly details: Readonly<Record<string, unknown>>;
}

export type ConfigurationSourceFactory = (host: ConfigurationHost) => ConfigurationSource;
