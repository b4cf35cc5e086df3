/** `grpc.health.v1.Health` (proto/grpc/health/v1/health.proto): what gRPC probes and Envoy's health checks ask. */

import { GRPC_STATUS, type GrpcCall, type GrpcHandler, type GrpcMethod } from './grpc-server.ts';
import { ProtobufReader, ProtobufWriter } from './protobuf.ts';

type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
const NUMBERS: Readonly<Record<ServingStatus, number>> = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 };

/** A request names a service; names are short. */
const MAX_REQUEST = 1024;

/** The status of this server ('' in the protocol) and of the services that it names, which are all the same. */
export class Health {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  #serving = false;

  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services]);
  }

  get serving(): boolean {
    return this.#serving;
  }

  set serving(serving: boolean) {
    if (this.#serving === serving) return;
    this.#serving = serving;
    for (const notify of this.#watchers) notify();
  }

  /** The service's methods by path, for `GrpcServer`. */
  get methods(): [string, GrpcMethod][] {
    return [
      ['/grpc.health.v1.Health/Check', (call) => this.#handler(call, (service) => this.#check(call, service))],
      ['/grpc.health.v1.Health/Watch', (call) => this.#watch(call)],
    ];
  }

  #status(service: string): ServingStatus {
    if (!this.#services.has(service)) return 'SERVICE_UNKNOWN';
    return this.#serving ? 'SERVING' : 'NOT_SERVING';
  }

  #check(call: GrpcCall, service: string): void {
    const status = this.#status(service);
    if (status === 'SERVICE_UNKNOWN') {
      call.fail(GRPC_STATUS.NOT_FOUND, 'unknown service');
      return;
    }
    call.send([encodeStatus(status)]);
    call.end();
  }

  #watch(call: GrpcCall): GrpcHandler {
    let notify: (() => void) | undefined;
    const handler = this.#handler(call, (service) => {
      let last: ServingStatus | undefined;
      notify = () => {
        const status = this.#status(service);
        if (status !== last) call.send([encodeStatus(status)]);
        last = status;
      };
      this.#watchers.add(notify);
      notify();
    });
    return {
      ...handler,
      closed: () => {
        if (notify !== undefined) this.#watchers.delete(notify);
      },
    };
  }

  /** One request, then `answer`. */
  #handler(call: GrpcCall, answer: (service: string) => void): GrpcHandler {
    let answered = false;
    return {
      admit: (length) => {
        if (!answered && length <= MAX_REQUEST) return 'collect';
        call.fail(GRPC_STATUS.INVALID_ARGUMENT, 'one short request expected');
        return 'refuse';
      },
      message: (bytes) => {
        answered = true;
        answer(decodeService(bytes));
      },
      skipped: () => undefined,
      halfClosed: () => {
        if (!answered) call.fail(GRPC_STATUS.INVALID_ARGUMENT, 'no request');
      },
      closed: () => undefined,
    };
  }
}

function decodeService(bytes: Buffer): string {
  const reader = new ProtobufReader(bytes);
  let service = '';
  while (reader.next()) {
    if (reader.field === 1) service = reader.string();
    else reader.skip();
  }
  return service;
}

function encodeStatus(status: ServingStatus): Buffer {
  const writer = new ProtobufWriter(2);
  writer.uint(1, NUMBERS[status]);
  return writer.buffer;
}
