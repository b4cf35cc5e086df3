/** The BundleService (waxseal/bundle/v1/bundle.proto) as grpc-js takes it, for both ends; its messages, and their bounds. */

import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** Types of received messages: every field is there, with its default where it was not sent. */
export interface ReplicaMessage {
  readonly message?: 'hello' | 'subscribe' | 'unsubscribe' | 'ack';
  readonly hello?: Hello;
  readonly subscribe?: Subscribe;
  readonly unsubscribe?: object;
  readonly ack?: Ack;
}

export interface Hello {
  readonly replica: string;
  readonly softwareVersion: string;
}

export interface Subscribe {
  readonly subscription: number;
  readonly inventory: readonly PolicyVersion[];
}

export interface PolicyVersion {
  readonly id: string;
  readonly version: string;
}

export interface Ack {
  readonly subscription: number;
  readonly nonce: number;
  readonly states: readonly PolicyState[];
}

export interface PolicyState extends PolicyVersion {
  readonly state: 'UNSPECIFIED' | 'RUNNING' | 'KEPT' | 'REFUSED';
  readonly reason: string;
}

export interface OperatorMessage {
  readonly message?: 'role' | 'update';
  readonly role?: Role;
  readonly update?: Update;
}

export interface Role {
  readonly leading: boolean;
  readonly epoch: number;
}

export interface Update {
  readonly subscription: number;
  readonly nonce: number;
  readonly upserts: readonly DeliveredPolicy[];
  readonly removals: readonly string[];
  readonly complete: boolean;
}

export interface DeliveredPolicy extends PolicyVersion {
  readonly json: Buffer;
}

/** Bytes of a message in either direction; a larger one ends the stream. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Bytes of a policy's JSON: with a part of other policies beside it, it fits into a message. */
export const MAX_POLICY_BYTES = 12 * 1024 * 1024;
/** Bytes of policies' JSON after which a part of an update is sent. */
export const PART_BYTES = 1024 * 1024;
/** Milliseconds: a peer that does not answer for both together is gone, and its connection is closed. */
const PING_EVERY = 8000;
const PING_TIMEOUT = 6000;

/** Options of the client's channel and of the server. */
export const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.keepalive_time_ms': PING_EVERY,
  'grpc.keepalive_timeout_ms': PING_TIMEOUT,
  'grpc.keepalive_permit_without_calls': 1,
} as const;

const definitions = loadSync('waxseal/bundle/v1/bundle.proto', {
  includeDirs: [import.meta.dirname],
  defaults: true,
  oneofs: true,
  enums: String,
});

/** For `Server.addService`, with an implementation of `Deliver`. */
export const bundleService = definitions['waxseal.bundle.v1.BundleService'] as grpc.ServiceDefinition;

const Client = grpc.makeGenericClientConstructor(bundleService, 'BundleService');

/** Opens channel to one replica of the operator. */
export function bundleClient(
  target: string,
  credentials: grpc.ChannelCredentials,
  options: grpc.ChannelOptions,
): BundleClient {
  return new Client(target, credentials, { ...CHANNEL_OPTIONS, ...options }) as unknown as BundleClient;
}

export interface BundleClient {
  Deliver(): grpc.ClientDuplexStream<ReplicaMessage, OperatorMessage>;
  close(): void;
}

/** A call of `Deliver` as the operator sees it. */
export type DeliverCall = grpc.ServerDuplexStream<ReplicaMessage, OperatorMessage>;
