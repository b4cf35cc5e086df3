/** The values of a request that conditions compare, in one normal form each. */

import { MIMEType } from 'node:util';

const UNRESERVED_ESCAPE = /%(2[DdEe]|3\d|4[1-9A-Fa-f]|5[\dAaFf]|6[1-9A-Fa-f]|7[\dAaEe])/g;

/**
 * The path without its query, with unreserved characters unescaped and dot segments resolved (RFC 3986 §6.2.2), so that
 * another spelling of a path does not get round a condition.
 *
 * @param path the request target in origin form
 */
export function normalPath(path: string): string {
  const end = path.search(/[?#]/);
  const bare = end < 0 ? path : path.slice(0, end);
  if (!bare.startsWith('/')) return bare;
  const unescaped = bare.replace(UNRESERVED_ESCAPE, (_escape, code: string) => String.fromCharCode(parseInt(code, 16)));
  return new URL(`http://host${unescaped}`).pathname;
}

/** Every decoded value of a query parameter. */
export function queryValues(path: string, name: string): string[] {
  const start = path.indexOf('?');
  return start < 0 ? [] : new URLSearchParams(path.slice(start + 1)).getAll(name);
}

/** Lower case, without the port and without a dot at the end. */
export function hostName(host: string): string {
  return host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}

/**
 * The SOAP action: of SOAP 1.2 the `action` parameter of the media type (SOAP 1.2 part 2 §6.5.3), of SOAP 1.1 the
 * SOAPAction header without its quotes (SOAP 1.1 §6.1.1). A SOAP 1.2 message without the parameter is asked for the
 * header, which some clients send.
 *
 * @param headers by lower-case name
 * @returns none, one, or as many as there are SOAPAction headers
 */
export function soapActions(headers: ReadonlyMap<string, readonly string[]>): string[] {
  const type = mediaType(headers.get('content-type')?.[0]);
  const parameter = type?.essence === 'application/soap+xml' ? type.params.get('action') : null;
  if (parameter !== null && parameter !== undefined) return [parameter];
  return (headers.get('soapaction') ?? []).map((value) => value.trim().replace(/^"(.*)"$/, '$1'));
}

function mediaType(text: string | undefined): MIMEType | undefined {
  if (text === undefined) return undefined;
  try {
    return new MIMEType(text);
  } catch {
    return undefined;
  }
}
