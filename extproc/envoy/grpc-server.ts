/**
 * gRPC over HTTP/2 (the protocol of grpc.io's PROTOCOL-HTTP2), server side, straight on `node:http2`.
 *
 * Not grpc-js, because what Envoy makes necessary is out of its reach:
 * - Envoy resets every ext_proc stream when it is done with it. Node takes many resets for an attack (1,000 at once, then
 *   33 a second), closes the connection, and the requests on it fail. The guard has to be set to what Envoy does.
 * - Receive windows of 64 KiB cost a round trip for every 64 KiB of a body.
 * - A message's bytes are collected once, into a buffer of its own, and sent as they are.
 */

import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as setTimeoutAsync } from 'node:timers/promises';
import { MessageReader, type MessageSink } from './grpc-framing.ts';
import { parseListenAddress, releaseSocketPath } from './listen-address.ts';

/** gRPC status codes that we send. */
export const GRPC_STATUS = {
  OK: 0,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;
export type GrpcStatus = (typeof GRPC_STATUS)[keyof typeof GRPC_STATUS];

/** The server's side of one call. After the peer has gone, all three are without effect. */
export interface GrpcCall {
  /** What the client called us (`:authority`). */
  readonly authority: string;
  /** The call's metadata. */
  readonly metadata: http2.IncomingHttpHeaders;
  /** Sends one message: the parts, one after the other. */
  send(parts: readonly Buffer[]): void;
  /** Ends the call with status OK. */
  end(): void;
  /** Ends the call with an error status. */
  fail(status: Exclude<GrpcStatus, 0>, message: string): void;
}

/** What a method does with its call. An exception from any of these fails the call with UNKNOWN. */
export interface GrpcHandler extends MessageSink {
  /** The client will send no more. */
  halfClosed(): void;
  /** The call is over, whoever ended it. Called once. */
  closed(): void;
}

export type GrpcMethod = (call: GrpcCall) => GrpcHandler;

export interface GrpcServerOptions {
  /** By path, `/package.Service/Method`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  /** An exception in a handler, or an error of a connection. */
  readonly onError: (error: unknown) => void;
}

/**
 * Resets that a connection may have, at once and a second: more than any Envoy causes, which resets each stream once. A
 * GOAWAY in time would avoid the guard too, but nghttp2 drops, without an answer, every stream that was on its way when
 * `session.goaway` sent it: each would hang until Envoy's message timeout. Envoy itself can change connections without
 * loss (`max_requests_per_connection`).
 */
const RESETS_PER_CONNECTION = 1_000_000_000;
const STREAM_WINDOW = 4 * 1024 * 1024;
const CONNECTION_WINDOW = 16 * 1024 * 1024;

/** Milliseconds without a new call after which a drain takes it that the peers have gone elsewhere. */
const QUIET = 500;
/** Milliseconds that a drain waits for that at most. */
const MAX_LINGER = 5000;

export class GrpcServer {
  readonly #server: http2.Http2Server;
  readonly #methods: ReadonlyMap<string, GrpcMethod>;
  readonly #onError: (error: unknown) => void;
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  #lastCall = 0;

  constructor(options: GrpcServerOptions) {
    this.#methods = options.methods;
    this.#onError = options.onError;
    this.#server = http2.createServer({
      settings: { initialWindowSize: STREAM_WINDOW },
      // Bodies in flight are counted where they are admitted; this limit would fail streams without a word.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
      streamResetBurst: RESETS_PER_CONNECTION,
      streamResetRate: RESETS_PER_CONNECTION,
    });
    this.#server.on('session', (session) => this.#openSession(session));
    this.#server.on('stream', (stream, headers) => this.#openCall(stream, headers));
    this.#server.on('sessionError', (error) => this.#onError(error));
  }

  /**
   * @param address `host:port`, `[v6]:port` or `unix:/path`; port 0 picks a free one
   * @returns the address as it can be connected to
   */
  async listen(address: string): Promise<string> {
    const target = parseListenAddress(address);
    if ('path' in target) await releaseSocketPath(target.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(target, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#onError(error));
        resolve();
      });
    });
    if ('path' in target) return address;
    const bound = this.#server.address() as AddressInfo;
    return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
  }

  /**
   * Stops: takes no new connections, goes on serving those there are until no new call has come for a while (peers have
   * read from the health service that they should leave), lets the calls under way finish, and cuts off what is left.
   * @param timeout milliseconds for all of it
   */
  async drain(timeout: number): Promise<void> {
    const started = performance.now();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const cutOff = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, timeout);
    const linger = Math.min(MAX_LINGER, timeout / 2);
    this.#lastCall = Math.max(this.#lastCall, started);
    for (let now = started; now < this.#lastCall + QUIET && now < started + linger; now = performance.now()) {
      if (this.#sessions.size === 0) break;
      await setTimeoutAsync(20);
    }
    for (const session of this.#sessions) session.close();
    await closed;
    clearTimeout(cutOff);
  }

  #openSession(session: http2.ServerHttp2Session): void {
    this.#sessions.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW);
    session.once('close', () => this.#sessions.delete(session));
  }

  #openCall(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    this.#lastCall = performance.now();
    // A reset by the peer; the close that follows is what is acted upon.
    stream.on('error', () => undefined);
    const call = new Call(stream, headers);
    const method = this.#methods.get(headers[':path'] ?? '');
    if (method === undefined) {
      call.fail(GRPC_STATUS.UNIMPLEMENTED, 'unknown method');
      return;
    }
    this.#serve(stream, call, method);
  }

  /** Joins stream and handler: whatever throws, the call ends with an error status, never cleanly. */
  #serve(stream: http2.ServerHttp2Stream, call: Call, method: GrpcMethod): void {
    const guard = (action: () => void) => {
      try {
        action();
      } catch (error) {
        this.#onError(error);
        call.fail(GRPC_STATUS.UNKNOWN, 'internal error');
      }
    };
    guard(() => {
      const handler = method(call);
      const reader = new MessageReader(handler);
      stream.on('data', (chunk: Buffer) => guard(() => reader.write(chunk)));
      stream.once('end', () => guard(() => handler.halfClosed()));
      stream.once('close', () => guard(() => handler.closed()));
    });
  }
}

