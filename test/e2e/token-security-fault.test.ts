/** A backend refuses a token that was good until now: it is dropped, and where the policy says so the message is sent again. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SOAP11, SOAP12 } from '../../examples/demo/names.ts';
import { Cxf, type Counts, type Demand, type SoapVersion } from '../interop/cxf.ts';
import { warmUp } from '../interop/token-message.ts';
import { content, envelope } from './support/fixture.ts';
import { SOAP11_HEADERS, SOAP12_HEADERS, send, type HttpAnswer } from './support/http.ts';
import { OBJECTS, tokenPolicy, tokenService } from './support/token-fixture.ts';
import { TokenFleet } from './support/token-fleet.ts';

/** A token is not dropped in the first ten seconds of its life: then it is not its age that the backend minds. */
const OLD_ENOUGH = 10_500;
const NAMES = ['retry', 'retry-symmetric', 'retry-silent', 'cancel', 'invalidate', 'ignore', 'hopeless', 'validate'];

describe('security Faults of the backend', () => {
  let cxf: Cxf;
  let fleet: TokenFleet;
  before(async () => {
    cxf = await Cxf.start();
    await warmUp(cxf);
    fleet = await TokenFleet.start({ policies: NAMES, backendPort: cxf.ports.orders }, (retryUrl) => {
      const retry = { token: { onSecurityFault: 'Retry', retryUrl } };
      return [
        ...OBJECTS,
        ...[tokenService('retry', { cxf }), tokenPolicy('retry', 'Bearer', retry)],
        tokenService('retry-symmetric', { cxf, keyType: 'Symmetric' }),
        tokenPolicy('retry-symmetric', 'Symmetric', retry),
        ...[tokenService('retry-silent', { cxf }), tokenPolicy('retry-silent', 'Bearer', retry)],
        ...[tokenService('cancel', { cxf, wsTrust: { cancel: true } }), tokenPolicy('cancel', 'Bearer', retry)],
        ...[tokenService('invalidate', { cxf }), tokenPolicy('invalidate')],
        ...[tokenService('ignore', { cxf }), tokenPolicy('ignore', 'Bearer', { token: { onSecurityFault: 'Ignore' } })],
        tokenService('hopeless', { cxf, wsTrust: { appliesTo: 'urn:example:other' } }),
        tokenPolicy('hopeless', 'Bearer', retry),
        ...[tokenService('validate', { cxf, wsTrust: { validate: true } }), tokenPolicy('validate', 'Bearer', retry)],
      ];
    });
    for (const name of NAMES) await call(name, name.includes('symmetric') ? 'symmetric' : 'bearer');
    await sleep(OLD_ENOUGH);
    await cxf.revoke();
  });
  after(async () => {
    await fleet.stop();
    await cxf.close();
  });

  function call(name: string, demand: Demand = 'bearer', soap: SoapVersion = '1.1'): Promise<HttpAnswer> {
    const [namespace, headers] = soap === '1.1' ? [SOAP11, SOAP11_HEADERS] : [SOAP12, SOAP12_HEADERS];
    return send(fleet.url(name, cxf.orderPath(demand, soap)), envelope(content(300), namespace), { headers });
  }

  /** Checks what one call makes of these counts. */
  async function counted(act: () => Promise<HttpAnswer>, expected: Partial<Counts>): Promise<HttpAnswer> {
    await cxf.reset();
    const answer = await act();
    const counts = await cxf.counts();
    for (const [name, count] of Object.entries(expected)) {
      assert.equal(
        counts[name as keyof Counts],
        count,
        `${name} in ${JSON.stringify(counts)}\n${answer.text}\n${fleet.log()}`,
      );
    }
    return answer;
  }

  for (const [name, demand, soap] of [
    ['retry', 'bearer', '1.1'],
    ['retry-symmetric', 'symmetric', '1.2'],
    ['retry-silent', 'bearer-silent', '1.2'],
  ] as const) {
    test(`${name}: the message is sent again, once, with a new token, and the client sees only that`, async () => {
      const answer = await counted(() => call(name, demand, soap), { received: 2, accepted: 1, Issue: 1 });
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.text, /Receipt[^>]*>warehouse-clerk</);
      const type = answer.headers['content-type'] ?? '';
      assert.ok(type.startsWith(soap === '1.1' ? 'text/xml' : 'application/soap+xml'), type);
      assert.doesNotMatch(fleet.envoy.log, /mutations failed/);
      assert.equal(await fleet.metric('waxseal_token_invalidations_total', { service: `e2e/${name}` }), 1);
      await counted(() => call(name, demand, soap), { received: 1, accepted: 1, Issue: 0 });
    });
  }

  test('cancel: the token is cancelled too', async () => {
    const answer = await counted(() => call('cancel'), { received: 2, accepted: 1, Issue: 1 });
    assert.equal(answer.status, 200, answer.text);
    for (let patience = 0; patience < 50 && (await cxf.counts()).Cancel === 0; patience++) await sleep(20);
    assert.equal((await cxf.counts()).Cancel, 1);
  });

  test('invalidate: the client gets the Fault, and the next message a new token', async () => {
    const answer = await counted(() => call('invalidate'), { received: 1, accepted: 0 });
    assert.equal(answer.status, 500);
    assert.match(answer.text, /FailedAuthentication/);
    assert.equal((await counted(() => call('invalidate'), { received: 1, accepted: 1, Issue: 1 })).status, 200);
  });

  test('ignore: the token stays', async () => {
    for (let i = 0; i < 2; i++) {
      assert.equal((await counted(() => call('ignore'), { received: 1, accepted: 0, Issue: 0 })).status, 500);
    }
  });

  test('validate: the token service says that it is good, so it stays and nothing is sent again', async () => {
    const answer = await counted(() => call('validate'), { received: 1, accepted: 0, Issue: 0, Validate: 1 });
    assert.equal(answer.status, 500);
  });

  test('hopeless: it is sent again once and no more, and the new token is kept for a while', async () => {
    const answer = await counted(() => call('hopeless', 'bearer-silent'), { received: 2, accepted: 0, Issue: 1 });
    assert.equal(answer.status, 500);
    assert.match(answer.text, /Fault/);
    await counted(() => call('hopeless', 'bearer-silent'), { received: 1, accepted: 0, Issue: 0 });
  });
});
