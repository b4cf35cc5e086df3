/**
 * Policies that are converted from a WSDL, and nothing else, between a party that knows no security and Apache CXF, which
 * reads nothing but that WSDL: as the service that the gateway calls, and as the client of a service that it protects.
 */

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { CA_PEM } from '../interop/cxf.ts';
import { CATALOG } from '../interop/wsdl-catalog.ts';
import { plainOrder, WsdlServices } from '../interop/wsdl-services.ts';
import { manifests } from './support/converted.ts';
import { send } from './support/http.ts';
import { TokenFleet } from './support/token-fleet.ts';

/** Anyone may send these requests, and a policy lets in only whom it can tell from others. */
const ANONYMOUS = ['symmetric-protected', 'symmetric-derived', 'symmetric-derived-signed'];
const NAMES = Object.keys(CATALOG);
const OVER_TLS = NAMES.filter((name) => CATALOG[name].tls);
const PLAIN = NAMES.filter((name) => !CATALOG[name].tls);
const PROVEN = PLAIN.filter((name) => !ANONYMOUS.includes(name));

let services: WsdlServices;
let shop: Server;
before(async () => {
  services = await WsdlServices.start(CATALOG, { debug: process.env['CXFDEBUG'] === '1' });
  shop = await startShop();
});
after(async () => {
  shop.close();
  await services.close();
});

describe('the service of a WSDL takes what the gateway makes of a plain order', () => {
  let plain: TokenFleet;
  let overTls: TokenFleet;
  before(async () => {
    plain = await TokenFleet.start({ policies: PLAIN, backendPort: services.port }, () =>
      manifests('client', PLAIN, CATALOG),
    );
    overTls = await TokenFleet.start({ policies: OVER_TLS, backendPort: services.tlsPort, backendCa: CA_PEM }, () =>
      manifests('client', OVER_TLS, CATALOG),
    );
  });
  after(async () => {
    await plain.stop();
    await overTls.stop();
  });

  for (const name of NAMES) {
    test(name, async () => {
      const fleet = CATALOG[name].tls ? overTls : plain;
      const { headers, body } = plainOrder('two apples', CATALOG[name].soap ?? '1.1');
      const answer = await send(fleet.url(name, `/${name}`), body, { headers });
      assert.equal(answer.status, 200, `${answer.text}\n${refusals(fleet)}`);
      assert.match(answer.text, /receipt>two apples for /);
      // What the answer was secured with was taken off.
      assert.doesNotMatch(answer.text, /Security|EncryptedData/);
    });
  }
});

describe('the client of a WSDL is let in by the gateway, and content with the answer', () => {
  let fleet: TokenFleet;
  before(async () => {
    const { port } = shop.address() as AddressInfo;
    fleet = await TokenFleet.start({ policies: PROVEN, backendPort: port }, () =>
      manifests('service', PROVEN, CATALOG),
    );
  });
  after(() => fleet.stop());

  for (const name of PROVEN) {
    test(name, async () => {
      const answer = await services.call(name, fleet.url(name, '/'), 'two apples');
      assert.equal(answer, 'ok two apples from the shop', refusals(fleet));
      const { headers, body } = plainOrder('two apples', CATALOG[name].soap ?? '1.1');
      assert.equal((await send(fleet.url(name, '/'), body, { headers })).status, 403);
    });
  }
});

function refusals(fleet: TokenFleet): string {
  return fleet
    .log()
    .split('\n')
    .filter((line) => line.includes('"refused"'))
    .slice(-3)
    .join('\n');
}

/** A service that takes no order with WS-Security in it. */
async function startShop(): Promise<Server> {
  const server = createServer((request, response) => {
    request.toArray().then(
      (pieces: Buffer[]) => {
        const text = Buffer.concat(pieces).toString();
        const [, soap] = /"(http[^"]*(?:envelope\/|soap-envelope))"/.exec(text) ?? [];
        const [, item] = /item[^>]*>([^<]*)</.exec(text) ?? [];
        const secured = /Security|EncryptedData/.test(text);
        response.writeHead(secured || item === undefined ? 500 : 200, {
          'content-type': request.headers['content-type'] ?? '',
        });
        response.end(
          `<s:Envelope xmlns:s="${soap}"><s:Body><o:orderResponse xmlns:o="urn:example:orders">` +
            `<o:receipt>${item} from the shop</o:receipt></o:orderResponse></s:Body></s:Envelope>`,
        );
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
