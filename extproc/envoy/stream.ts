/**
 * One ext_proc stream, which is one HTTP request and its response. Answers Envoy's messages in their order, each exactly
 * once, with what an `Exchange` decides.
 *
 * Envoy takes a stream that ends cleanly for leave to go on without us. So a stream ends with status OK only when Envoy
 * has closed its side and every verdict has been given; whatever else happens is an ImmediateResponse or an error status.
 */

import { status as grpcStatus } from '@grpc/grpc-js';
import type { Admission } from '../pipeline/admission.ts';
import type { MessageMeta } from '../pipeline/conditions.ts';
import type { Phase } from '../pipeline/engine.ts';
import { likelySoapVersion } from '../pipeline/entity.ts';
import { BodyTooLargeError, ProcessingModeError } from '../pipeline/errors.ts';
import { Exchange, type ExchangeServices, type ResponseMeta } from '../pipeline/exchange.ts';
import { describeFailure, refusalFor, type Refusal } from '../pipeline/failure.ts';
import type { Outcome } from '../pipeline/outcome.ts';
import type { Lease, RuntimeStore } from '../pipeline/runtime.ts';
import type { ExtProcCall } from './ext-proc-definition.ts';
import { connectionFacts, correlationId, requestMeta, responseMeta } from './http-meta.ts';
import {
  decodeProcessingRequest,
  encodeBody,
  encodeHeaderChanges,
  encodeImmediate,
  encodeUnchanged,
  type MessageKind,
  type ProcessingRequest,
} from './messages.ts';
import { policyIdentity, type PolicySource } from './policy-identity.ts';
import { checkProcessingMode } from './processing-mode.ts';

export interface StreamServices extends Omit<ExchangeServices, 'runner'> {
  readonly runtimes: RuntimeStore;
  readonly admission: Admission;
  readonly policySources: readonly PolicySource[];
}

/** What a message of Envoy's may hold besides a body. */
const MESSAGE_OVERHEAD = 256 * 1024;
/** Envoy's own answer to a request that is larger than its buffer. */
const CONTENT_TOO_LARGE = 413;
const NO_HEADERS: ReadonlyMap<string, readonly string[]> = new Map();
/** The policy label of messages for which none was found: names that we do not know are no labels. */
const NO_POLICY = '';

/** Serves one call from its first message to its end. */
export function serveExtProc(call: ExtProcCall, services: StreamServices, onBug: (error: unknown) => void): void {
  const stream = new ExtProcStream(call, services);
  const guard = (action: () => void) => {
    try {
      action();
    } catch (error) {
      onBug(error);
      stream.fail(grpcStatus.UNKNOWN, 'internal error');
    }
  };
  call.on('data', (bytes: Buffer) => guard(() => stream.message(bytes)));
  call.once('end', () => guard(() => stream.halfClosed()));
  call.once('close', () => guard(() => stream.closed()));
}

class ExtProcStream {
  readonly #call: ExtProcCall;
  readonly #services: StreamServices;
  readonly #waiting: ProcessingRequest[] = [];
  #request: MessageMeta | undefined;
  #response: ResponseMeta | undefined;
  #exchange: Exchange | undefined;
  #lease: Lease | undefined;
  /** Phases in which the verdict has been given. */
  readonly #decided = new Set<Phase>();
  /** We have answered the client: nothing that Envoy sends matters any more. */
  #answered = false;
  #busy = false;
  #halfClosed = false;
  #closed = false;
  /** What the admission has to get back. */
  #entered = false;
  #reserved = 0;
  /** Bytes of the body that the headers announced. */
  #announced = 0;

  constructor(call: ExtProcCall, services: StreamServices) {
    this.#call = call;
    this.#services = services;
  }

