/**
 * HTTP/1.1 for a few requests to a party that configuration names, not to whoever a message speaks of. Connections are
 * kept and reused. Proxies that the environment names are not used, redirects not followed, nothing is decompressed.
 */

import type { SocketConstructorOpts } from 'node:net';
import { getCACertificates } from 'node:tls';
import { Agent, buildConnector, errors, type Dispatcher } from 'undici';
import {
  TokenAnswerError,
  TokenBudgetError,
  TokenServiceTimeoutError,
  TokenServiceUnreachableError,
} from './errors.ts';
import type { ClientCertificate } from './settings.ts';

export interface HttpClientOptions {
  /** PEM certificates; absent: what the system trusts. */
  readonly ca?: string;
  readonly client?: ClientCertificate;
  /** Connections to one address at the same time; default 8. Requests above that wait for one. */
  readonly connections?: number;
  /** Milliseconds after which an attempt to connect is given up; default 5000. */
  readonly connectTimeout?: number;
}

export interface HttpRequest {
  /** `https:`, or `http:` where that is known to stay on this host. Without user name and password. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** As they are sent. Those that say how the body is framed are not for giving. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Milliseconds for all of it: connecting, sending and reading the last byte. */
  readonly timeout: number;
  /** Largest body of the answer; default 1 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
const CONNECTIONS = 8;
const CONNECT_TIMEOUT = 5000;

export class HttpClient {
  readonly #agent: Agent;
  /** Ends every socket, also those that are still connecting, which the agent would wait for. */
  readonly #closing = new AbortController();

  constructor(options: HttpClientOptions) {
    const { ca, client, connections = CONNECTIONS, connectTimeout = CONNECT_TIMEOUT } = options;
    const socket: SocketConstructorOpts = { signal: this.#closing.signal };
    const connect = buildConnector({
      ...socket,
      allowH2: false,
      timeout: connectTimeout,
      minVersion: 'TLSv1.2',
      // Whatever the environment says.
      rejectUnauthorized: true,
      ca: ca ?? systemAuthorities(),
      ...(client && { cert: client.certificates, key: client.key.export({ type: 'pkcs8', format: 'pem' }) }),
    });
    this.#agent = new Agent({
      connections,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The server proves the name that the address has, whatever a Host header says.
      connect: (target, callback) => connect({ ...target, servername: undefined }, callback),
    });
  }

  /**
   * Sends a request once.
   *
   * @throws {TokenServiceUnreachableError} no connection, TLS that does not fit, or it broke
   * @throws {TokenServiceTimeoutError} no complete answer in time
   * @throws {TokenAnswerError} an answer that is too large, compressed, or not HTTP
   * @throws {TokenBudgetError} when the signal aborts first
   */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    const { timeout, signal } = request;
    if (signal?.aborted) throw new TokenBudgetError('the time was up before the request was sent');
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), timeout);
    const abort = () => giveUp.abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([this.#exchange(request, giveUp.signal), rejectionOf(giveUp.signal)]);
    } catch (error) {
      if (signal?.aborted) throw new TokenBudgetError('the time was up before the token service answered');
      throw giveUp.signal.aborted
        ? new TokenServiceTimeoutError('the token service did not answer in time')
        : told(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends all connections; what is under way fails. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#agent.destroy();
  }

  async #exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { url, method, headers, body, maxBytes = MAX_BODY_BYTES } = request;
    const { origin, pathname, search } = new URL(url);
    const answer = await this.#agent.request({
      origin,
      path: pathname + search,
      method,
      headers: [...Object.entries(headers).filter(isNotOurs), ['accept-encoding', 'identity']].flat(),
      body,
      signal,
      responseHeaders: 'raw',
      // One time for all of it is kept by our own timer.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const received = readHeaders(answer.headers as unknown as readonly string[]);
    try {
      checkCoding(received);
      return { status: answer.statusCode, headers: received, body: await readBody(answer, received, maxBytes) };
    } catch (error) {
      // Ends the connection, since the rest of the body will not be read.
      answer.body.on('error', () => {}).destroy();
      throw error;
    }
  }
}

/** The agent heeds a signal only from the moment at which it sends the request, not while it connects or waits for a connection. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}

function isNotOurs([name]: readonly [string, string]): boolean {
  return name.toLowerCase() !== 'accept-encoding';
}

function readHeaders(raw: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [raw[i + 1]]);
    else values.push(raw[i + 1]);
  }
  return headers;
}

function checkCoding(headers: ReadonlyMap<string, readonly string[]>): void {
  const codings = headers.get('content-encoding') ?? [];
  if (codings.some((coding) => coding.trim().toLowerCase() !== 'identity')) {
    throw new TokenAnswerError('the answer is compressed, which was not asked for');
  }
}

async function readBody(
  { body }: Dispatcher.ResponseData,
  headers: ReadonlyMap<string, readonly string[]>,
  maxBytes: number,
): Promise<Buffer> {
  const tooLarge = () => new TokenAnswerError(`the answer is larger than ${maxBytes} bytes`);
  if (Number(headers.get('content-length')?.[0] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** What the operating system trusts, and what NODE_EXTRA_CA_CERTS adds; where the system has none, what comes with Node. */
function systemAuthorities(): string[] {
  const system = getCACertificates('system');
  return system.length === 0 ? getCACertificates('default') : [...system, ...getCACertificates('extra')];
}

const SAFE_CODE = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Messages of Node and undici name addresses: only the code is told. */
function told(error: unknown): Error {
  if (error instanceof TokenAnswerError) return error;
  const code = codeOf(error);
  const suffix = code === undefined ? '' : ` (${code})`;
  if (error instanceof errors.InvalidArgumentError) return new TypeError(`the request is none of HTTP${suffix}`);
  const isAnswer = error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError;
  if (isAnswer) return new TokenAnswerError(`the answer is none of HTTP${suffix}`);
  if (error instanceof errors.ConnectTimeoutError) {
    return new TokenServiceTimeoutError(`no connection to the token service in time${suffix}`);
  }
  return new TokenServiceUnreachableError(`no connection to the token service, or it broke${suffix}`);
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && SAFE_CODE.test(code) ? code : undefined;
}
