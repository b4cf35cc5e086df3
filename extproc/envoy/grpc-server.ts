/**
 * The gRPC server: grpc-js, with what Envoy makes necessary beside it.
 *
 * - Envoy resets every ext_proc stream when it is done. Node takes a thousand resets for an attack and closes the
 *   connection, failing the requests on it. So Envoy has to renew its connections before that
 *   (`max_requests_per_connection`, which `waxseal envoy-config` sets). Only Envoy can do it without losing a stream:
 *   after a GOAWAY of ours, HTTP/2 streams that cross it on the wire are lost. An Envoy that does not gets one all the
 *   same, in the last moment: it costs those streams instead of every one on the connection.
 * - Receive windows of 64 KiB cost a round trip for every 64 KiB of a body.
 *
 * Both need the HTTP/2 session, which grpc-js keeps to itself; Node's diagnostics channel tells of it.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import * as grpc from '@grpc/grpc-js';
import { parseListenAddress, releaseSocketPath } from './listen-address.ts';

/** Streams after which a connection is told to go away: more than Envoy should send, less than the resets that Node allows. */
const STREAMS_PER_CONNECTION = 950;
const STREAM_WINDOW = 4 * 1024 * 1024;
const CONNECTION_WINDOW = 16 * 1024 * 1024;

const STREAM_CREATED = 'http2.server.stream.created';

export class GrpcServer {
  readonly #server: grpc.Server;
  readonly #streams = new WeakMap<ServerHttp2Session, number>();
  readonly #onStream = (message: unknown) => this.#countStream((message as { stream: ServerHttp2Stream }).stream);

  readonly #onOverused: () => void;

  /**
   * @param maxMessageBytes the largest message that is received; the call of a larger one fails
   * @param onOverused called when a connection had to be told to go away
   */
  constructor(maxMessageBytes: number, onOverused: () => void) {
    this.#onOverused = onOverused;
    this.#server = new grpc.Server({
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': -1,
    });
  }

  /** What the services are added to. */
  get server(): grpc.Server {
    return this.#server;
  }

  /**
   * @param address `host:port`, `[v6]:port` or `unix:/path`; port 0 picks a free one
   * @returns the address as it can be connected to
   */
  async listen(address: string): Promise<string> {
    const target = parseListenAddress(address);
    if ('path' in target) await releaseSocketPath(target.path);
    subscribe(STREAM_CREATED, this.#onStream);
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    if ('path' in target) return address;
    return `${address.slice(0, address.lastIndexOf(':'))}:${port}`;
  }

  /**
   * Stops listening, asks every peer to leave, lets the calls under way finish, and cuts off what is left.
   * @param timeout milliseconds
   */
  async drain(timeout: number): Promise<void> {
    const cutOff = setTimeout(() => this.#server.forceShutdown(), timeout);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(cutOff);
    unsubscribe(STREAM_CREATED, this.#onStream);
  }

  #countStream({ session }: ServerHttp2Stream): void {
    if (session === undefined) return;
    const server = session as ServerHttp2Session;
    const count = (this.#streams.get(server) ?? 0) + 1;
    this.#streams.set(server, count);
    if (count === 1) {
      server.settings({ initialWindowSize: STREAM_WINDOW });
      server.setLocalWindowSize(CONNECTION_WINDOW);
    } else if (count === STREAMS_PER_CONNECTION) {
      server.goaway();
      this.#onOverused();
    }
  }
}
