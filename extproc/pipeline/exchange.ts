/**
 * One HTTP exchange: the policy's verdict on its request, then on the response to it. The only place that knows the order
 * of the steps, and the only one that waits for anything.
 */

import { randomUUID } from 'node:crypto';
import type { AddressingValues } from '../wss/addressing/write.ts';
import { EMPTY_EXCHANGE, type ExchangeState } from '../wss/exchange-state.ts';
import { ReplayedError } from '../wss/errors.ts';
import type { CompiledPhase, CompiledPolicy } from './compile.ts';
import type { MessageMeta } from './conditions.ts';
import type { JobDone, Phase } from './engine.ts';
import { contentCodings, likelySoapVersion, messageTypeOf } from './entity.ts';
import { BodyMissingError, PolicyBrokenError, UnmatchedSoapError } from './errors.ts';
import { describeFailure, refusalFor, type Failure } from './failure.ts';
import { refuseSoap } from './guard.ts';
import type { ReplayCache } from './replay-cache.ts';
import { soapActions } from './request-values.ts';
import { forward, PASS, type Outcome, type Refused } from './outcome.ts';
import { processMessage, type MessageServices } from './process-message.ts';
import { replacing, type Resender } from './resend.ts';
import { TokenWatch } from './token-watch.ts';
import { verdictEvidence } from './verdict-evidence.ts';
import { verdictOf, type Conclusion, type Verdict } from './verdict.ts';

export interface ResponseMeta {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

export interface ExchangeServices extends MessageServices {
  readonly replay: ReplayCache;
  /** Absent: nothing is sent again. */
  readonly resender?: Resender;
  /** Where there is a decision log. */
  readonly decisions?: DecisionGate;
  readonly report: (verdict: Verdict) => void;
}

/** What has to keep what is decided. Its presence makes verdicts tell their evidence. */
export interface DecisionGate {
  /** @throws DecisionLogUnavailableError when no message may be decided on, because it could not be told */
  admit(): void;
}

/** Statuses that say by themselves that the answer has no body: one-way messages have them. */
const EMPTY_STATUSES: ReadonlySet<number> = new Set([202, 204]);

export class Exchange {
  readonly policy: CompiledPolicy;
  readonly correlationId: string;
  readonly #request: MessageMeta;
  readonly #services: ExchangeServices;
  #state: ExchangeState = EMPTY_EXCHANGE;
  /** Whether the policy concerns this exchange; undefined until its request's body has told. */
  #concerned: boolean | undefined;
  #unanswered: Error | undefined;
  readonly #tokenWatch: TokenWatch;

