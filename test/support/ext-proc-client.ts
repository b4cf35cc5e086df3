/** Plays Envoy: a gRPC client of the ext_proc service, with the messages that Envoy sends. */

import { once } from 'node:events';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const definitions = loadSync('envoy/service/ext_proc/v3/external_processor.proto', {
  includeDirs: [path.join(import.meta.dirname, '../../proto')],
});
const { envoy } = grpc.loadPackageDefinition(definitions) as unknown as {
  envoy: { service: { ext_proc: { v3: { ExternalProcessor: grpc.ServiceClientConstructor } } } };
};

interface HeaderMutation {
  setHeaders?: { header: { key: string; rawValue: Buffer } }[];
  removeHeaders?: string[];
}
interface Common {
  headerMutation?: HeaderMutation;
  bodyMutation?: { body?: Buffer };
}
export interface Answer {
  requestHeaders?: { response?: Common };
  requestBody?: { response?: Common };
  responseHeaders?: { response?: Common };
  responseBody?: { response?: Common };
  requestTrailers?: object;
  responseTrailers?: object;
  immediateResponse?: { status: { code: number }; headers: HeaderMutation; body: Buffer; details: string };
}
export type Call = grpc.ClientDuplexStream<object, Answer>;

export interface ExtProcClient {
  /** Opens a stream, for the policy that Envoy's route names. */
  readonly open: (policy?: string) => Call;
  readonly close: () => void;
}

/** @param authority what the cluster in Envoy's configuration is called; otherwise the address */
export function connectExtProc(address: string, authority?: string): ExtProcClient {
  const client = new envoy.service.ext_proc.v3.ExternalProcessor(address, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    ...(authority !== undefined && { 'grpc.default_authority': authority }),
  }) as unknown as { Process(metadata: grpc.Metadata): Call; close(): void };
  return {
    open: (policy) => {
      const metadata = new grpc.Metadata();
      if (policy !== undefined) metadata.set('x-wss-policy', policy);
      const call = client.Process(metadata);
      call.on('error', () => undefined);
      return call;
    },
    close: () => client.close(),
  };
}

export const headerMap = (headers: Record<string, string>) => ({
  headers: Object.entries(headers).map(([key, value]) => ({ key, rawValue: Buffer.from(value) })),
});
export const BUFFERED = { requestBodyMode: 'BUFFERED', responseBodyMode: 'BUFFERED' };

export function requestHeaders(changes: object = {}, headers: Record<string, string> = {}): object {
  return {
    requestHeaders: {
      headers: headerMap({
        ':method': 'POST',
        ':path': '/',
        ':authority': 'shop',
        'content-type': 'text/xml',
        'x-request-id': 'req-1',
        ...headers,
      }),
      endOfStream: false,
    },
    protocolConfig: BUFFERED,
    ...changes,
  };
}
export const requestBody = (body: Buffer) => ({ requestBody: { body, endOfStream: true } });
export const responseHeaders = (status: number, endOfStream = false, headers: Record<string, string> = {}) => ({
  responseHeaders: {
    headers: headerMap({ ':status': String(status), 'content-type': 'text/xml', ...headers }),
    endOfStream,
  },
});
export const responseBody = (body: Buffer) => ({ responseBody: { body, endOfStream: true } });

export async function ask(call: Call, message: object): Promise<Answer> {
  call.write(message);
  const [answer] = (await once(call, 'data')) as [Answer];
  return answer;
}

/** The status that a call ends with. */
export function ending(call: Call): Promise<grpc.StatusObject> {
  return new Promise((resolve) => {
    call.on('data', () => undefined);
    call.once('status', resolve);
  });
}
