/** Tokens of five seconds for half a minute of real time: none that has expired is sent, and nobody waits for a new one. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cxf } from '../interop/cxf.ts';
import { warmUp } from '../interop/token-message.ts';
import { content, envelope } from './support/fixture.ts';
import { SOAP11_HEADERS } from './support/http.ts';
import { Load } from './support/load.ts';
import { OBJECTS, tokenPolicy, tokenService } from './support/token-fixture.ts';
import { TokenFleet } from './support/token-fleet.ts';

const SECONDS = 30;
const LOOKUPS = ['memory', 'shared', 'issued', 'waited', 'stale', 'failed'] as const;

describe('tokens that last five seconds', () => {
  let cxf: Cxf;
  let fleet: TokenFleet;
  before(async () => {
    cxf = await Cxf.start();
    await warmUp(cxf);
    const short = { wsTrust: { lifetime: '5s' }, spec: { cache: { refreshBefore: '2s' } } };
    const renewed = { ...short, wsTrust: { ...short.wsTrust, renew: true } };
    fleet = await TokenFleet.start({ policies: ['issued', 'renewed'], backendPort: cxf.ports.orders }, () => [
      ...OBJECTS,
      ...[tokenService('issued', { cxf, ...short }), tokenPolicy('issued')],
      ...[tokenService('renewed', { cxf, ...renewed }), tokenPolicy('renewed')],
    ]);
  });
  after(async () => {
    await fleet.stop();
    await cxf.close();
  });

  for (const name of ['issued', 'renewed']) {
    test(`${name} in time for ${SECONDS} seconds`, async () => {
      const lookups = async () => {
        const counts = LOOKUPS.map((result) =>
          fleet.metric('waxseal_token_cache_lookups_total', { service: `e2e/${name}`, result }),
        );
        return Object.fromEntries((await Promise.all(counts)).map((count, index) => [LOOKUPS[index], count]));
      };
      await cxf.reset();
      // A slow token service: who had to wait for it would be seen to.
      await cxf.delay('Issue', 300);
      await cxf.delay('Renew', 300);
      const load = Load.start(fleet.url(name, cxf.orderPath('bearer')), envelope(content(300)), SOAP11_HEADERS);
      while (load.answers < 20) await sleep(20);
      const first = await lookups();
      await sleep(SECONDS * 1000);
      const last = await lookups();
      const { answers, odd } = await load.stop();
      await cxf.mend();

      assert.deepEqual(odd, [], fleet.log());
      assert.deepEqual({ ...last, memory: 0 }, { ...first, memory: 0 }, 'nobody waited after the first ones');
      assert.ok(Number(last['memory']) > Number(first['memory']) + 100);
      const { accepted, tokens, expired } = await cxf.counts();
      assert.deepEqual({ accepted, expired }, { accepted: answers, expired: 0 });
      // Each is used for three seconds and a little less.
      assert.ok(tokens >= SECONDS / 5 && tokens <= SECONDS / 2, `${tokens} tokens`);
      const operations = (operation: string) =>
        fleet.metric('waxseal_token_requests_total', { service: `e2e/${name}`, operation, result: 'ok' });
      const [Issue, Renew] = [await operations('Issue'), await operations('Renew')];
      if (name === 'renewed') assert.ok(Issue === 1 && Renew >= tokens - 1, `${Issue} issued, ${Renew} renewed`);
      else assert.ok(Issue >= tokens && Renew === 0, `${Issue} issued, ${Renew} renewed`);
    });
  }
});
