/**
 * A small SOAP service that demands WS-Security and answers with it: Body and Timestamp signed by a certificate of its
 * authority, the Body encrypted to it. It speaks WS-Security through libraries of its own, not through Waxseal.
 */

import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { descendants, parse } from './dom.ts';
import { SOAP11, SOAP12, WSSE } from './names.ts';
import { openMessage } from './open-message.ts';
import type { Opened, Receiver } from './open-message.ts';
import { protectMessage } from './protect-message.ts';
import type { Sender } from './protect-message.ts';

/** What one call was: shown by the demo. */
export interface Call {
  readonly received: string;
  readonly opened?: Opened;
  /** Why the message was refused. */
  readonly refused?: string;
}

export interface Backend {
  readonly port: number;
  /** The last calls, newest last. */
  readonly calls: readonly Call[];
  /** How many calls there were. */
  total(): number;
  close(): void;
}

const KEPT_CALLS = 10;

export async function startBackend(port: number, receiver: Receiver, sender: Sender): Promise<Backend> {
  const calls: Call[] = [];
  let total = 0;
  const server = createServer((request, response) => {
    total++;
    answer(request, response, receiver, sender)
      .then((call) => {
        calls.push(call);
        if (calls.length > KEPT_CALLS) calls.shift();
      })
      .catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    total: () => total,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  receiver: Receiver,
  sender: Sender,
): Promise<Call> {
  const received = Buffer.concat(await request.toArray()).toString('utf8');
  const soap12 = (request.headers['content-type'] ?? '').startsWith('application/soap+xml');
  const contentType = `${soap12 ? 'application/soap+xml' : 'text/xml'}; charset=utf-8`;
  const namespace = soap12 ? SOAP12 : SOAP11;
  try {
    const opened = await openMessage(received, receiver);
    if (!opened.encrypted) throw new Error('the Body is not encrypted');
    const result = await protectMessage(namespace, placeOrder(opened.body), sender, { confirm: opened.signatureValue });
    response.writeHead(200, { 'content-type': contentType }).end(result);
    return { received, opened };
  } catch (error) {
    const refused = (error as Error).message;
    response.writeHead(500, { 'content-type': contentType }).end(fault(namespace, refused));
    return { received, refused };
  }
}

/** The business of this service: an order is confirmed with the sum of its lines. */
function placeOrder(body: string): string {
  const namespace = 'urn:example:shop';
  let pieces = 0;
  for (const line of descendants(parse(body), namespace, 'Line')) pieces += Number(line.getAttribute('quantity'));
  return (
    `<s:PlaceOrderResponse xmlns:s="${namespace}"><s:Accepted>true</s:Accepted>` +
    `<s:Pieces>${pieces}</s:Pieces></s:PlaceOrderResponse>`
  );
}

function fault(namespace: string, reason: string): string {
  const text = reason.replace(/[<>&]/g, ' ');
  const content =
    namespace === SOAP12
      ? `<soap:Code><soap:Value>soap:Sender</soap:Value><soap:Subcode><soap:Value xmlns:wsse="${WSSE}">wsse:InvalidSecurity` +
        `</soap:Value></soap:Subcode></soap:Code><soap:Reason><soap:Text xml:lang="en">${text}</soap:Text></soap:Reason>`
      : `<faultcode xmlns:wsse="${WSSE}">wsse:InvalidSecurity</faultcode><faultstring>${text}</faultstring>`;
  return `<soap:Envelope xmlns:soap="${namespace}"><soap:Body><soap:Fault>${content}</soap:Fault></soap:Body></soap:Envelope>`;
}
