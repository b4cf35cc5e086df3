/** One HTTP request to the API server, authenticated as the kubeconfig says. */

import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { MalformedError, UnreachableError } from './errors.ts';
import type { KubeConfigSource } from './kubeconfig.ts';

export interface HttpRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Until the headers of the answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Lists come in pages; one page of large objects stays well below this. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;
const RELOAD_INTERVAL_MS = 5_000;

/** Connections are kept and used again; those of other credentials than the present are not. */
export class Transport {
  readonly #source: KubeConfigSource;
  readonly #https = new https.Agent({ keepAlive: true, keepAliveMsecs: 30_000 });
  readonly #http = new http.Agent({ keepAlive: true, keepAliveMsecs: 30_000 });
  #config: KubeConfig;
  #loadedAt = performance.now();

  /** @throws {Error} where the configuration cannot be read */
  constructor(source: KubeConfigSource) {
    this.#source = source;
    this.#config = source.load();
  }

  get config(): KubeConfig {
    return this.#config;
  }

  /**
   * Sends the request; the body of the answer is still to be read.
   *
   * @throws {UnreachableError} without a connection, without an answer in time, or when the signal says so
   */
  async send({ method, path, headers, body, timeoutMs, signal }: HttpRequest): Promise<IncomingMessage> {
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null) throw new UnreachableError('the kubeconfig names no cluster');
    const options: https.RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new UnreachableError(`no credentials for the API server: ${(error as Error).message}`, { cause: error });
    }
    const url = new URL(cluster.server + path);
    const secure = url.protocol === 'https:';
    if (cluster.proxyUrl === undefined || cluster.proxyUrl === '') options.agent = secure ? this.#https : this.#http;
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(url, {
        ...options,
        method,
        headers: {
          ...(options.headers as http.OutgoingHttpHeaders | undefined),
          'user-agent': 'waxseal-operator',
          accept: 'application/json',
          ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
        ...(signal !== undefined && { signal }),
      });
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
      request.once('response', (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      request.once('error', (error) => {
        clearTimeout(timer);
        reject(new UnreachableError(`${url.origin}: ${error.message}`, { cause: error }));
      });
      request.end(body);
    });
  }

  /** Reads the configuration again, as renewed credentials may be in it; not more often than every few seconds. */
  reload(): void {
    if (performance.now() - this.#loadedAt < RELOAD_INTERVAL_MS) return;
    this.#loadedAt = performance.now();
    try {
      this.#config = this.#source.load();
    } catch {
      // Perhaps it is just being written. The 401 that led here is what people get to see.
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#https.destroy();
    this.#http.destroy();
  }
}

/**
 * The whole body of an answer.
 *
 * @throws {UnreachableError} where it breaks off or takes too long
 * @throws {MalformedError} where it is too large
 */
export async function readBody(response: IncomingMessage, timeoutMs: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => response.destroy(new Error(`not complete within ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new UnreachableError(`the answer broke off: ${(error as Error).message}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
  if (length > MAX_ANSWER_BYTES) throw new MalformedError(`an answer is larger than ${MAX_ANSWER_BYTES} bytes`);
  return Buffer.concat(chunks, length);
}
