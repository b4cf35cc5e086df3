/**
 * The least that an ext_proc service can do with @grpc/grpc-js: reads which message Envoy sends, lets it pass, touches no body.
 * A process of its own, started with the port to listen on; it says `ready` over IPC.
 */

import { Server, ServerCredentials, type ServerDuplexStream, type UntypedServiceImplementation } from '@grpc/grpc-js';

const identity = (bytes: Buffer): Buffer => bytes;
const service = {
  process: {
    path: '/envoy.service.ext_proc.v3.ExternalProcessor/Process',
    requestStream: true,
    responseStream: true,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
};

/** The answers "go on" by the field of ProcessingRequest: request and response headers, bodies. */
const answers = new Map([2, 3, 4, 5].map((field) => [field, Buffer.from([((field - 1) << 3) | 2, 0])]));

const handlers: UntypedServiceImplementation = {
  process: (call: ServerDuplexStream<Buffer, Buffer>) => {
    call.on('data', (request: Buffer) => {
      const answer = answers.get(kindOf(request));
      if (answer !== undefined) call.write(answer);
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  },
};

/** Number of the first field of the message that is one of the kinds. */
function kindOf(message: Buffer): number {
  let at = 0;
  while (at < message.length) {
    const [tag, afterTag] = varint(message, at);
    const field = tag >>> 3;
    if (answers.has(field)) return field;
    const [value, afterValue] = varint(message, afterTag);
    at = (tag & 7) === 2 ? afterValue + value : afterValue;
  }
  return 0;
}

function varint(bytes: Buffer, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    if (byte < 128) return [value >>> 0, at];
  }
}

const options = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
const server = new Server(options);
server.addService(service, handlers);
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  process.send?.('ready');
});
