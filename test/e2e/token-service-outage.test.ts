/** The token service dies under load: valid tokens go on, then callers get a clear 503, and it comes back without help. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SOAP11 } from '../../examples/demo/names.ts';
import { until } from '../../scripts/local/until.ts';
import { Cxf, USER } from '../interop/cxf.ts';
import { warmUp } from '../interop/token-message.ts';
import { content, envelope, policy } from './support/fixture.ts';
import { SOAP11_HEADERS, send } from './support/http.ts';
import { Load } from './support/load.ts';
import { assertFault } from './support/refusal.ts';
import { OBJECTS, tokenPolicy, tokenService } from './support/token-fixture.ts';
import { TokenFleet } from './support/token-fleet.ts';

const message = envelope(content(300));

describe('an outage of the token service', () => {
  let sts: Cxf;
  /** Another process, which lives on. */
  let orders: Cxf;
  let fleet: TokenFleet;
  before(async () => {
    [sts, orders] = [await Cxf.start(), await Cxf.start()];
    for (const each of [sts, orders]) await warmUp(each);
    const spec = { cache: { refreshBefore: '3s' }, circuitBreaker: { failures: 2, openFor: '1s' } };
    fleet = await TokenFleet.start({ policies: ['token', 'stamped'], backendPort: orders.ports.orders }, () => [
      ...OBJECTS,
      tokenService('token', { cxf: sts, wsTrust: { lifetime: '8s' }, spec }),
      tokenPolicy('token'),
      // The service behind it does not know WS-Security, and so must not have to understand it.
      policy('stamped', { request: { secure: { mustUnderstand: false, timestamp: { ttl: '5m' } } } }),
    ]);
  });
  after(async () => {
    await fleet.stop();
    await Promise.all([sts.close(), orders.close()]);
  });
  const call = () => send(fleet.url('token', orders.orderPath('bearer')), message);

  test('valid tokens go on, then 503, then it is served again; others notice nothing', async () => {
    assert.equal((await call()).status, 200);
    const load = Load.start(fleet.url('token', orders.orderPath('bearer')), message, SOAP11_HEADERS);
    const others = Load.start(fleet.url('stamped', orders.orderPath('open')), message, SOAP11_HEADERS);
    await sleep(500);
    await sts.kill();
    const atOutage = load.answers;
    await until('the token has expired', () => load.refusals.length > 50);
    assert.ok(load.answers - load.refusals.length > atOutage + 20, 'the token went on while it was valid');
    assert.equal(await fleet.metric('waxseal_token_circuit_open', { service: 'e2e/token' }), 1);

    for (const refusal of load.refusals) {
      assert.equal(refusal.status, 503, refusal.text);
      assertFault(refusal, SOAP11);
      const id = refusal.headers['x-waxseal-correlation-id'];
      assert.ok(typeof id === 'string' && refusal.text.includes(id), refusal.text);
      const shown = `${JSON.stringify(refusal.headers)}${refusal.text}`;
      for (const secret of [USER.name, USER.password, String(sts.ports.tokens), '127.0.0.1']) {
        assert.ok(!shown.includes(secret), shown);
      }
    }
    sts = await Cxf.start({ ports: sts.ports });
    await until('it is served again', async () => (await call()).status === 200);
    const before = load.refusals.length;
    await sleep(1000);
    assert.equal(load.refusals.length, before, 'and from then on');
    await load.stop();
    const { answers, odd } = await others.stop();
    assert.deepEqual(odd.slice(0, 3), []);
    assert.ok(answers > 100, String(answers));
    assert.equal((await orders.counts()).expired, 0);
  });

  test('a token service that is slow costs its own callers a 503 within their budget, and others nothing', async () => {
    await sts.delay('Issue', 20_000);
    await sts.delay('Renew', 20_000);
    const others = Load.start(fleet.url('stamped', orders.orderPath('open')), message, SOAP11_HEADERS);
    await until('there is no token any more', async () => (await call()).status === 503);
    const { odd } = await others.stop();
    assert.deepEqual(odd.slice(0, 3), []);
    await sts.mend();
    await until('it is served again', async () => (await call()).status === 200);
  });
});
