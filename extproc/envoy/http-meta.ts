/** What Envoy's headers and attributes say of a request and its response. */

import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { MessageMeta } from '../pipeline/conditions.ts';
import type { ResponseMeta } from '../pipeline/exchange.ts';
import type { ProcessingRequest } from './messages.ts';

const NO_HEADERS: ReadonlyMap<string, string[]> = new Map();
const MAX_CORRELATION_ID = 128;
const FORBIDDEN_IN_ID = /[^A-Za-z0-9._:/+=-]/;

/** @param message `requestHeaders` */
export function requestMeta({ headers = NO_HEADERS, attributes }: ProcessingRequest): MessageMeta {
  const sourceIp = addressOf(attributes?.get('source.address'));
  return {
    method: headers.get(':method')?.[0] ?? '',
    path: headers.get(':path')?.[0] ?? '',
    host: headers.get(':authority')?.[0] ?? headers.get('host')?.[0] ?? '',
    headers,
    ...(sourceIp !== undefined && { sourceIp }),
  };
}

/** @param message `responseHeaders` */
export function responseMeta({ headers = NO_HEADERS }: ProcessingRequest): ResponseMeta {
  return { status: Number(headers.get(':status')?.[0] ?? 0), headers };
}

/** The request id that Envoy gave, or one of our own if that is none or nothing for a log or a header. */
export function correlationId(request: MessageMeta): string {
  const id = request.headers.get('x-request-id')?.[0] ?? '';
  return id !== '' && id.length <= MAX_CORRELATION_ID && !FORBIDDEN_IN_ID.test(id) ? id : randomUUID();
}

/** `10.0.0.1:4711`, `[::1]:4711` -> the address. Never taken from a header, which a client can write. */
function addressOf(socketAddress: string | undefined): string | undefined {
  const address = socketAddress?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return address !== undefined && isIP(address) !== 0 ? address : undefined;
}
