/** What becomes of a token after a backend refused a message that carried it. */

import type { HeldToken } from './held-token.ts';
import { sameToken } from './held-token.ts';
import type { TokenCredential, TokenServiceSettings } from './settings.ts';
import type { TokenCache } from './token-cache.ts';
import type { TokenClients } from './token-clients.ts';
import type { TokenSource } from './token-source.ts';

export interface Refusal {
  readonly service: TokenServiceSettings;
  readonly credential: TokenCredential | undefined;
  readonly source: TokenSource;
  readonly held: HeldToken;
}

/**
 * A token that is this young (milliseconds, or half of its life) stays: another one would fare no better, and whoever can
 * make a backend refuse messages must not make us ask for token after token.
 */
const YOUNG = 10_000;

export class RefusedTokens {
  readonly #cache: TokenCache;
  readonly #clients: TokenClients;
  readonly #now: () => number;
  /** One answer for all messages that carried the token, and until when it holds. */
  readonly #answers = new WeakMap<HeldToken, { readonly helps: Promise<boolean>; until: number }>();

  constructor(cache: TokenCache, clients: TokenClients, now: () => number) {
    this.#cache = cache;
    this.#clients = clients;
    this.#now = now;
  }

  /** @returns whether a new token may help. Never rejects. */
  async refused(refusal: Refusal): Promise<boolean> {
    const { service, source, held } = refusal;
    // Without a cache the token was new.
    if (service.cache.ttl === 0) return false;
    const current = this.#cache.current(source);
    if (current !== undefined && !sameToken(current, held)) return true;
    const now = this.#now();
    const known = this.#answers.get(held);
    if (known !== undefined && now < known.until) return known.helps;
    const age = now - held.obtained;
    if (age < Math.min(YOUNG, (held.expires - held.obtained) / 2)) return false;
    const answer = { helps: this.#replace(refusal), until: Infinity };
    this.#answers.set(held, answer);
    const helps = await answer.helps;
    // The service stood by it; that may change.
    if (!helps) answer.until = this.#now() + YOUNG;
    return helps;
  }

  async #replace({ service, credential, source, held }: Refusal): Promise<boolean> {
    const trust = service.source.kind === 'wsTrust' ? service.source : undefined;
    if (trust?.validate === true) {
      // If the service does not answer either, there is nothing better to be had.
      const stays = await this.#clients.use(service, (client) => client.validate(held, credential)).catch(() => true);
      if (stays) return false;
    }
    await this.#cache.invalidate(source, held);
    if (trust?.cancel === true) {
      // In the background; that it failed is in the metrics, and all there is to do about it.
      this.#clients.use(service, (client) => client.cancel(held, credential)).catch(() => undefined);
    }
    return true;
  }
}
