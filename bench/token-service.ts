/** A token service as small as can be, so that what is measured is ours: it gives every caller the same kind of token. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BenchTokenService {
  readonly port: number;
  close(): void;
}

/** Of a usual size: a signed assertion with a few attributes has three to five KB. */
const ATTRIBUTES = 40;

export async function startTokenService(): Promise<BenchTokenService> {
  const server = createServer((incoming, answer) => {
    incoming.resume();
    incoming.on('end', () => answer.setHeader('content-type', 'text/xml').end(assertion()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

export function assertion(): string {
  const attributes = Array.from(
    { length: ATTRIBUTES },
    (_, at) =>
      `<saml2:Attribute Name="urn:a:${at}"><saml2:AttributeValue>value ${at}</saml2:AttributeValue></saml2:Attribute>`,
  );
  const until = new Date(Date.now() + 3_600_000).toISOString();
  return (
    `<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_${randomUUID()}" Version="2.0">` +
    `<saml2:Issuer>bench</saml2:Issuer><saml2:Conditions NotOnOrAfter="${until}"/>` +
    `<saml2:AttributeStatement>${attributes.join('')}</saml2:AttributeStatement></saml2:Assertion>`
  );
}
