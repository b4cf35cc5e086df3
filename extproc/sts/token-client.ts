/** Asks one token service: in its way of asking, no more often than it may be, and not while it does not answer. */

import { performance } from 'node:perf_hooks';
import type { CallerToken } from '../wss/issued-token.ts';
import { CircuitBreaker, type Finding } from './circuit-breaker.ts';
import {
  TokenAnswerError,
  TokenBudgetError,
  TokenServiceBusyError,
  TokenServiceFaultError,
  TokenServiceOpenError,
  TokenServiceStatusError,
  TokenServiceTimeoutError,
  TokenServiceUnreachableError,
} from './errors.ts';
import { KerberosTicketError } from '../kerberos/errors.ts';
import { issueTicket } from '../kerberos/issue-ticket.ts';
import { issueExternally } from './external-client.ts';
import type { HeldToken } from './held-token.ts';
import { HttpClient } from './http-client.ts';
import type { Question } from './question.ts';
import { retry } from './retry.ts';
import type { TokenCredential, TokenServiceSettings, WsTrustSettings } from './settings.ts';
import type { Sleep } from './sleep.ts';
import { Throttle } from './throttle.ts';
import type { RequestResult, TokenMetrics, TokenOperation } from './token-metrics.ts';
import { cancelToken, issueToken, renewToken, validateToken } from './ws-trust-client.ts';

export interface TokenClientOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly metrics: TokenMetrics;
  /** Default: real time. */
  readonly sleep?: Sleep;
}

/** What one operation is asked with. */
interface Demand {
  readonly credential: TokenCredential | undefined;
  readonly caller?: CallerToken | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * The client of one version of one token service. Services share nothing, so one that is slow or dead holds up nobody
 * who does not need it.
 *
 * All methods reject with a `TokenServiceError` of `errors.ts` when the service does not do what it is asked for, with
 * `NoCredentialError` or `NoCallerTokenError` when there is nothing to ask it with. When the signal aborts, that is a
 * `TokenBudgetError`, or the last failure before.
 */
export class TokenClient {
  readonly #settings: TokenServiceSettings;
  readonly #options: TokenClientOptions;
  readonly #throttle: Throttle;
  readonly #breaker: CircuitBreaker;
  readonly #unwatch: () => void;
  readonly #closing = new AbortController();
  /** By the fingerprint of the credential whose certificate TLS shows; '': by that of the service, or none. */
  readonly #connections = new Map<string, HttpClient>();

  constructor(settings: TokenServiceSettings, options: TokenClientOptions) {
    const { now, sleep } = options;
    this.#settings = settings;
    this.#options = options;
    this.#throttle = new Throttle({ ...settings.throttle, now, sleep });
    this.#breaker = new CircuitBreaker({ ...settings.circuitBreaker, now });
    this.#unwatch = options.metrics.watchCircuit({ service: settings.id, isOpen: () => this.#breaker.isOpen });
  }

