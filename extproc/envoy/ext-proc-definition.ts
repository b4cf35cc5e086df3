/** The gRPC service that Envoy calls, `envoy.service.ext_proc.v3.ExternalProcessor` (proto/envoy/service/ext_proc). */

import type { ServerDuplexStream } from '@grpc/grpc-js';

export const EXT_PROC_SERVICE = 'envoy.service.ext_proc.v3.ExternalProcessor';

/** The service as grpc-js takes it: messages stay bytes, which `messages.ts` reads and writes without copying bodies. */
export const extProcDefinition = {
  process: {
    path: `/${EXT_PROC_SERVICE}/Process`,
    requestStream: true,
    responseStream: true,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (parts: readonly Buffer[]) => (parts.length === 1 ? parts[0] : Buffer.concat(parts)),
    responseDeserialize: (bytes: Buffer) => [bytes],
  },
} as const;

/** A call of `Process`: messages as Envoy sent them; answers in parts, which are sent one after the other. */
export type ExtProcCall = ServerDuplexStream<Buffer, readonly Buffer[]>;
