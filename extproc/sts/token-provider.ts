/** The front door of this room: the token that one message needs, from the cache or from the service. */

import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Logger } from '../observe/log.ts';
import { messageToken } from '../kerberos/message-token.ts';
import type { CallerToken, TokenInUse } from '../wss/issued-token.ts';
import { cacheKey } from './cache-key.ts';
import { systemTimers, type Clock, type Timers } from './clock.ts';
import { NoCallerTokenError, TokenServiceFaultError } from './errors.ts';
import { isDefinitive } from './failure-memory.ts';
import type { HeldToken } from './held-token.ts';
import { RefusedTokens } from './refused-tokens.ts';
import { ServiceLog } from './service-log.ts';
import type { TokenCredential, TokenServiceSettings } from './settings.ts';
import type { SharedTokens } from './shared-tokens.ts';
import { TokenCache } from './token-cache.ts';
import type { TokenClient } from './token-client.ts';
import { TokenClients } from './token-clients.ts';
import { TokenMetrics } from './token-metrics.ts';
import type { TokenSource } from './token-source.ts';

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
  /**
   * Secret of the fleet from which the names of shared entries are derived; asked for each time, as it may change. Absent:
   * this process has one of its own.
   */
  readonly indexKey?: () => Buffer;
  /** Of the cache; default: real time. */
  readonly timers?: Timers;
}

/** Sources of one service's settings that all callers share. */
type Sources = Map<TokenCredential | undefined, SourcesByPolicy>;
type SourcesByPolicy = Map<string, TokenSource>;

const INDEX_KEY_BYTES = 32;

export class TokenProvider {
  readonly #clock: Clock;
  readonly #clients: TokenClients;
  readonly #cache: TokenCache;
  readonly #refused: RefusedTokens;
  readonly #log: ServiceLog;
  #sources = new WeakMap<TokenServiceSettings, Sources>();
  readonly #indexKeyNow: () => Buffer;
  /** That of the sources. */
  #indexKey: Buffer;
  readonly #inUse = new WeakMap<HeldToken, TokenInUse>();
  /** Where those came from. */
  readonly #origins = new WeakMap<TokenInUse, { readonly held: HeldToken; readonly source: TokenSource }>();

  constructor(options: TokenProviderOptions) {
    const { shared, registry, logger, timers = systemTimers } = options;
    const now = () => options.now();
    const metrics = new TokenMetrics(registry);
    this.#clock = { now, elapsed: () => timers.elapsed(), after: (...timer) => timers.after(...timer) };
    this.#clients = new TokenClients({ now, metrics });
    this.#cache = new TokenCache({ shared, clock: this.#clock, metrics });
    this.#refused = new RefusedTokens(this.#cache, this.#clients, now);
    this.#log = new ServiceLog(logger);
    const ownKey = randomBytes(INDEX_KEY_BYTES);
    this.#indexKeyNow = options.indexKey ?? (() => ownKey);
    this.#indexKey = this.#indexKeyNow();
  }

