/**
 * Serves policies to the replicas of the data plane. Each keeps a stream here; one that subscribes is sent what differs
 * from what it has, and says how it fares with it.
 */

import * as grpc from '@grpc/grpc-js';
import type { Registry } from 'prom-client';
import type { Logger } from '../../extproc/observe/log.ts';
import type { ResolvedPolicy } from '../../policy/bundle.ts';
import { bundleService, CHANNEL_OPTIONS, type DeliverCall, type Role } from '../../proto/bundle-service.ts';
import { EXTPROC_NAME, hasRole, type TlsMaterial } from '../../proto/roles.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { ReplicaSession, type ReplicaState, type SessionHost } from './replica-session.ts';
import { RenewableServerCredentials } from './server-credentials.ts';

export interface BundleServerOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string;
  /** Without them nobody can connect until `setCertificates`. */
  readonly certificates?: TlsMaterial;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Streams at a time; more are refused. */
  readonly maxReplicas?: number;
}

const MAX_REPLICAS = 1000;
/** A replica needs one stream; a connection that is being replaced may have two for a moment. */
const STREAMS_PER_CONNECTION = 4;
/** Milliseconds between looks for replicas whose time is over. */
const CHECK_EVERY = 5000;
/** Milliseconds that replicas have to leave when the server stops. */
const STOP_TIMEOUT = 1000;

export class BundleServer {
  readonly #options: BundleServerOptions;
  readonly #host: SessionHost;
  readonly #credentials: RenewableServerCredentials;
  readonly #metrics: DeliveryMetrics;
  readonly #sessions = new Set<ReplicaSession>();
  readonly #handlers = new Set<() => void>();
  readonly #server = new grpc.Server({
    ...CHANNEL_OPTIONS,
    'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION,
  });
  #published: ReadonlyMap<string, ResolvedPolicy> | undefined;
  #role: Role = { leading: false, epoch: 0 };
  #checks: NodeJS.Timeout | undefined;

  /** @throws TlsMaterialError */
  constructor(options: BundleServerOptions) {
    this.#options = options;
    this.#credentials = new RenewableServerCredentials(options.certificates);
    this.#metrics = new DeliveryMetrics(options.registry, () => this.#sessions.size);
    this.#host = {
      published: () => this.#published,
      role: () => this.#role,
      ...{ logger: options.logger, metrics: this.#metrics },
      changed: () => {
        for (const handler of this.#handlers) handler();
      },
    };
    this.#server.addService(bundleService, { Deliver: (call: DeliverCall) => this.#serve(call) });
  }

  /** @returns the address that it listens on */
  async start(): Promise<string> {
    const { listen } = this.#options;
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(listen, this.#credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    this.#checks = setInterval(() => {
      for (const session of this.#sessions) session.check(Date.now());
    }, CHECK_EVERY).unref();
    return `${listen.slice(0, listen.lastIndexOf(':'))}:${port}`;
  }

  async stop(): Promise<void> {
    clearInterval(this.#checks);
    for (const session of this.#sessions) session.end(grpc.status.UNAVAILABLE, 'the operator stops');
    await new Promise<void>((resolve) => {
      // A connection that never spoke HTTP/2 is not waited for.
      const cutOff = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, STOP_TIMEOUT);
      this.#server.tryShutdown(() => {
        clearTimeout(cutOff);
        resolve();
      });
    });
  }

  /**
   * What replicas should run from now on; they are sent what differs by `version`. A policy that is `broken` is a notice:
   * a replica that has a version that works keeps it, another one refuses the policy's traffic.
   *
   * @param policies by `namespace/name`; not changed after that
   */
  publish(policies: ReadonlyMap<string, ResolvedPolicy>): void {
    const first = this.#published === undefined;
    this.#published = policies;
    for (const session of this.#sessions) {
      if (first) session.tellRole();
      session.update();
    }
  }

  /** Replicas prefer the operator that leads, and of two the one with the higher epoch. */
  setRole({ leading, epoch }: Role): void {
    this.#role = { leading, epoch };
    for (const session of this.#sessions) session.tellRole();
  }

  /** For connections from now on; those that are there stay until a certificate of theirs expires. @throws TlsMaterialError */
  setCertificates(certificates: TlsMaterial): void {
    this.#credentials.renew(certificates);
  }

  /** Those that have subscribed here. */
  replicas(): readonly ReplicaState[] {
    const byName = new Map<string, ReplicaState>();
    // A replica that has come back may have left a stream behind that is not known to be dead yet: the later one counts.
    for (const { state } of this.#sessions) if (state !== undefined) byName.set(state.name, state);
    return [...byName.values()];
  }

  /** @param handler called whenever `replicas` are others, or their policies fare otherwise */
  onReplicaChange(handler: () => void): void {
    this.#handlers.add(handler);
  }

  #serve(call: DeliverCall): void {
    // A stream whose error nobody listens for would end the process.
    call.on('error', () => undefined);
    const { logger, maxReplicas = MAX_REPLICAS } = this.#options;
    const certificate = call.getAuthContext().sslPeerCertificate;
    if (certificate === undefined || !hasRole(certificate.raw, EXTPROC_NAME)) {
      this.#metrics.streamRefused('role');
      logger.warn({ address: call.getPeer() }, `a call with a certificate that is not for ${EXTPROC_NAME}`);
      refuse(call, grpc.status.PERMISSION_DENIED, `the certificate is not for ${EXTPROC_NAME}`);
    } else if (this.#sessions.size >= maxReplicas) {
      this.#metrics.streamRefused('limit');
      logger.warn({ address: call.getPeer(), maxReplicas }, 'too many replicas are connected');
      refuse(call, grpc.status.RESOURCE_EXHAUSTED, 'too many replicas are connected');
    } else {
      this.#open(call, Date.parse(certificate.valid_to));
    }
  }

  #open(call: DeliverCall, expires: number): void {
    const { logger } = this.#options;
    const session = new ReplicaSession(call, this.#host, expires);
    this.#sessions.add(session);
    // The replica knows that it has been let in, although there may be nothing to say yet.
    call.sendMetadata(new grpc.Metadata());
    const closed = (): void => {
      if (!this.#sessions.delete(session)) return;
      session.closed();
      logger.info({ replica: session.name, address: call.getPeer() }, 'a replica has gone');
    };
    for (const event of ['cancelled', 'close', 'error', 'end']) call.once(event, closed);
    logger.info({ address: call.getPeer() }, 'a replica has connected');
  }
}

function refuse(call: DeliverCall, code: grpc.status, details: string): void {
  call.emit('error', { code, details });
}
