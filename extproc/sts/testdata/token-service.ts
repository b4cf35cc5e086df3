/** A service that issues tokens in virtual time, and knows of each when it really ends. */

import type { HeldToken } from '../held-token.ts';
import type { CacheSettings } from '../settings.ts';
import type { TokenSource } from '../token-source.ts';
import type { VirtualTime } from './virtual-time.ts';

export const SETTINGS: CacheSettings = { ttl: 3_600_000, refreshBefore: 60_000, staleOnError: true };

export class VirtualTokenService {
  readonly #time: VirtualTime;
  readonly #ends = new Map<string, number>();
  /** Milliseconds that a token lives. */
  lifetime = 5000;
  /** Milliseconds that an answer takes. */
  latency = 20;
  /** What it answers instead of a token. */
  failure: (() => Error) | undefined;
  fetches = 0;
  /** What it was to replace, per fetch. */
  readonly previous: (HeldToken | undefined)[] = [];

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  source(options: Partial<TokenSource> = {}): TokenSource {
    return {
      ...{ key: 'key', service: 'shop/sts', version: '1', settings: SETTINGS, size: 0 },
      fetch: (previous) => this.issue(previous),
      ...options,
    };
  }

  async issue(previous?: HeldToken, bytes = 0): Promise<HeldToken> {
    const obtained = this.#time.now();
    const name = `token ${++this.fetches}`.padEnd(bytes);
    const { failure, lifetime } = this;
    this.previous.push(previous);
    // From when it is asked for: a token's life is never longer than that.
    this.#ends.set(name, this.#time.elapsed() + lifetime);
    await this.#time.sleep(this.latency);
    if (failure !== undefined) throw failure();
    return { token: { bytes: Buffer.from(name) }, obtained, expires: obtained + lifetime };
  }

  /** Milliseconds until the token really ends; negative: it has ended. */
  remaining({ token }: HeldToken): number {
    return (this.#ends.get(nameOf({ token })) ?? -Infinity) - this.#time.elapsed();
  }
}

export function nameOf({ token }: Pick<HeldToken, 'token'>): string {
  return Buffer.from(token.bytes).toString();
}
