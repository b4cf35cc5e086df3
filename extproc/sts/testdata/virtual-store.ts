/** What several caches of one process share in virtual time, in place of a store outside; it can be slow and it can break. */

import { sameToken, type HeldToken } from '../held-token.ts';
import { SharedStoreUnavailableError, type SharedTokens, type TokenLock } from '../shared-tokens.ts';
import type { VirtualTime } from './virtual-time.ts';

interface Entry {
  token?: { readonly held: HeldToken; readonly fence: number; readonly end: number };
  failedUntil: number;
  lockedBy: number;
  lockedUntil: number;
}

export type Operation = 'read' | 'write' | 'writeFailure' | 'lock' | 'release' | 'remove';

/** As any store outside answers at the latest. */
const PATIENCE = 250;

export class VirtualStore implements SharedTokens {
  readonly #time: VirtualTime;
  readonly #entries = new Map<string, Entry>();
  #fence = 0;
  available = true;
  /** Milliseconds that every answer takes. */
  latency = 1;
  /** Whether the call of this number, from 0, is to fail. */
  breaks: (call: number, operation: Operation) => boolean = () => false;
  readonly calls: Operation[] = [];

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  read(key: string): Promise<HeldToken | 'failed' | undefined> {
    return this.#ask('read', () => {
      const { token, failedUntil } = this.#entry(key);
      const now = this.#time.elapsed();
      if (token !== undefined && token.end > now) return structuredClone(token.held);
      return failedUntil > now ? 'failed' : undefined;
    });
  }

  write(key: string, held: HeldToken, fence: number): Promise<boolean> {
    return this.#ask('write', () => {
      const entry = this.#entry(key);
      if (entry.token !== undefined && entry.token.fence > fence) return false;
      const end = this.#time.elapsed() + (held.expires - this.#time.now());
      entry.token = { held: structuredClone(held), fence, end };
      entry.failedUntil = 0;
      return true;
    });
  }

  writeFailure(key: string, ttl: number): Promise<void> {
    return this.#ask('writeFailure', () => {
      this.#entry(key).failedUntil = this.#time.elapsed() + ttl;
    });
  }

  lock(key: string, ttl: number): Promise<TokenLock | undefined> {
    return this.#ask('lock', () => {
      const entry = this.#entry(key);
      const now = this.#time.elapsed();
      if (entry.lockedUntil > now) return undefined;
      const fence = ++this.#fence;
      entry.lockedBy = fence;
      entry.lockedUntil = now + ttl;
      const release = () =>
        this.#ask('release', () => {
          if (entry.lockedBy === fence) entry.lockedUntil = 0;
        });
      return { fence, release };
    });
  }

  remove(key: string, held: HeldToken): Promise<void> {
    return this.#ask('remove', () => {
      const entry = this.#entry(key);
      if (entry.token !== undefined && sameToken(entry.token.held, held)) delete entry.token;
    });
  }

  /** Puts something there that no process of ours wrote. */
  plant(key: string, held: HeldToken): void {
    this.#entry(key).token = { held, fence: 0, end: Infinity };
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { failedUntil: 0, lockedBy: 0, lockedUntil: 0 };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** Half of the time passes before it is done, and half after that: either may be lost. */
  async #ask<T>(operation: Operation, work: () => T): Promise<T> {
    const call = this.calls.push(operation) - 1;
    if (!this.available || this.breaks(call, operation)) throw new SharedStoreUnavailableError('broken');
    await this.#time.sleep(Math.min(this.latency, PATIENCE) / 2);
    const done = this.latency > 2 * PATIENCE ? undefined : work();
    await this.#time.sleep(Math.min(this.latency, PATIENCE) / 2);
    if (this.latency > PATIENCE) throw new SharedStoreUnavailableError('too slow');
    return done as T;
  }
}
