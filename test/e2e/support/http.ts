/** A plain HTTP client: whole answers, and control over connections and framing. */

import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface HttpOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly agent?: Agent;
  /** Sends the body in pieces of this many bytes, without Content-Length. */
  readonly chunk?: number;
}

export const SOAP11_HEADERS = { 'content-type': 'text/xml; charset=utf-8', soapaction: '"urn:test"' };
export const SOAP12_HEADERS = { 'content-type': 'application/soap+xml; charset=utf-8; action="urn:test"' };
const shared = new Agent({ keepAlive: true, maxSockets: 256 });

/** POSTs a SOAP 1.1 message unless told otherwise. Fails only when no answer comes. */
export function send(url: string, body: string | Buffer, options: HttpOptions = {}): Promise<HttpAnswer> {
  const bytes = Buffer.from(body);
  const { method = 'POST', headers = SOAP11_HEADERS, agent = shared, chunk } = options;
  return new Promise((resolve, reject) => {
    const framing = chunk || method === 'GET' ? {} : { 'content-length': String(bytes.length) };
    const call = request(url, { method, agent, headers: { ...framing, ...headers } }, (response) => {
      response.toArray().then((pieces: Buffer[]) => {
        const whole = Buffer.concat(pieces);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole, text: whole.toString() });
      }, reject);
    });
    call.once('error', reject);
    if (chunk) for (let at = 0; at < bytes.length; at += chunk) call.write(bytes.subarray(at, at + chunk));
    else if (method !== 'GET') call.write(bytes);
    call.end();
  });
}

export function closeIdle(): void {
  shared.destroy();
}
