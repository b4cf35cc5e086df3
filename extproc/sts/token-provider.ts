/** The front door of this room: the token that one message needs, from the cache or from the service. */

import type { Registry } from 'prom-client';
import type { Logger } from '../observe/log.ts';
import type { CallerToken, TokenInUse } from '../wss/issued-token.ts';
import type { TokenCredential, TokenServiceSettings } from './settings.ts';
import type { SharedTokens } from './shared-tokens.ts';

/** What decides which token a message gets. */
export interface TokenDemand {
  readonly service: TokenServiceSettings;
  /** Absent: nobody in particular asks. */
  readonly credential?: TokenCredential;
  /** Who sent the message; used only where the service is asked in the caller's name. */
  readonly caller?: CallerToken;
  /** `namespace/name` of the policy: two policies never share a token. */
  readonly policy: string;
  /** Milliseconds that the message may wait. */
  readonly budget: number;
}

export interface TokenProviderOptions {
  /** Absent: this process is alone. */
  readonly shared?: SharedTokens;
  /** Milliseconds since 1970. */
  now(): number;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Secret of the fleet from which the names of shared entries are derived; asked for again each time, as it may change. */
  indexKey(): Buffer;
}

export declare class TokenProvider {
  constructor(options: TokenProviderOptions);

  /**
   * The token for one message; at once when one is in memory.
   *
   * @throws TokenServiceError, and those are also what the promise rejects with, when there is none
   * @throws NoCallerTokenError when the service is asked in the caller's name and there is no caller
   */
  obtain(demand: TokenDemand): TokenInUse | Promise<TokenInUse>;

  /**
   * A backend answered a message that carried this token with a security Fault. Never throws or rejects.
   *
   * @param used what `obtain` gave for the message, the very object
   * @returns whether a new token may help
   */
  backendRefused(demand: TokenDemand, used: TokenInUse): Promise<boolean>;

  /** @param versions of settings that are still in use: clients of all others end when nobody waits for them any more */
  retain(versions: ReadonlySet<string>): void;

  close(): Promise<void>;
}
