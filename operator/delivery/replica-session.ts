/** One stream of a replica of the data plane: greets, subscribes, is sent what differs, answers. */

import { status } from '@grpc/grpc-js';
import type { Logger } from '../../extproc/observe/log.ts';
import type { Ack, DeliverCall, Hello, ReplicaMessage, Role, Update } from '../../proto/bundle-service.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import { Subscription, type PolicyOnReplica, type Published } from './subscription.ts';

/** A replica that has subscribed here. */
export interface ReplicaState {
  readonly name: string;
  /** Where it calls from. */
  readonly address: string;
  readonly softwareVersion: string;
  /** Milliseconds since 1970. */
  readonly connectedSince: number;
  /** By `namespace/name`. */
  readonly policies: ReadonlyMap<string, PolicyOnReplica>;
}

/** What all sessions share. */
export interface SessionHost {
  /** Undefined: nothing has been published yet. */
  readonly published: () => Published | undefined;
  readonly role: () => Role;
  readonly logger: Logger;
  readonly metrics: DeliveryMetrics;
  /** The session's `state` is another one. */
  readonly changed: () => void;
}

/** Milliseconds that a replica has to greet, and to answer an update, before its stream is ended. */
const PATIENCE = 30_000;
const MAX_NAME = 253;

export class ReplicaSession {
  readonly #call: DeliverCall;
  readonly #host: SessionHost;
  readonly #connectedSince = Date.now();
  /** Milliseconds since 1970: when the certificate that the replica came with ends. */
  readonly #expires: number;
  #hello: Hello | undefined;
  #subscription: Subscription | undefined;
  #writing = false;
  /** Since when the replica owes us something. */
  #waitingSince: number | undefined = Date.now();
  /** When the first part of what it has not answered yet was sent. */
  #sentAt: number | undefined;
  #ended = false;

  constructor(call: DeliverCall, host: SessionHost, expires: number) {
    this.#call = call;
    this.#host = host;
    this.#expires = expires;
    call.on('data', (message: ReplicaMessage) => this.#receive(message));
    call.once('end', () => call.end());
  }

  /** Undefined: it has not subscribed here. */
  get state(): ReplicaState | undefined {
    if (this.#hello === undefined || this.#subscription === undefined || this.#ended) return undefined;
    const { replica, softwareVersion } = this.#hello;
    return {
      ...{ name: replica, address: this.#call.getPeer(), softwareVersion, connectedSince: this.#connectedSince },
      policies: this.#subscription.states,
    };
  }

  /** For the log. */
  get name(): string {
    return this.#hello?.replica ?? '';
  }

  /** Tells the role, once the operator has something to serve. */
  tellRole(): void {
    if (this.#hello !== undefined && this.#host.published() !== undefined) this.#write({ role: this.#host.role() });
  }

  /** Sends what the replica lacks, unless it is still busy with what it was sent before. */
  update(): void {
    const published = this.#host.published();
    if (this.#subscription === undefined || this.#writing || published === undefined || this.#ended) return;
    const update = this.#subscription.next(published);
    if (update !== undefined) this.#send(update);
  }

  /** Ends the stream when the replica's time is over. @param now milliseconds since 1970 */
  check(now: number): void {
    if (now > this.#expires) {
      this.end(status.UNAUTHENTICATED, 'the certificate has expired');
    } else if (this.#waitingSince !== undefined && now - this.#waitingSince > PATIENCE) {
      this.end(status.DEADLINE_EXCEEDED, 'the replica has not answered');
    }
  }

  end(code: status, details: string): void {
    if (this.#ended) return;
    this.closed();
    this.#call.emit('error', { code, details });
  }

  /** The stream is gone. */
  closed(): void {
    if (this.#ended) return;
    const subscribed = this.state !== undefined;
    this.#ended = true;
    if (subscribed) this.#host.changed();
  }

  #receive({ hello, subscribe, unsubscribe, ack }: ReplicaMessage): void {
    if (this.#ended) return;
    if (this.#hello === undefined) {
      this.#greet(hello);
    } else if (subscribe) {
      this.#subscription = new Subscription(subscribe.subscription, subscribe.inventory);
      this.#waitingSince = this.#sentAt = undefined;
      this.#host.changed();
      this.update();
    } else if (unsubscribe) {
      this.#subscription = undefined;
      this.#waitingSince = this.#sentAt = undefined;
      this.#host.changed();
    } else if (ack) {
      this.#acknowledge(ack);
    } else {
      this.end(status.INVALID_ARGUMENT, 'the message is none of those that may come now');
    }
  }

  #greet(hello: Hello | undefined): void {
    if (!hello || hello.replica === '' || hello.replica.length > MAX_NAME || hello.softwareVersion.length > MAX_NAME) {
      this.end(status.INVALID_ARGUMENT, 'the first message is Hello, with a name');
      return;
    }
    this.#hello = hello;
    this.#waitingSince = undefined;
    this.tellRole();
  }

  #acknowledge(ack: Ack): void {
    const subscription = this.#subscription;
    // What answers an earlier subscription came too late.
    if (subscription === undefined || ack.subscription !== subscription.number) return;
    if (!subscription.acknowledge(ack)) {
      this.end(status.INVALID_ARGUMENT, 'the replica answers what it was not asked');
      return;
    }
    const { metrics, logger } = this.#host;
    if (this.#sentAt !== undefined) metrics.acknowledged(Date.now() - this.#sentAt);
    this.#waitingSince = this.#sentAt = undefined;
    for (const { id, state, reason } of ack.states) {
      metrics.policyState(state);
      if (state === 'REFUSED') logger.warn({ replica: this.name, policy: id, reason }, 'a replica refused a policy');
    }
    this.#host.changed();
    this.update();
  }

  #send(update: Update): void {
    this.#writing = true;
    this.#waitingSince = Date.now();
    this.#sentAt ??= this.#waitingSince;
    this.#host.metrics.sent(update);
    this.#write({ update }, () => {
      this.#writing = false;
      this.update();
    });
  }

  #write(message: { role: Role } | { update: Update }, written?: () => void): void {
    if (!this.#ended) this.#call.write(message, written);
  }
}
