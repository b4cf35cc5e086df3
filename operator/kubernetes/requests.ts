/** Requests to the API server with the one policy for time limits, repetitions and renewed credentials. */

import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../backoff.ts';
import {
  describe,
  errorFor,
  MalformedError,
  UnauthorizedError,
  UnavailableError,
  UnreachableError,
  type Attempted,
} from './errors.ts';
import { attemptOn, pathOf, type Place } from './resources.ts';
import { readBody, type Transport } from './transport.ts';

const TIMEOUT_MS = 10_000;
/** With the first. */
const ATTEMPTS = 3;
const BACKOFF = { baseMs: 200, maxMs: 2_000 };
/** However long the API server asks to be left alone. */
const MAX_RETRY_AFTER_MS = 5_000;

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Of one attempt, in milliseconds. */
  readonly timeoutMs?: number;
  /** 1: none but the first. */
  readonly attempts?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Requests fail with a `KubernetesError`. Those that the API server cannot answer now are repeated a few times, apart
 * from POST, where a repetition could do it twice; after a 401 the credentials are read again.
 */
export class Requests {
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /**
   * One request, answered in JSON.
   *
   * @throws {KubernetesError}
   */
  async json<T>(method: string, place: Place, options: RequestOptions = {}): Promise<T> {
    const attempted = attemptOn(verbOf(method, place), place);
    const { attempts = ATTEMPTS, timeoutMs = TIMEOUT_MS, signal } = options;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = parse(await readBody(await this.open(method, place, options, attempted), timeoutMs));
        if (typeof answer === 'object' && answer !== null) return answer as T;
        throw new MalformedError(`${describe(attempted)}: the answer is no JSON object`);
      } catch (error) {
        if (attempt >= attempts || signal?.aborted === true || !mayRepeat(method, error)) throw error;
        await sleep(pauseAfter(attempt, error), undefined, { signal });
      }
    }
  }

  /**
   * One request, once, up to the headers of its answer.
   *
   * @returns the answer with its body still to be read; its status is 2xx
   * @throws {KubernetesError}
   */
  async open(method: string, place: Place, options: RequestOptions, attempted: Attempted): Promise<IncomingMessage> {
    const { query = {}, body, contentType = 'application/json', accept, timeoutMs = TIMEOUT_MS, signal } = options;
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const search = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
    const response = await this.transport.send({
      method,
      path: pathOf(place) + search,
      headers: {
        ...(accept !== undefined && { accept }),
        ...(body !== undefined && { 'content-type': contentType }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      timeoutMs,
      signal,
    });
    const { statusCode: status = 0, headers } = response;
    if (status >= 200 && status <= 299) return response;
    if (status === 401) this.transport.reload();
    const answer = parse(await readBody(response, timeoutMs)) as { message?: unknown } | null | undefined;
    const seconds = Number(headers['retry-after'] ?? NaN);
    const message = typeof answer?.message === 'string' ? answer.message : '';
    throw errorFor({ status, message, ...(seconds >= 0 && { retryAfterMs: seconds * 1000 }) }, attempted);
  }
}

function verbOf(method: string, { name }: Place): string {
  if (method === 'GET') return name === undefined ? 'list' : 'get';
  return { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method] ?? method.toLowerCase();
}

function mayRepeat(method: string, error: unknown): boolean {
  if (error instanceof UnauthorizedError) return true;
  return method !== 'POST' && (error instanceof UnreachableError || error instanceof UnavailableError);
}

function pauseAfter(failures: number, error: unknown): number {
  const asked = error instanceof UnavailableError ? error.retryAfterMs : undefined;
  return Math.min(asked ?? backoffMs(failures, BACKOFF), MAX_RETRY_AFTER_MS);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