  /** @param caller in whose name the token is asked for, where the service is asked for such ones */
  issue(
    credential: TokenCredential | undefined,
    caller: CallerToken | undefined,
    signal?: AbortSignal,
  ): Promise<HeldToken> {
    const { source } = this.#settings;
    return this.#ask('Issue', { credential, caller, signal }, (question) => {
      if (source.kind === 'kerberos') return issueTicket(source, question);
      return source.kind === 'external' ? issueExternally(source, question) : issueToken(source, question);
    });
  }

  /** A new token in place of `held` (WS-Trust 1.3 §5). Only of a `wsTrust` service, as all that follow. */
  renew(
    held: HeldToken,
    credential: TokenCredential | undefined,
    caller: CallerToken | undefined,
    signal?: AbortSignal,
  ): Promise<HeldToken> {
    const source = this.#trust();
    return this.#ask('Renew', { credential, caller, signal }, (question) => renewToken(source, question, held));
  }

  /** Whether the service still stands by a token that it issued (WS-Trust 1.3 §7). */
  validate(held: HeldToken, credential: TokenCredential | undefined, signal?: AbortSignal): Promise<boolean> {
    const source = this.#trust();
    return this.#ask('Validate', { credential, signal }, (question) => validateToken(source, question, held));
  }

  /** Gives a token back (WS-Trust 1.3 §6). It is tried only once. */
  cancel(held: HeldToken, credential: TokenCredential | undefined, signal?: AbortSignal): Promise<void> {
    const source = this.#trust();
    return this.#ask('Cancel', { credential, signal }, (question) => cancelToken(source, question, held));
  }

  /** Ends all connections; what is under way fails. */
  async close(): Promise<void> {
    this.#unwatch();
    this.#closing.abort();
    await Promise.all([...this.#connections.values()].map((http) => http.close()));
  }

  #trust(): WsTrustSettings {
    const { source } = this.#settings;
    if (source.kind !== 'wsTrust') throw new TypeError('only a wsTrust service can do more than issue tokens');
    return source;
  }

  #ask<T>(operation: TokenOperation, demand: Demand, send: (question: Question) => Promise<T>): Promise<T> {
    const { retryAttempts, cache, connectionTimeout } = this.#settings;
    const { now, sleep } = this.#options;
    const closing = this.#closing.signal;
    const signal = demand.signal === undefined ? closing : AbortSignal.any([demand.signal, closing]);
    const { credential, caller } = demand;
    const once = () =>
      this.#counted(operation, async (sent) => {
        this.#breaker.check();
        const leave = await this.#throttle.enter(signal);
        try {
          const http = this.#httpFor(credential);
          const report = this.#breaker.enter();
          sent();
          return await found(
            send({ http, credential, caller, signal, timeout: connectionTimeout, ttl: cache.ttl, now }),
            report,
          );
        } finally {
          leave();
        }
      });
    return retry(once, { attempts: operation === 'Cancel' ? 0 : retryAttempts, signal, sleep });
  }

  /** @param once calls its argument at the moment from which its time counts */
  async #counted<T>(operation: TokenOperation, once: (sent: () => void) => Promise<T>): Promise<T> {
    let began: number | undefined;
    const count = (result: RequestResult) => {
      const duration = began === undefined ? undefined : performance.now() - began;
      this.#options.metrics.request(this.#settings.id, operation, result, duration);
    };
    try {
      const answer = await once(() => {
        began = performance.now();
      });
      count('ok');
      return answer;
    } catch (error) {
      count(resultOf(error));
      throw error;
    }
  }

  #httpFor(credential: TokenCredential | undefined): HttpClient {
    const { source, tls, throttle, connectionTimeout } = this.#settings;
    const own = source.kind !== 'wsTrust' || source.mutualTls ? credential?.client : undefined;
    const id = own === undefined ? '' : (credential?.fingerprint ?? '');
    let http = this.#connections.get(id);
    if (http === undefined) {
      http = new HttpClient({
        ca: tls.ca,
        client: own ?? tls.client,
        connections: throttle.maxConcurrent,
        connectTimeout: connectionTimeout,
      });
      this.#connections.set(id, http);
    }
    return http;
  }
}

/** Whatever the service says, it is there when it says it: only silence counts against it. */
async function found<T>(answer: Promise<T>, report: (finding: Finding) => void): Promise<T> {
  try {
    const value = await answer;
    report('Answered');
    return value;
  } catch (error) {
    report(findingOf(error));
    throw error;
  }
}

function findingOf(error: unknown): Finding {
  if (error instanceof TokenServiceUnreachableError || error instanceof TokenServiceTimeoutError) return 'Failed';
  if (error instanceof TokenServiceStatusError) return error.transient ? 'Failed' : 'Answered';
  if (error instanceof KerberosTicketError) return error.transient ? 'Failed' : 'Answered';
  return error instanceof TokenServiceFaultError || error instanceof TokenAnswerError ? 'Answered' : 'Unknown';
}

function resultOf(error: unknown): RequestResult {
  if (error instanceof TokenServiceFaultError || error instanceof KerberosTicketError) return 'fault';
  if (error instanceof TokenServiceUnreachableError) return 'unreachable';
  if (error instanceof TokenServiceTimeoutError) return 'timeout';
  if (error instanceof TokenServiceStatusError) return 'status';
  if (error instanceof TokenAnswerError) return 'answer';
  if (error instanceof TokenServiceOpenError) return 'circuit_open';
  if (error instanceof TokenServiceBusyError) return 'busy';
  return error instanceof TokenBudgetError ? 'budget' : 'error';
}
