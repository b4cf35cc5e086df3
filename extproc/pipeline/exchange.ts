/**
 * One HTTP exchange: the policy's verdict on its request, then on the response to it. The only place that knows the order
 * of the steps, and the only one that waits for anything.
 */

import { randomUUID } from 'node:crypto';
import type { AddressingValues } from '../wss/addressing.ts';
import { EMPTY_EXCHANGE, type ExchangeState } from '../wss/exchange-state.ts';
import { ReplayedError } from '../wss/errors.ts';
import type { CompiledPhase, CompiledPolicy } from './compile.ts';
import type { MessageMeta } from './conditions.ts';
import type { Durations, JobDone, JobResult, Phase } from './engine.ts';
import { contentCodings, likelySoapVersion, soapVersionOf } from './entity.ts';
import { BodyMissingError, PolicyBrokenError, UnmatchedSoapError } from './errors.ts';
import { describeFailure, refusalFor, type Failure } from './failure.ts';
import { refuseSoap } from './guard.ts';
import type { ReplayCache } from './replay-cache.ts';
import { soapActions } from './request-values.ts';
import { forward, PASS, type Outcome, type Refused } from './outcome.ts';
import type { JobRunner } from './runner.ts';

export interface ResponseMeta {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** What is told to logs and metrics about each message. */
export interface Verdict {
  readonly policy: string;
  readonly phase: Phase;
  readonly correlationId: string;
  /** The two last are of Audit mode: the message has gone on as it came. */
  readonly outcome: 'passed' | 'forwarded' | 'refused' | 'would_forward' | 'would_refuse';
  /** Of a refusal. */
  readonly failure?: Failure;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durations: Durations;
  /** Milliseconds for all of it, waits included. */
  readonly total: number;
  readonly legacyAlgorithms: readonly string[];
}

export interface ExchangeServices {
  readonly runner: JobRunner;
  readonly replay: ReplayCache;
  readonly report: (verdict: Verdict) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Statuses that say by themselves that the answer has no body: one-way messages have them. */
const EMPTY_STATUSES: ReadonlySet<number> = new Set([202, 204]);

/** How the work on one message ended. */
interface Conclusion {
  readonly outcome: Outcome;
  readonly failure?: Failure;
  readonly result?: JobResult;
}

export class Exchange {
  readonly policy: CompiledPolicy;
  readonly correlationId: string;
  readonly #request: MessageMeta;
  readonly #services: ExchangeServices;
  #state: ExchangeState = EMPTY_EXCHANGE;
  /** Whether the policy concerns this exchange; undefined until its request's body has told. */
  #concerned: boolean | undefined;
  #unanswered: Error | undefined;

  constructor(policy: CompiledPolicy, request: MessageMeta, correlationId: string, services: ExchangeServices) {
    this.policy = policy;
    this.correlationId = correlationId;
    this.#request = request;
    this.#services = services;
    if (!policy.enabled) this.#concerned = false;
    else if (!policy.needsBody) this.#askConditions();
  }