  constructor(policy: CompiledPolicy, request: MessageMeta, correlationId: string, services: ExchangeServices) {
    this.policy = policy;
    this.correlationId = correlationId;
    this.#request = request;
    this.#services = services;
    this.#tokenWatch = new TokenWatch(policy);
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

  /**
   * Whether the phase looks at bodies; if not, `request` or `response` can be asked at once, without one.
   *
   * @param response its headers, once they are there
   */
  needsBody(phase: Phase, response?: ResponseMeta): boolean {
    const { policy } = this;
    const works =
      phase === 'request'
        ? hasWork(policy.request) || policy.remembersMessageId
        : hasWork(policy.response) || this.#tokenWatch.concerns(response);
    if (this.#concerned === undefined) return phase === 'request' || works;
    if (phase === 'request' && this.#guards()) return true;
    return this.#concerned && (policy.broken !== undefined || works);
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
    this.#report(phase, { outcome, failure }, undefined, 0, 0);
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
    this.#report(phase, conclusion, body, bytesIn, performance.now() - started);
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
    this.#services.decisions?.admit();
    if (empty) throw new BodyMissingError('the request has no body');
    const { headers } = this.#request;
    const { result, use } = await processMessage(
      policy,
      {
        phase: 'request',
        bytes: body,
        ...messageTypeOf(headers),
        codings: contentCodings(headers),
        ...(this.#concerned === undefined && { meta: this.#request }),
        ...(policy.request.addressing !== undefined && { addressing: this.#requestAddressing() }),
        ...(policy.request.verify?.addressing !== undefined && { soapActions: soapActions(headers) }),
        exchange: this.#state,
        ...(this.#services.decisions && { evidence: true }),
        now: this.#services.now(),
      },
      this.#request,
      this.#services,
      abandoned,
    );
    this.#concerned = result.kind !== 'notConcerned';
    if (result.kind === 'notConcerned') {
      if (policy.unmatched === 'Refuse') throw new UnmatchedSoapError('the policy does not concern this operation');
      return this.#notConcerned();
    }
    if (result.kind === 'failed') return { ...this.#refused('request', result.failure), result };
    const replayed = await this.#replayFailure('request', result);
    if (replayed) return { ...this.#refused('request', replayed), result };
    this.#state = result.exchange;
    this.#tokenWatch.sent(use);
    return { outcome: forward(result, headers), result };
  }

  /** The backend's answer, or the one to a second attempt where it refused the token of the first. */
  async #decideResponse(meta: ResponseMeta, body: Buffer | undefined, abandoned: () => boolean): Promise<Conclusion> {
    const resent = await this.#tokenWatch.answered(meta, body, this.#request, this.#services, abandoned);
    if (resent === undefined) return this.#judgeResponse(meta, body, abandoned);
    this.#state = resent.result.exchange;
    const { response } = resent;
    let conclusion: Conclusion;
    try {
      conclusion = await this.#judgeResponse(response, resent.body, abandoned);
    } catch (error) {
      conclusion = this.#refused('response', describeFailure(error), response);
    }
    const { evidence } = resent.result;
    return {
      ...{ ...conclusion, outcome: replacing(conclusion.outcome, resent), resent: true },
      ...(evidence && { resentRequest: evidence }),
    };
  }

  async #judgeResponse(meta: ResponseMeta, body: Buffer | undefined, abandoned: () => boolean): Promise<Conclusion> {
    const { policy } = this;
    if (!hasWork(policy.response) && policy.broken === undefined) return { outcome: PASS };
    if (this.#concerned === false) return { outcome: PASS };
    if (policy.broken !== undefined) throw new PolicyBrokenError(policy.broken);
    if (body === undefined || body.length === 0) {
      if (EMPTY_STATUSES.has(meta.status) || this.#request.method === 'HEAD') return { outcome: PASS };
      throw new BodyMissingError(`the answer, of status ${meta.status}, has no body`);
    }
    const { result } = await processMessage(
      policy,
      {
        phase: 'response',
        bytes: body,
        ...messageTypeOf(meta.headers),
        codings: contentCodings(meta.headers),
        ...(policy.response.addressing !== undefined && { addressing: addressingOf(meta.headers) }),
        exchange: this.#state,
        ...(this.#services.decisions && { evidence: true }),
        now: this.#services.now(),
      },
      this.#request,
      this.#services,
      abandoned,
    );
    if (result.kind === 'notConcerned') return { outcome: PASS };
    if (result.kind === 'failed') return { ...this.#refused('response', result.failure, meta), result };
    const replayed = await this.#replayFailure('response', result);
    if (replayed) return { ...this.#refused('response', replayed, meta), result };
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

  /** @returns undefined: the message is not known */
  async #replayFailure(phase: Phase, { replay }: JobDone): Promise<Failure | undefined> {
    if (replay.length === 0) return undefined;
    const { onCacheUnavailable = 'Refuse' } = this.policy[phase].verify?.replay ?? {};
    const isNew = await this.#services.replay.remember(replay, this.#services.now(), onCacheUnavailable);
    return isNew ? undefined : describeFailure(new ReplayedError('the message has been seen before'));
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

  #report(phase: Phase, conclusion: Conclusion, body: Buffer | undefined, bytesIn: number, total: number): void {
    const { policy, correlationId } = this;
    const evidence = this.#services.decisions && { evidence: verdictEvidence(conclusion, policy, body) };
    const known = { policy: policy.id, phase, correlationId, bytesIn, total, ...evidence };
    this.#services.report(verdictOf(conclusion, known, policy.mode === 'Audit'));
  }
}

function hasWork({ verify, addressing, secure }: CompiledPhase): boolean {
  return verify !== undefined || addressing !== undefined || secure !== undefined;
}

function addressingOf(headers: ReadonlyMap<string, readonly string[]>): AddressingValues {
  const [action] = soapActions(headers);
  return { ...(action !== undefined && { action }), messageId: `urn:uuid:${randomUUID()}` };
}
