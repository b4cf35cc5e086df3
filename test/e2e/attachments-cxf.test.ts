/**
 * MTOM and SOAP with Attachments between a party that knows no security and Apache CXF, which reads nothing but its WSDL; the
 * gateway in between has a policy that is converted from that.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { DOCUMENTS } from '../interop/wsdl-catalog.ts';
import { WsdlServices } from '../interop/wsdl-services.ts';
import { multipart, openMultipart } from '../support/attachments.ts';
import { manifests } from './support/converted.ts';
import { send } from './support/http.ts';
import { TokenFleet } from './support/token-fleet.ts';

const NAMES = Object.keys(DOCUMENTS);
const SIZES = [4_096, 2_000_000];
const ENVELOPES = {
  '1.1': ['http://schemas.xmlsoap.org/soap/envelope/', 'text/xml'],
  '1.2': ['http://www.w3.org/2003/05/soap-envelope', 'application/soap+xml'],
} as const;

const isMtom = (name: string): boolean => name.startsWith('mtom-');
const inverted = (content: Buffer): Buffer => Buffer.from(content.map((octet) => octet ^ 0xff));
/** Any octets, not only text. */
const octets = (size: number): Buffer => createHash('shake256', { outputLength: size }).update('document').digest();

/** A message of one document: included by MTOM, or beside the envelope. */
function documentMessage(
  name: string,
  wrapper: string,
  element: string,
  content: Buffer,
): { readonly type: string; readonly body: Buffer } {
  const [namespace, media] = ENVELOPES[DOCUMENTS[name].soap ?? '1.1'];
  const held = isMtom(name)
    ? '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:document@x"/>'
    : 'AQID';
  const envelope =
    `<s:Envelope xmlns:s="${namespace}"><s:Body><o:${wrapper} xmlns:o="urn:example:orders">` +
    `<o:${element}>${held}</o:${element}></o:${wrapper}></s:Body></s:Envelope>`;
  const kind = isMtom(name) ? `application/xop+xml"; start-info="${media}` : media;
  const type = `multipart/related; boundary="the boundary"; type="${kind}"; start="<root@x>"`;
  const header = ['Content-Type: application/octet-stream', 'Content-ID: <document@x>'];
  return { type, body: multipart(envelope, [{ header, content }], type) };
}

/** The document of a message: an encrypted Body holds it itself, any other still has it in its part. */
function documentOf(name: string, body: Buffer, type: string): Buffer {
  const opened = openMultipart(body, type);
  assert.doesNotMatch(opened.root.body.toString('latin1'), /Security|EncryptedData/);
  assert.match(type, isMtom(name) ? /type="?application\/xop\+xml/ : /type="?text\/xml/);
  if (name.startsWith('mtom-protected')) {
    assert.equal(opened.attachments.length, 0);
    const [, base64 = ''] = /(?:item|receipt)>([^<]*)</.exec(opened.root.body.toString('latin1')) ?? [];
    return Buffer.from(base64, 'base64');
  }
  assert.equal(opened.attachments.length, 1);
  if (isMtom(name)) assert.match(opened.root.body.toString(), /Include [^>]*href="cid:/);
  return opened.attachments[0].content();
}

let services: WsdlServices;
before(async () => {
  services = await WsdlServices.start(DOCUMENTS, { debug: process.env['CXFDEBUG'] === '1' });
});
after(() => services.close());

test('the services take what their WSDLs say', async () => {
  for (const name of NAMES) {
    const how = isMtom(name) ? 'mtom' : 'attached';
    assert.equal(await services.send(how, name, services.url(name), 4_096), 'ok inverted', name);
    const { type, body } = documentMessage(name, 'order', 'item', octets(4_096));
    const plain = await send(services.url(name), body, { headers: { 'content-type': type } });
    assert.equal(plain.status, 500, name);
  }
});

describe('the service of a WSDL takes what the gateway makes of a plain message with a document', () => {
  let fleet: TokenFleet;
  before(async () => {
    fleet = await TokenFleet.start({ policies: NAMES, backendPort: services.port }, () =>
      manifests('client', NAMES, DOCUMENTS),
    );
  });
  after(() => fleet.stop());

  for (const name of NAMES) {
    for (const size of SIZES) {
      test(`${name}, ${size} bytes`, async () => {
        const content = octets(size);
        const { type, body } = documentMessage(name, 'order', 'item', content);
        const headers = { 'content-type': type, soapaction: '"urn:example:orders:order"' };
        const answer = await send(fleet.url(name, `/${name}`), body, { headers });
        assert.equal(answer.status, 200, `${answer.text.slice(0, 1000)}\n${refusals(fleet)}`);
        const document = documentOf(name, answer.body, answer.headers['content-type'] ?? '');
        assert.ok(document.equals(inverted(content)));
      });
    }
  }
});

describe('the client of a WSDL is let in with its document, and content with the answer', () => {
  let fleet: TokenFleet;
  let archive: Server;
  before(async () => {
    archive = await startArchive();
    const { port } = archive.address() as AddressInfo;
    fleet = await TokenFleet.start({ policies: NAMES, backendPort: port }, () =>
      manifests('service', NAMES, DOCUMENTS),
    );
  });
  after(async () => {
    await fleet.stop();
    archive.close();
  });

  for (const name of NAMES) {
    for (const size of SIZES) {
      test(`${name}, ${size} bytes`, async () => {
        const how = isMtom(name) ? 'mtom' : 'attached';
        assert.equal(await services.send(how, name, fleet.url(name, `/${name}`), size), 'ok inverted', refusals(fleet));
      });
    }

    test(`${name}: nothing plain is let in`, async () => {
      const { type, body } = documentMessage(name, 'order', 'item', octets(4_096));
      const answer = await send(fleet.url(name, `/${name}`), body, { headers: { 'content-type': type } });
      assert.equal(answer.status, 403);
    });
  }
});

/** A service without security: answers with the document inverted, the way it came. */
async function startArchive(): Promise<Server> {
  const server = createServer((request, response) => {
    request.toArray().then(
      (pieces: Buffer[]) => {
        try {
          const name = request.url?.slice(1) ?? '';
          const document = documentOf(name, Buffer.concat(pieces), request.headers['content-type'] ?? '');
          const { type, body } = documentMessage(name, 'orderResponse', 'receipt', inverted(document));
          response.writeHead(200, { 'content-type': type }).end(body);
        } catch (error) {
          response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error));
        }
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function refusals(fleet: TokenFleet): string {
  return fleet
    .log()
    .split('\n')
    .filter((line) => line.includes('"refused"'))
    .slice(-3)
    .join('\n');
}