  /** A condition that has no answer refuses the request when its verdict is asked for. */
  #askConditions(): void {
    try {
      this.#concerned = this.policy.matches(this.#request, undefined);
    } catch (error) {
      this.#unanswered = error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Goes on with an exchange whose request another process has handled: one that the policy concerns. */
  resume(state: ExchangeState): void {
    this.#state = state;
    this.#concerned = this.policy.enabled;
  }

  /** What the response must know of its request. */
  get state(): ExchangeState {
    return this.#state;
  }

  /** Whether the phase looks at bodies; if not, `request` or `response` can be asked at once, without one. */
  needsBody(phase: Phase): boolean {
    if (this.#concerned === undefined) return phase === 'request' || hasWork(this.policy.response);
    if (phase === 'request' && this.#guards()) return true;
    return this.#concerned && (this.policy.broken !== undefined || hasWork(this.policy[phase]));
  }

  /** Bytes of a body that may come: what is only looked at for whether it is SOAP has no limit but that of Envoy's buffer. */
  get maxBodyBytes(): number {
    return this.#guards() ? Infinity : this.policy.limits.maxBodyBytes;
  }

  /** The policy does nothing with the request but refuse it if it is SOAP. */
  #guards(): boolean {
    const { enabled, unmatched, broken, request, response } = this.policy;
    if (unmatched === 'Pass' || !enabled) return false;
    return this.#concerned === false || (broken === undefined && !hasWork(request) && !hasWork(response));
  }

  /**
   * The verdict on the request. Never rejects.
   *
   * @param body absent or empty: the request has none
   * @param abandoned whether the client has gone
   */
  request(body: Buffer | undefined, abandoned: () => boolean): Promise<Outcome> {
    return this.#conclude('request', body, () => this.#decideRequest(body, abandoned));
  }

  /** The verdict on the response, after the one on the request. Never rejects. */
  response(meta: ResponseMeta, body: Buffer | undefined, abandoned: () => boolean): Promise<Outcome> {
    return this.#conclude('response', body, () => this.#decideResponse(meta, body, abandoned), meta);
  }

  /** Refuses a message for a reason outside of it, overload for example. */
  refuse(phase: Phase, error: unknown, response?: ResponseMeta): Refused {
    const failure = describeFailure(error);
    const outcome = this.#refusal(phase, failure, response);
    this.#report(phase, { outcome, failure }, 0, 0);
    return outcome;
  }

  async #conclude(
    phase: Phase,
    body: Buffer | undefined,
    decide: () => Promise<Conclusion>,
    response?: ResponseMeta,
  ): Promise<Outcome> {
    const started = performance.now();
    const bytesIn = body?.length ?? 0;
    let conclusion: Conclusion;
    try {
      conclusion = await decide();
    } catch (error) {
      conclusion = this.#refused(phase, describeFailure(error), response);
    }
    this.#report(phase, conclusion, bytesIn, performance.now() - started);
    if (this.policy.mode === 'Enforce') return conclusion.outcome;
    return phase === 'request' ? this.#notConcerned().outcome : PASS;
  }

  async #decideRequest(body: Buffer | undefined, abandoned: () => boolean): Promise<Conclusion> {
    const { policy } = this;
    const empty = body === undefined || body.length === 0;
    if (this.#concerned === undefined && empty) this.#askConditions();
    if (this.#unanswered !== undefined) throw this.#unanswered;
    if (this.#guards()) {
      if (!empty) refuseSoap(this.#request.headers, body);
      return this.#notConcerned();
    }
    if (this.#concerned === false) return this.#notConcerned();
    if (policy.broken !== undefined) throw new PolicyBrokenError(policy.broken);
    if (!this.needsBody('request')) return { outcome: PASS };
    if (empty) throw new BodyMissingError('the request has no body');
    const { headers } = this.#request;
    const result = await this.#services.runner.run(
      policy,
      {
        phase: 'request',
        bytes: body,
        soapVersion: soapVersionOf(headers),
        codings: contentCodings(headers),
        ...(this.#concerned === undefined && { meta: this.#request }),
        ...(policy.request.addressing !== undefined && { addressing: this.#requestAddressing() }),
        exchange: this.#state,
        now: this.#services.now(),
      },
      abandoned,
    );
    this.#concerned = result.kind !== 'notConcerned';
    if (result.kind === 'notConcerned') {
      if (policy.unmatched === 'Refuse') throw new UnmatchedSoapError('the policy does not concern this operation');
      return this.#notConcerned();
    }
    if (result.kind === 'failed') return { ...this.#refused('request', result.failure), result };
    await this.#checkReplay(result);
    this.#state = result.exchange;
    return { outcome: forward(result, headers), result };
  }

  async #decideResponse(meta: ResponseMeta, body: Buffer | undefined, abandoned: () => boolean): Promise<Conclusion> {
    const { policy } = this;
    if (!this.needsBody('response')) return { outcome: PASS };
    if (policy.broken !== undefined) throw new PolicyBrokenError(policy.broken);
    if (body === undefined || body.length === 0) {
      if (EMPTY_STATUSES.has(meta.status) || this.#request.method === 'HEAD') return { outcome: PASS };
      throw new BodyMissingError(`the answer, of status ${meta.status}, has no body`);
    }
    const result = await this.#services.runner.run(
      policy,
      {
        phase: 'response',
        bytes: body,
        soapVersion: soapVersionOf(meta.headers),
        codings: contentCodings(meta.headers),
        ...(policy.response.addressing !== undefined && { addressing: addressingOf(meta.headers) }),
        exchange: this.#state,
        now: this.#services.now(),
      },
      abandoned,
    );
    if (result.kind === 'notConcerned') return { outcome: PASS };
    if (result.kind === 'failed') return { ...this.#refused('response', result.failure, meta), result };
    await this.#checkReplay(result);
    return { outcome: forward(result, meta.headers), result };
  }

  /** Nothing is changed but identity headers that the client invented: the backend believes that we set them. */
  #notConcerned(): Conclusion {
    if (!this.policy.enabled) return { outcome: PASS };
    const forged = this.policy.request.identityHeaders
      .map(({ name }) => name.toLowerCase())
      .filter((name) => this.#request.headers.has(name));
    return { outcome: forged.length === 0 ? PASS : { kind: 'forward', remove: forged, set: [] } };
  }

  async #checkReplay({ replay }: JobDone): Promise<void> {
    if (replay.length === 0) return;
    if (!(await this.#services.replay.remember(replay, this.#services.now()))) {
      throw new ReplayedError('the message has been seen before');
    }
  }

  #requestAddressing(): AddressingValues {
    const { host, path, headers } = this.#request;
    const scheme = headers.get(':scheme')?.[0] ?? 'http';
    return { ...addressingOf(headers), ...(host !== '' && { to: `${scheme}://${host}${path}` }) };
  }

  #refused(phase: Phase, failure: Failure, response?: ResponseMeta): Conclusion {
    return { outcome: this.#refusal(phase, failure, response), failure };
  }

  #refusal(phase: Phase, failure: Failure, response?: ResponseMeta): Refused {
    const refusal = refusalFor(failure, {
      phase,
      soapVersion: likelySoapVersion(this.#request.headers),
      correlationId: this.correlationId,
      faults: this.policy.faults,
      ...(response !== undefined && { backendStatus: response.status }),
    });
    return { kind: 'refuse', code: failure.code, reason: failure.reason, ...refusal };
  }

  #report(phase: Phase, { outcome, failure, result }: Conclusion, bytesIn: number, total: number): void {
    const audit = this.policy.mode === 'Audit';
    const bytes = outcome.kind === 'forward' ? outcome.bytes : undefined;
    this.#services.report({
      policy: this.policy.id,
      phase,
      correlationId: this.correlationId,
      outcome: outcomeName(outcome, result, audit),
      ...(failure !== undefined && { failure }),
      bytesIn,
      bytesOut: outcome.kind === 'refuse' ? outcome.body.length : (bytes?.length ?? bytesIn),
      durations: result !== undefined && result.kind !== 'notConcerned' ? result.durations : {},
      total,
      legacyAlgorithms: result?.kind === 'done' ? result.legacyAlgorithms : [],
    });
  }
}

function outcomeName(outcome: Outcome, result: JobResult | undefined, audit: boolean): Verdict['outcome'] {
  if (outcome.kind === 'refuse') return audit ? 'would_refuse' : 'refused';
  if (result?.kind !== 'done') return 'passed';
  return audit ? 'would_forward' : 'forwarded';
}

function hasWork({ verify, addressing, secure }: CompiledPhase): boolean {
  return verify !== undefined || addressing !== undefined || secure !== undefined;
}

function addressingOf(headers: ReadonlyMap<string, readonly string[]>): AddressingValues {
  const [action] = soapActions(headers);
  return { ...(action !== undefined && { action }), messageId: `urn:uuid:${randomUUID()}` };
}
