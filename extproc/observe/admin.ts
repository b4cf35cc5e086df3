/** The administrator's HTTP port: metrics, liveness, readiness. Reads nothing from requests but method and path. */

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseListenAddress, releaseSocketPath } from '../envoy/listen-address.ts';

export interface Readiness {
  readonly ready: boolean;
  /** What an administrator wants to know; plain JSON, no secrets. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AdminSources {
  readonly metrics: () => Promise<{ contentType: string; body: string }>;
  readonly readiness: () => Readiness;
}

export class AdminServer {
  readonly #server: Server;

  constructor(sources: AdminSources) {
    this.#server = createServer((request, response) => {
      answer(request.method ?? '', request.url ?? '', sources, response).catch(() => {
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
  }

  /** @returns the address as it can be connected to */
  async listen(address: string): Promise<string> {
    const target = parseListenAddress(address);
    if ('path' in target) await releaseSocketPath(target.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(target, resolve);
    });
    if ('path' in target) return address;
    const bound = this.#server.address() as AddressInfo;
    return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function answer(method: string, url: string, sources: AdminSources, response: ServerResponse): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  switch (url.split('?')[0]) {
    case '/metrics': {
      const { contentType, body } = await sources.metrics();
      response.writeHead(200, { 'content-type': contentType }).end(body);
      return;
    }
    case '/healthz':
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
      return;
    case '/readyz': {
      const { ready, details } = sources.readiness();
      const body = `${JSON.stringify({ ready, ...details }, undefined, 2)}\n`;
      response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json' }).end(body);
      return;
    }
    default:
      response.writeHead(404, { 'content-type': 'text/plain' }).end('/metrics /healthz /readyz\n');
  }
}