const RESPONSE_HEADERS = { ':status': 200, 'content-type': 'application/grpc' };
/** Messages up to this size are copied into one buffer with their prefix: one write instead of several. */
const COPIED_MESSAGE = 16 * 1024;

class Call implements GrpcCall {
  readonly authority: string;
  readonly metadata: http2.IncomingHttpHeaders;
  readonly #stream: http2.ServerHttp2Stream;
  #ended = false;

  constructor(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) {
    this.#stream = stream;
    this.authority = headers[':authority'] ?? '';
    this.metadata = headers;
  }

  send(parts: readonly Buffer[]): void {
    if (this.#isOver()) return;
    if (!this.#stream.headersSent) this.#stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
    let length = 0;
    for (const part of parts) length += part.length;
    const copied = length <= COPIED_MESSAGE;
    const prefix = Buffer.allocUnsafe(copied ? 5 + length : 5);
    prefix[0] = 0;
    prefix.writeUInt32BE(length, 1);
    if (copied) {
      let position = 5;
      for (const part of parts) position += part.copy(prefix, position);
      this.#stream.write(prefix);
      return;
    }
    this.#stream.cork();
    this.#stream.write(prefix);
    for (const part of parts) this.#stream.write(part);
    this.#stream.uncork();
  }

  end(): void {
    this.#finish(GRPC_STATUS.OK, '');
  }

  fail(status: Exclude<GrpcStatus, 0>, message: string): void {
    this.#finish(status, message);
  }

  #isOver(): boolean {
    return this.#ended || this.#stream.destroyed || this.#stream.closed;
  }

  #finish(status: GrpcStatus, message: string): void {
    if (this.#isOver()) return;
    this.#ended = true;
    const trailers = { 'grpc-status': String(status), 'grpc-message': encodeURI(message) };
    if (!this.#stream.headersSent) {
      this.#stream.respond({ ...RESPONSE_HEADERS, ...trailers }, { endStream: true });
      return;
    }
    this.#stream.once('wantTrailers', () => this.#stream.sendTrailers(trailers));
    this.#stream.end();
  }
}
