/** A backend that keeps what it receives and answers what it is told to. */

import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: string | Buffer;
}

export type Answer = (received: Received) => Reply | Promise<Reply>;

const KEPT = 300;

export class Recorder {
  /** Requests that arrived whole, since `reset`. */
  count = 0;
  /** The last of them, newest last. */
  received: Received[] = [];
  answer: Answer;
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  private constructor(answer: Answer) {
    this.answer = answer;
  }

  /** @param host address to listen on; other machines of a test cluster do not reach the loopback */
  static async start(answer: Answer, host = '127.0.0.1'): Promise<Recorder> {
    const recorder = new Recorder(answer);
    // Node closes idle connections after five seconds; a request that Envoy sends just then would be lost.
    recorder.#server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => recorder.#server.listen(0, host, resolve));
    return recorder;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get last(): Received {
    const last = this.received.at(-1);
    if (!last) throw new Error('nothing reached the backend');
    return last;
  }

  reset(answer: Answer = this.answer): void {
    this.count = 0;
    this.received = [];
    this.answer = answer;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const received = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    this.count++;
    this.received.push(received);
    if (this.received.length > KEPT) this.received.shift();
    const { status = 200, headers, body: answer } = await this.answer(received);
    response.writeHead(status, { 'content-type': 'text/xml; charset=utf-8', ...headers }).end(answer);
  }
}