  /**
   * The token for one message; at once when one is in memory.
   *
   * @throws TokenServiceError, and those are also what the promise rejects with, when there is none
   * @throws NoCallerTokenError when the service is asked in the caller's name and there is no caller
   */
  obtain(demand: TokenDemand): TokenInUse | Promise<TokenInUse> {
    const source = this.#sourceOf(demand);
    const held = this.#cache.get(source, demand.budget);
    return held instanceof Promise
      ? held.then((arrived) => this.#use(arrived, source, demand))
      : this.#use(held, source, demand);
  }

  /**
   * A backend answered a message that carried this token with a security Fault. Never throws or rejects.
   *
   * @param used what `obtain` gave for the message, the very object
   * @returns whether a new token may help
   */
  async backendRefused(demand: TokenDemand, used: TokenInUse): Promise<boolean> {
    const origin = this.#origins.get(used);
    const { service, credential } = demand;
    return origin !== undefined && this.#refused.refused({ service, credential, ...origin });
  }

  /** @param versions of settings that are still in use: clients of all others end when nobody waits for them any more */
  retain(versions: ReadonlySet<string>): void {
    this.#cache.retain(versions);
    this.#clients.retain(versions);
    this.#log.retain(versions);
  }

  /** What waits for a token gets none. */
  async close(): Promise<void> {
    await this.#cache.close();
    await this.#clients.close();
  }

  #sourceOf({ service, credential, caller, policy }: TokenDemand): TokenSource {
    const indexKey = this.#indexKeyNow();
    if (indexKey !== this.#indexKey && !indexKey.equals(this.#indexKey)) this.#sources = new WeakMap();
    this.#indexKey = indexKey;
    if (delegates(service)) {
      if (caller === undefined) throw new NoCallerTokenError('the message proves no caller to ask a token for');
      return this.#newSource(service, credential, caller, policy);
    }
    const ofService: Sources = this.#sources.get(service) ?? new Map<TokenCredential | undefined, SourcesByPolicy>();
    const ofCredential: SourcesByPolicy = ofService.get(credential) ?? new Map<string, TokenSource>();
    let source = ofCredential.get(policy);
    if (source === undefined) {
      source = this.#newSource(service, credential, undefined, policy);
      this.#sources.set(service, ofService);
      ofService.set(credential, ofCredential);
      ofCredential.set(policy, source);
    }
    return source;
  }

  #newSource(
    service: TokenServiceSettings,
    credential: TokenCredential | undefined,
    caller: CallerToken | undefined,
    policy: string,
  ): TokenSource {
    return {
      key: cacheKey(this.#indexKey, { service, credential, caller, policy }),
      service: service.id,
      version: service.version,
      settings: service.cache,
      size: caller?.bytes.length ?? 0,
      fetch: (previous, signal) => this.#fetch(service, credential, caller, previous, signal),
    };
  }

  async #fetch(
    service: TokenServiceSettings,
    credential: TokenCredential | undefined,
    caller: CallerToken | undefined,
    previous: HeldToken | undefined,
    signal: AbortSignal,
  ): Promise<HeldToken> {
    const began = this.#clock.elapsed();
    try {
      const held = await this.#clients.use(service, (client) =>
        previous !== undefined && renews(service)
          ? renewOrIssue(client, previous, credential, caller, signal)
          : client.issue(credential, caller, signal),
      );
      this.#log.succeeded(service, credential, this.#clock.elapsed() - began);
      return held;
    } catch (error) {
      if (!signal.aborted) this.#log.failed(service, credential, error, this.#clock.elapsed() - began);
      throw error;
    }
  }

  /** The same object for the same token, so that the key is made once; but of a Kerberos ticket a new token for each message. */
  #use(held: HeldToken, source: TokenSource, { service, credential }: TokenDemand): TokenInUse {
    if (service.source.kind === 'kerberos') {
      const token = messageToken(held, service.source, this.#clock.now());
      this.#origins.set(token, { held, source });
      return token;
    }
    let used = this.#inUse.get(held);
    if (used === undefined) {
      const key = proofKey(held, service, credential);
      used = { token: held.token, ...(key && { key }) };
      this.#inUse.set(held, used);
      this.#origins.set(used, { held, source });
    }
    return used;
  }
}

/** Whether tokens are asked for in the caller's name. */
function delegates({ source }: TokenServiceSettings): boolean {
  return source.kind === 'wsTrust' && source.delegation !== undefined;
}

function renews({ source }: TokenServiceSettings): boolean {
  return source.kind === 'wsTrust' && source.renew;
}

/** Not every token can be renewed, and not every service says so in the same words. */
async function renewOrIssue(
  client: TokenClient,
  previous: HeldToken,
  credential: TokenCredential | undefined,
  caller: CallerToken | undefined,
  signal: AbortSignal,
): Promise<HeldToken> {
  try {
    return await client.renew(previous, credential, caller, signal);
  } catch (error) {
    const fault = error instanceof TokenServiceFaultError ? error.fault : undefined;
    // The account must not be locked by trying the password twice as often.
    const mayIssue = fault !== 'FailedAuthentication' && (fault !== undefined || isDefinitive(error));
    if (!mayIssue) throw error;
    return client.issue(credential, caller, signal);
  }
}

/** What proves that a token is ours (WS-Trust 1.3 §4.4): nothing, the secret that came with it, or our private key. */
function proofKey(
  { token }: HeldToken,
  { source }: TokenServiceSettings,
  credential: TokenCredential | undefined,
): KeyObject | undefined {
  if (token.secret !== undefined) return createSecretKey(token.secret);
  return source.kind === 'wsTrust' && source.keyType === 'Public' ? credential?.key?.key : undefined;
}
