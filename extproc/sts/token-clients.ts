/** One client for each version of each token service that is in use. */

import type { TokenServiceSettings } from './settings.ts';
import type { TokenClient } from './token-client.ts';
import type { TokenMetrics } from './token-metrics.ts';

interface Handle {
  readonly client: TokenClient;
  /** How many wait for an answer. */
  underWay: number;
}

export class TokenClients {
  readonly #options: { now(): number; readonly metrics: TokenMetrics };
  readonly #handles = new Map<string, Handle>();
  /** Those that are out of use, until they have ended. */
  readonly #ending = new Set<Handle>();

  constructor(options: { now(): number; readonly metrics: TokenMetrics }) {
    this.#options = options;
  }

  /** Does something with the client of a service, which stays until that is done. */
  async use<T>(service: TokenServiceSettings, work: (client: TokenClient) => Promise<T>): Promise<T> {
    // Loaded when the first token is asked for: HTTP takes 30 MB, which those without token services need not pay.
    const { TokenClient: Client } = await import('./token-client.ts');
    const handle = this.#handleOf(service, Client);
    handle.underWay++;
    try {
      return await work(handle.client);
    } finally {
      handle.underWay--;
      if (this.#ending.has(handle)) this.#endIfIdle(handle);
    }
  }

  /** @param versions of settings that are in use */
  retain(versions: ReadonlySet<string>): void {
    for (const [version, handle] of [...this.#handles]) {
      if (versions.has(version)) continue;
      this.#handles.delete(version);
      this.#ending.add(handle);
      this.#endIfIdle(handle);
    }
  }

  /** Ends all, whatever is under way. */
  async close(): Promise<void> {
    const all = [...this.#handles.values(), ...this.#ending];
    this.#handles.clear();
    await Promise.all(all.map(({ client }) => client.close()));
  }

  #handleOf(service: TokenServiceSettings, Client: typeof TokenClient): Handle {
    let handle = this.#handles.get(service.version);
    if (handle === undefined) {
      handle = { client: new Client(service, this.#options), underWay: 0 };
      this.#handles.set(service.version, handle);
    }
    return handle;
  }

  #endIfIdle(handle: Handle): void {
    if (handle.underWay > 0) return;
    const ended = () => this.#ending.delete(handle);
    handle.client.close().then(ended, ended);
  }
}
