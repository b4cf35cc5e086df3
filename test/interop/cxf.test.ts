/** The service that demands issued tokens does so: what the end to end tests send it, it would refuse if it did not hold. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPki } from '../support/pki.ts';
import { Cxf, type Demand, type SoapVersion } from './cxf.ts';
import { askForToken, tokenMessage, type Issued, type MessageOptions } from './token-message.ts';

const pki = createPki();
const versions: readonly SoapVersion[] = ['1.1', '1.2'];
let cxf: Cxf;
let bearer: Issued;
let symmetric: Issued;
let publicKey: Issued;

before(async () => {
  cxf = await Cxf.start();
  const url = cxf.tokenUrl('username-text');
  bearer = await askForToken(url, { keyType: 'Bearer' });
  symmetric = await askForToken(url, { keyType: 'SymmetricKey' });
  publicKey = await askForToken(url, { keyType: 'PublicKey', certificate: pki.signer.certificatePem });
});
after(() => cxf.close());

async function send(demand: Demand, soap: SoapVersion, message: string): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': soap === '1.1' ? 'text/xml' : 'application/soap+xml' };
  const url = `http://127.0.0.1:${cxf.ports.orders}${cxf.orderPath(demand, soap)}`;
  const answer = await fetch(url, { method: 'POST', headers, body: message });
  return { status: answer.status, text: await answer.text() };
}

/** Everything that a demand is content with, by SOAP version. */
function good(demand: Demand, soap: SoapVersion): MessageOptions {
  if (demand === 'symmetric') return { soap, issued: symmetric, key: symmetric.secret };
  if (demand === 'public') return { soap, issued: publicKey, key: pki.signer.key };
  return { soap, issued: bearer, timestamp: false };
}

async function refused(demand: Demand, soap: SoapVersion, message: string): Promise<void> {
  await cxf.reset();
  const { status, text } = await send(demand, soap, message);
  assert.equal(status, 500, text);
  assert.match(text, /:Fault>/);
  const { received, accepted } = await cxf.counts();
  assert.deepEqual({ received, accepted }, { received: 1, accepted: 0 });
}

for (const demand of ['bearer', 'symmetric', 'public'] as const) {
  for (const soap of versions) {
    test(`${demand}, SOAP ${soap}: takes a message that holds`, async () => {
      const { status, text } = await send(demand, soap, tokenMessage(good(demand, soap)));
      assert.equal(status, 200, text);
      assert.match(text, /Receipt[^>]*>warehouse-clerk</);
    });

    test(`${demand}, SOAP ${soap}: refuses a message without a token`, () =>
      refused(demand, soap, tokenMessage({ soap, timestamp: demand !== 'bearer' })));

    test(`${demand}, SOAP ${soap}: refuses a changed token`, () =>
      refused(demand, soap, tokenMessage(good(demand, soap)).replace('>warehouse-clerk<', '>warehouse-chief<')));
  }
}

for (const demand of ['symmetric', 'public'] as const) {
  test(`${demand}: refuses a message whose Body was changed`, () =>
    refused(demand, '1.2', tokenMessage(good(demand, '1.2')).replace('>1</o:Order>', '>1000</o:Order>')));

  test(`${demand}: refuses a signature by another key`, () =>
    refused(
      demand,
      '1.2',
      tokenMessage({ ...good(demand, '1.2'), key: demand === 'public' ? pki.recipient.key : Buffer.alloc(32, 7) }),
    ));

  test(`${demand}: refuses a message without a signature`, () => {
    const { soap, issued = bearer } = good(demand, '1.2');
    return refused(demand, '1.2', tokenMessage({ soap, issued }));
  });

  test(`${demand}: refuses a message without a Timestamp`, () =>
    refused(demand, '1.2', tokenMessage({ ...good(demand, '1.2'), timestamp: false })));

  test(`${demand}: refuses a bearer token`, () =>
    refused(demand, '1.2', tokenMessage({ soap: '1.2', issued: bearer })));
}

test('refuses a token for another audience', async () => {
  const issued = await askForToken(cxf.tokenUrl('username-text'), { keyType: 'Bearer', audience: 'urn:example:other' });
  await refused('bearer', '1.2', tokenMessage({ soap: '1.2', issued, timestamp: false }));
});

test('refuses a token that has expired', async () => {
  const expires = Date.now() + 2000;
  const issued = await askForToken(cxf.tokenUrl('username-text'), { keyType: 'Bearer', expires });
  assert.equal((await send('bearer', '1.2', tokenMessage({ soap: '1.2', issued, timestamp: false }))).status, 200);
  await sleep(expires - Date.now() + 10);
  await refused('bearer', '1.2', tokenMessage({ soap: '1.2', issued, timestamp: false }));
  assert.equal((await cxf.counts()).expired, 1);
});

test('refuses a token of a service that has the same name and another key', async () => {
  const other = await Cxf.start({ impostor: true });
  try {
    const issued = await askForToken(other.tokenUrl('username-text'), { keyType: 'Bearer' });
    await refused('bearer', '1.2', tokenMessage({ soap: '1.2', issued, timestamp: false }));
  } finally {
    await other.close();
  }
});

test('refuses revoked tokens with the fault code of WS-Security, or CXF’s own', async () => {
  const message = tokenMessage(good('bearer', '1.1'));
  assert.equal((await send('bearer', '1.1', message)).status, 200);
  await cxf.revoke();
  assert.match((await send('bearer', '1.1', message)).text, /<faultcode[^>]*secext-1.0.xsd">ns1:FailedAuthentication</);
  assert.match((await send('bearer-silent', '1.1', message)).text, /<faultcode[^>]*wss4j">ns1:SecurityError</);
});

test('the token service refuses a wrong password, and one that stands there as a text where a digest must', async () => {
  await cxf.reset();
  const wrong = { keyType: 'Bearer', password: 'sesame' } as const;
  await assert.rejects(askForToken(cxf.tokenUrl('username-text'), wrong), /no token/);
  await assert.rejects(askForToken(cxf.tokenUrl('username-digest'), { keyType: 'Bearer' }), /no token/);
  const { asked, Issue } = await cxf.counts();
  assert.deepEqual({ asked, Issue }, { asked: 2, Issue: 0 });
});

test('delays and failures are as asked for', async () => {
  const url = cxf.tokenUrl('username-text');
  await cxf.failWith('Issue', 'RequestFailed');
  await assert.rejects(askForToken(url, { keyType: 'Bearer' }), /RequestFailed/);
  await cxf.failWithStatus(503);
  await assert.rejects(askForToken(url, { keyType: 'Bearer' }), /503/);
  await cxf.mend();
  await cxf.delay('Issue', 300);
  const start = performance.now();
  await askForToken(url, { keyType: 'Bearer' });
  assert.ok(performance.now() - start >= 300);
  await cxf.mend();
});
