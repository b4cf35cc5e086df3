/** Says once that a token service gives no tokens any more, and once that it does again; never who asked for what. */

import { PipelineError } from '../pipeline/errors.ts';
import type { Logger } from '../observe/log.ts';
import { KerberosTicketError } from '../kerberos/errors.ts';
import { TokenServiceFaultError } from './errors.ts';
import type { TokenCredential, TokenServiceSettings } from './settings.ts';

/** What the service said, as far as it is one of a few words. */
function faultOf(error: unknown): string | undefined {
  if (error instanceof TokenServiceFaultError) return error.fault;
  return error instanceof KerberosTicketError ? error.reason : undefined;
}

export class ServiceLog {
  readonly #logger: Logger;
  /** By version of the settings: the credentials that fail, and the code with which. */
  readonly #failing = new Map<string, Map<string | undefined, string>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param milliseconds that it took */
  succeeded(service: TokenServiceSettings, credential: TokenCredential | undefined, milliseconds: number): void {
    if (this.#failing.get(service.version)?.delete(credential?.name) !== true) return;
    const { id } = service;
    const fields = { service: id, credential: credential?.name, durationMs: Math.round(milliseconds) };
    this.#logger.info(fields, 'the token service gives tokens again');
  }

  /** @param milliseconds that it took */
  failed(
    service: TokenServiceSettings,
    credential: TokenCredential | undefined,
    error: unknown,
    milliseconds: number,
  ): void {
    const code = error instanceof PipelineError ? error.code : 'ERR_INTERNAL';
    const fault = faultOf(error);
    const state = fault ?? code;
    const failing = this.#failing.get(service.version) ?? new Map<string | undefined, string>();
    this.#failing.set(service.version, failing);
    if (failing.get(credential?.name) === state) return;
    failing.set(credential?.name, state);
    const durationMs = Math.round(milliseconds);
    this.#logger.warn(
      { service: service.id, credential: credential?.name, code, fault, durationMs },
      'the token service gives no token',
    );
  }

  /** @param versions of settings that are in use */
  retain(versions: ReadonlySet<string>): void {
    for (const version of [...this.#failing.keys()]) if (!versions.has(version)) this.#failing.delete(version);
  }
}
