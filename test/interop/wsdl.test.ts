/** The services of the WSDLs demand what those say: CXF's own client gets an answer, and a message without security none. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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
    const answer = await fetch(services.url(name), { method: 'POST', headers, body });
    assert.equal(answer.status, 500);
    assert.match(await answer.text(), /:Fault>/);
  });
}
