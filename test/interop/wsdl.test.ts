/** The services of the WSDLs demand what those say: CXF's own client gets an answer, and a message without security none. */

import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { CA_PEM } from './cxf.ts';
import { CATALOG } from './wsdl-catalog.ts';
import { plainOrder, WsdlServices } from './wsdl-services.ts';

let services: WsdlServices;
before(async () => {
  services = await WsdlServices.start(CATALOG);
});
after(() => services.close());

for (const [name, { soap = '1.1' }] of Object.entries(CATALOG)) {
  test(`${name}: takes what its WSDL says and nothing less`, async () => {
    assert.match(await services.call(name, services.url(name), 'two apples'), /^ok two apples for /);
    const { headers, body } = plainOrder('two apples', soap);
    const answer = await post(services.url(name), headers, body);
    assert.equal(answer.status, 500);
    assert.match(answer.text, /:Fault>/);
  });
}

function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? https.request : http.request;
    const call = request(url, { method: 'POST', headers, ca: CA_PEM }, (answer) => {
      answer.toArray().then((pieces: Buffer[]) => {
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString() });
      }, reject);
    });
    call.once('error', reject);
    call.end(body);
  });
}
