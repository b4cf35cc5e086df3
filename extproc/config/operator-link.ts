/** The stream to one replica of the operator: kept open, and opened again whenever it ends. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelCredentials, ClientDuplexStream } from '@grpc/grpc-js';
import {
  bundleClient,
  type Hello,
  type OperatorMessage,
  type PolicyState,
  type PolicyVersion,
  type ReplicaMessage,
  type Role,
  type Update,
} from '../../proto/bundle-service.ts';
import { OPERATOR_NAME } from '../../proto/roles.ts';
import type { Logger } from '../observe/log.ts';

export interface LinkHost {
  readonly hello: Hello;
  readonly logger: Logger;
  /** Read anew for each connection, so that renewed certificates are used. @throws Error */
  readonly credentials: () => Promise<ChannelCredentials>;
  /** The link's role is another one, or it is down and has none. */
  readonly roleChanged: (link: OperatorLink) => void;
  /** @throws Error: then the stream is ended */
  readonly updated: (link: OperatorLink, update: Update) => Promise<void>;
}

/** Milliseconds until the operator must have let us in. */
const CONNECT_TIMEOUT = 5000;
const MIN_BACKOFF = 100;
const MAX_BACKOFF = 3000;

type Call = ClientDuplexStream<ReplicaMessage, OperatorMessage>;

export class OperatorLink {
  /** As grpc-js takes it: `ipv4:10.0.0.7:9443`. */
  readonly target: string;
  readonly #host: LinkHost;
  readonly #end = new AbortController();
  #call: Call | undefined;
  #role: Role | undefined;
  #connected = false;
  /** Since the last wait: the next one is short. */
  #connectedOnce = false;
  #error: string | undefined;
  /** Milliseconds since 1970: when the operator's certificate ends. */
  #expires = Infinity;

  constructor(target: string, host: LinkHost) {
    this.target = target;
    this.#host = host;
    void this.#run();
  }

  /** The operator has let us in. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Undefined as long as the operator has nothing to serve. */
  get role(): Role | undefined {
    return this.#role;
  }

  /** Why there is no connection. */
  get error(): string | undefined {
    return this.#error;
  }

  subscribe(subscription: number, inventory: readonly PolicyVersion[]): void {
    this.#call?.write({ subscribe: { subscription, inventory } });
  }

  unsubscribe(): void {
    this.#call?.write({ unsubscribe: {} });
  }

  acknowledge(subscription: number, nonce: number, states: readonly PolicyState[]): void {
    this.#call?.write({ ack: { subscription, nonce, states } });
  }

  /** Ends the connection when the operator's certificate has ended. @param now milliseconds since 1970 */
  check(now: number): void {
    if (now > this.#expires) this.#call?.cancel();
  }

  close(): void {
    this.#end.abort();
    this.#call?.cancel();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#connect();
        this.#down('the operator has ended the stream');
      } catch (error) {
        this.#down(error instanceof Error ? error.message : String(error));
      }
      if (this.#connectedOnce) attempt = 0;
      this.#connectedOnce = false;
      const backoff = Math.min(MAX_BACKOFF, MIN_BACKOFF * 2 ** Math.min(attempt, 10));
      await sleep(backoff * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** One connection, from its beginning to its end. */
  async #connect(): Promise<void> {
    const credentials = await this.#host.credentials();
    if (this.#end.signal.aborted) return;
    const client = bundleClient(this.target, credentials, {
      'grpc.ssl_target_name_override': OPERATOR_NAME,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_http_proxy': 0,
    });
    const call = client.Deliver();
    const late = setTimeout(() => call.cancel(), CONNECT_TIMEOUT);
    call.once('metadata', () => {
      clearTimeout(late);
      this.#opened(call);
    });
    call.write({ hello: this.#host.hello });
    this.#call = call;
    try {
      for await (const message of call) await this.#receive(message as OperatorMessage);
    } finally {
      clearTimeout(late);
      call.cancel();
      client.close();
    }
  }

  #opened(call: Call): void {
    const { logger } = this.#host;
    this.#connected = this.#connectedOnce = true;
    this.#error = undefined;
    this.#expires = Date.parse(call.getAuthContext()?.sslPeerCertificate?.valid_to ?? '');
    logger.info({ operator: this.target }, 'connected to the operator');
  }

  async #receive({ role, update }: OperatorMessage): Promise<void> {
    if (role) {
      this.#role = role;
      this.#host.roleChanged(this);
    } else if (update) {
      await this.#host.updated(this, update);
    }
  }

  #down(error: string): void {
    const { logger } = this.#host;
    this.#call = this.#role = undefined;
    this.#connected = false;
    this.#expires = Infinity;
    // Once for each reason, and not at every attempt.
    if (error !== this.#error && !this.#end.signal.aborted) {
      logger.warn(
        { operator: this.target, reason: error },
        'no connection to the operator; what was delivered stays in use',
      );
    }
    this.#error = error;
    this.#host.roleChanged(this);
  }
}
