/** What Envoy's headers and attributes say of a request and its response. */

import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { MessageMeta } from '../pipeline/conditions.ts';
import { PEER_CERTIFICATE } from '../../policy/attach/connection-attributes.ts';
import type { ConnectionFacts, ConnectionNeeds, PeerCertificate } from '../pipeline/connection.ts';
import type { ResponseMeta } from '../pipeline/exchange.ts';
import { jwtClaims } from './jwt-claims.ts';
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

/**
 * What the policy needs to know of the client, where Envoy's filter was told to send it.
 *
 * @param message `requestHeaders`
 * @throws ProtobufError, AssertionSubjectError
 */
export function connectionFacts({ attributes, metadata }: ProcessingRequest, needs: ConnectionNeeds): ConnectionFacts {
  const certificate = needs.certificate ? peerCertificate(attributes) : undefined;
  return {
    ...(certificate && { certificate }),
    ...(needs.claims.length > 0 && metadata !== undefined && { claims: jwtClaims(metadata, needs.claims) }),
  };
}

/** Undefined when the client showed none. */
function peerCertificate(attributes: ProcessingRequest['attributes']): PeerCertificate | undefined {
  const sha256 = attributes?.get(PEER_CERTIFICATE.sha256);
  if (attributes === undefined || sha256 === undefined || sha256 === '') return undefined;
  const field = (name: string) => attributes.get(name) || undefined;
  return {
    sha256,
    subject: field(PEER_CERTIFICATE.subject),
    uri: field(PEER_CERTIFICATE.uri),
    dns: field(PEER_CERTIFICATE.dns),
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
