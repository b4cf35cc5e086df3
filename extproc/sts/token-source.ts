/** One kind of token: everything that messages which may share a token have in common. */

import type { HeldToken } from './held-token.ts';
import type { CacheSettings } from './settings.ts';

export interface TokenSource {
  /** Of `cacheKey`. */
  readonly key: string;
  /** `namespace/name`, for metrics. */
  readonly service: string;
  /** Of the settings: sources of a version that is out of use are let go. */
  readonly version: string;
  readonly settings: CacheSettings;
  /** Bytes that live as long as the source. */
  readonly size: number;
  /**
   * Asks the service.
   *
   * @param previous still valid, to be replaced; absent: there is none
   * @param signal aborts when nobody will want the token any more
   */
  fetch(previous: HeldToken | undefined, signal: AbortSignal): Promise<HeldToken>;
}
