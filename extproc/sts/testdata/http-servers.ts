/** Servers of the test's own, and a client for them. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach } from 'node:test';
import { inspect } from 'node:util';
import { createPki, issue, type Identity } from '../../../test/support/pki.ts';
import { testKey } from '../../../test/support/test-keys.ts';
import { HttpClient, type HttpClientOptions, type HttpRequest } from '../http-client.ts';

export const pki = createPki();
export const named = (name: string): Identity =>
  issue({
    subject: `CN=${name},O=Waxseal`,
    key: testKey('ec256', `server-${name}`),
    issuer: pki.intermediate,
    dnsNames: [name],
  });
export const localhost = named('localhost');
export const chain = (identity: Identity) => identity.certificatePem + pki.intermediate.certificatePem;
export const serverTls = (identity: Identity = localhost): ServerOptions => ({
  cert: chain(identity),
  key: identity.privateKeyPem,
});

export const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

/** @returns its port */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export async function https(listener: RequestListener, tls: ServerOptions = serverTls()): Promise<string> {
  return `https://localhost:${await listen(createServer(tls, listener))}/sts?tenant=acme`;
}

export function client(options: HttpClientOptions = { ca: pki.ca.certificatePem }): HttpClient {
  const made = new HttpClient(options);
  cleanUp.push(() => made.close());
  return made;
}

export const ask = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  ...{ url, method: 'POST', headers: { 'content-type': 'text/xml' }, body: '<question/>', timeout: 5000 },
  ...more,
});

/** Whatever it is, it tells nothing of where it was sent or what was in it. */
export function tellsNothing(error: Error): void {
  const told = `${error.name} ${error.message} ${inspect(error).split('\n    at ', 1)[0]}`;
  assert.doesNotMatch(told, /localhost|127\.0\.0\.1|::1|:\d{4}|sts|tenant|acme|elsewhere|secret|question|\/\//);
}

/** @param type the class of `errors.ts` that it must be */
export async function refused(
  answer: Promise<unknown>,
  type: new (...args: never[]) => Error,
  text?: RegExp,
): Promise<void> {
  await assert.rejects(answer, (error: Error) => {
    assert.ok(error instanceof type, `${error.name}: ${error.message}`);
    if (text !== undefined) assert.match(error.message, text);
    // The name of the class may say "Service".
    tellsNothing(error);
    return true;
  });
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