  message(bytes: Buffer): void {
    if (this.#answered) return;
    const message = decodeProcessingRequest(bytes);
    if (message.body !== undefined) this.#releaseAnnounced();
    if (message.body === undefined || !this.#isSettled(phaseOf(message.kind))) {
      if (!this.#admit(bytes.length)) return;
      this.#reserved += bytes.length;
    }
    this.#waiting.push(message);
    if (this.#busy) return;
    this.#work().catch(() => this.fail(grpcStatus.INTERNAL, 'internal error'));
  }

  /** Ends the call with an error status, which Envoy takes for a failure; without effect once it has ended. */
  fail(code: Exclude<grpcStatus, grpcStatus.OK>, details: string): void {
    if (this.#closed || this.#call.writableEnded) return;
    this.#call.emit('error', { code, details });
  }

  /** Makes room for so many bytes of the present phase, or refuses. */
  #admit(length: number): boolean {
    const { admission } = this.#services;
    const phase = this.#decided.has('request') ? 'response' : 'request';
    if (length > (this.#exchange?.maxBodyBytes ?? 0) + MESSAGE_OVERHEAD) {
      this.#refuse(phase, new BodyTooLargeError(`the body is larger than the policy's limit`));
    } else if (!admission.reserve(length)) {
      this.#refuse(phase, admission.refusal());
    } else {
      return true;
    }
    return false;
  }

  /** Refuses a body that will not fit before Envoy sends it. */
  #announce(headers: ReadonlyMap<string, readonly string[]>): void {
    const length = Number(headers.get('content-length')?.[0] ?? 0);
    if (length > 0 && this.#admit(length)) this.#announced = length;
  }

  #releaseAnnounced(): void {
    this.#services.admission.release(this.#announced);
    this.#announced = 0;
  }

  halfClosed(): void {
    this.#halfClosed = true;
    if (!this.#busy) this.#finish();
  }

  closed(): void {
    this.#closed = true;
    this.#lease?.release();
    if (this.#entered) this.#services.admission.leave();
    this.#releaseAnnounced();
    if (!this.#busy) this.#releaseBytes();
  }

  #send(parts: readonly Buffer[]): void {
    if (!this.#closed && !this.#call.writableEnded) this.#call.write(parts);
  }

  /** Whether a body of this phase would change nothing any more: it may have any size. */
  #isSettled(phase: Phase): boolean {
    return this.#decided.has(phase) && this.#exchange?.needsBody(phase, this.#response) === false;
  }

  /** Answers what has come, one after the other. */
  async #work(): Promise<void> {
    this.#busy = true;
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      if (this.#answered || this.#closed) continue;
      try {
        await this.#answer(message);
      } catch (error) {
        this.#refuse(this.#response === undefined ? 'request' : 'response', error);
      }
    }
    this.#busy = false;
    this.#releaseBytes();
    if (this.#halfClosed) this.#finish();
  }

  #releaseBytes(): void {
    this.#services.admission.release(this.#reserved);
    this.#reserved = 0;
  }

  /** Envoy will send no more. Only when it got every verdict may the end look clean. */
  #finish(): void {
    if (this.#answered || this.#decided.has('response')) this.#call.end();
    else this.fail(grpcStatus.ABORTED, 'the stream was closed before the verdict');
  }

  async #answer(message: ProcessingRequest): Promise<void> {
    const { kind } = message;
    const exchange = kind === 'requestHeaders' ? this.#open(message) : this.#exchange;
    if (exchange === undefined) throw new ProcessingModeError(`${kind} came first, instead of requestHeaders`);
    const phase = phaseOf(kind);
    const isHeaders = kind === 'requestHeaders' || kind === 'responseHeaders';
    if (kind === 'responseHeaders') this.#openResponse(message);
    if (this.#answered) return;
    const undecided = !this.#decided.has(phase);
    if (undecided && isHeaders && (message.endOfStream || !exchange.needsBody(phase, this.#response))) {
      await this.#decide(exchange, phase, kind, undefined);
    } else if (undecided && message.body !== undefined) {
      await this.#decide(exchange, phase, kind, message.body);
    } else if (undecided && !isHeaders) {
      throw new ProcessingModeError(`${kind} came before the body`);
    } else {
      if (undecided) this.#announce(message.headers ?? NO_HEADERS);
      if (!this.#answered) this.#send(encodeUnchanged(kind));
    }
  }

  /** The first message: which policy, and does Envoy show us what the policy has to see? */
  #open(message: ProcessingRequest): Exchange {
    if (this.#request !== undefined) throw new ProcessingModeError('requestHeaders came twice');
    const { runtimes, admission, policySources } = this.#services;
    this.#request = requestMeta(message);
    if (!admission.enter()) throw admission.refusal();
    this.#entered = true;
    const { metadata } = this.#call;
    const authority = this.#call.getHost();
    const identity = { metadata, authority, attributes: message.attributes };
    this.#lease = runtimes.lease(policyIdentity(identity, policySources, runtimes));
    const services = { ...this.#services, runner: runtimes.runner };
    const { policy } = this.#lease;
    const needs = policy.request.assertion?.needs;
    if (needs !== undefined) this.#request = { ...this.#request, connection: connectionFacts(message, needs) };
    this.#exchange = new Exchange(policy, this.#request, correlationId(this.#request), services);
    checkProcessingMode(message, this.#exchange);
    return this.#exchange;
  }

  #openResponse(message: ProcessingRequest): void {
    this.#response = responseMeta(message);
    if (this.#decided.has('request')) return;
    // The request waits for our verdict, so this is no backend's answer but Envoy's own.
    this.#decided.add('request').add('response');
    if (this.#response.status === CONTENT_TOO_LARGE) {
      this.#refuse('request', new BodyTooLargeError("the body is larger than Envoy's buffer"));
    }
  }

  async #decide(exchange: Exchange, phase: Phase, kind: MessageKind, body: Buffer | undefined): Promise<void> {
    const abandoned = () => this.#closed;
    const outcome =
      phase === 'response' && this.#response !== undefined
        ? await exchange.response(this.#response, body, abandoned)
        : await exchange.request(body, abandoned);
    this.#decided.add(phase);
    this.#apply(kind, outcome);
  }

  #apply(kind: MessageKind, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'pass':
        this.#send(encodeUnchanged(kind));
        return;
      case 'refuse':
        this.#answerClient(outcome.code, outcome);
        return;
      case 'replace':
        this.#answerClient('resent', outcome);
        return;
      case 'forward': {
        const { bytes } = outcome;
        if (bytes !== undefined && (kind === 'requestBody' || kind === 'responseBody')) {
          const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
          this.#send(encodeBody(kind, body, outcome));
        } else {
          this.#send(encodeHeaderChanges(kind, outcome));
        }
      }
    }
  }

  /** Refuses for a reason outside of the message: overload, configuration, or a mistake of ours. */
  #refuse(phase: Phase, error: unknown): void {
    const exchange = this.#exchange;
    if (exchange !== undefined) {
      const outcome = exchange.refuse(phase, error, this.#response);
      this.#answerClient(outcome.code, outcome);
      return;
    }
    const failure = describeFailure(error);
    const request = this.#request ?? { method: '', path: '', host: '', headers: new Map<string, string[]>() };
    const id = correlationId(request);
    const soapVersion = likelySoapVersion(request.headers);
    const refusal = refusalFor(failure, { phase, soapVersion, correlationId: id });
    this.#services.report({
      ...{ policy: NO_POLICY, phase, correlationId: id, outcome: 'refused', failure },
      ...{ bytesIn: 0, bytesOut: refusal.body.length, durations: {}, total: 0, legacyAlgorithms: [] },
    });
    this.#answerClient(failure.code, refusal);
  }

  /** @param what a refusal's code, or another word for Envoy's access log */
  #answerClient(what: string, { status, headers, body }: Refusal): void {
    this.#answered = true;
    this.#send(encodeImmediate({ status, headers, body, details: `waxseal_${what.toLowerCase()}` }));
  }
}

function phaseOf(kind: MessageKind): Phase {
  return kind.startsWith('request') ? 'request' : 'response';
}
