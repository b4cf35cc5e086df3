/** What one process knows of the tokens that it uses: bounded in number and in bytes; the least recently used goes first. */

import { LRUCache } from 'lru-cache';
import type { HeldToken } from './held-token.ts';
import type { TokenSource } from './token-source.ts';
import type { TokenTimes } from './token-times.ts';

export class TokenEntry {
  /** The latest one: it asks with the caller's latest token. */
  source: TokenSource;
  times: TokenTimes | undefined;
  /** A backend refused it. */
  refused: HeldToken | undefined;
  /** Somebody has been given the token since a new one was last asked for. */
  used = true;
  /** How often in a row a new token could not be had. */
  failures = 0;
  /** By `elapsed()`: not before then is a new token asked for again. */
  retryFrom = -Infinity;
  /** Undoes the timer that is to ask for a new token. */
  cancelTimer: (() => void) | undefined;

  constructor(source: TokenSource) {
    this.source = source;
  }
}

/** What an entry takes besides the bytes of its token. */
const OVERHEAD = 1024;

export class MemoryTokens {
  readonly #entries: LRUCache<string, TokenEntry>;

  constructor(maxEntries: number, maxBytes: number) {
    this.#entries = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: sizeOf,
      dispose: (entry) => entry.cancelTimer?.(),
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get(key: string): TokenEntry | undefined {
    return this.#entries.get(key);
  }

  /**
   * @param change what is done to the entry of the source, a new one if need be, before its bytes are counted. Its timer is
   *   undone.
   */
  change(source: TokenSource, change: (entry: TokenEntry) => void): TokenEntry {
    const entry = this.#entries.get(source.key) ?? new TokenEntry(source);
    // What is there already would not be counted again.
    this.#entries.delete(source.key);
    entry.source = source;
    change(entry);
    this.#entries.set(source.key, entry);
    return entry;
  }

  /** Whether the entry has not been let go. */
  has(entry: TokenEntry): boolean {
    return this.#entries.peek(entry.source.key) === entry;
  }

  retain(versions: ReadonlySet<string>): void {
    for (const [key, { source }] of this.#entries.entries())
      if (!versions.has(source.version)) this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}

function sizeOf({ source, times, refused }: TokenEntry): number {
  const held = [times?.held, refused].map((one) => (one === undefined ? 0 : one.token.bytes.length));
  return OVERHEAD + source.size + (held[0] ?? 0) + (held[1] ?? 0);
}
