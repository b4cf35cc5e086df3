/** Everything that a run leaves behind, searched for what nobody may learn from it. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisServer } from '../../scripts/local/redis.ts';
import { until } from '../../scripts/local/until.ts';
import { AUDIENCE, Cxf, USER } from '../interop/cxf.ts';
import { warmUp } from '../interop/token-message.ts';
import { content, envelope, secret } from './support/fixture.ts';
import { send } from './support/http.ts';
import { Recorder } from './support/recorder.ts';
import { OBJECTS, tokenPolicy, tokenService } from './support/token-fixture.ts';
import { TokenFleet } from './support/token-fleet.ts';

const NAMES = ['good', 'symmetric', 'digest', 'refused', 'broken', 'slow'];
const WRONG = { username: 'night-watchman', password: 'open sesame, please' };
const FAULT =
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>' +
  '<faultcode xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">' +
  'w:FailedAuthentication</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>';

describe('what a run leaves behind', () => {
  let cxf: Cxf;
  let folder: string;
  let redis: RedisServer;
  let recorder: Recorder;
  let fleet: TokenFleet;
  /** Where it was found, what was searched. */
  const left = new Map<string, string>();
  const tokens = new Set<string>();

  before(async () => {
    cxf = await Cxf.start();
    await warmUp(cxf);
    folder = await mkdtemp(join(tmpdir(), 'waxseal-secrets-'));
    redis = await RedisServer.start({ folder });
    recorder = await Recorder.start(() => ({ body: '<ok/>' }));
    const wrong = { spec: { credentials: [{ name: 'wrong', default: true, secretRef: { name: 'wrong' } }] } };
    const options = {
      ...{ policies: NAMES, backendPort: recorder.port, processes: 2 },
      redis: `redis://127.0.0.1:${redis.port}`,
    };
    fleet = await TokenFleet.start(options, (retryUrl) => [
      ...[...OBJECTS, secret('wrong', WRONG)],
      tokenService('good', { cxf, wsTrust: { cancel: true } }),
      tokenPolicy('good', 'Bearer', { token: { onSecurityFault: 'Retry', retryUrl } }),
      ...[tokenService('symmetric', { cxf, keyType: 'Symmetric' }), tokenPolicy('symmetric', 'Symmetric')],
      ...[tokenService('digest', { cxf, authentication: 'username-digest' }), tokenPolicy('digest')],
      ...[tokenService('refused', { cxf, ...wrong }), tokenPolicy('refused')],
      // What answers there is no token service.
      tokenService('broken', { cxf, wsTrust: { url: cxf.tokenUrl('username-text').replace('/soap12', '/nothing') } }),
      tokenPolicy('broken'),
      tokenService('slow', { cxf, wsTrust: { appliesTo: `${AUDIENCE}/slow` }, spec: { connectionTimeout: '50ms' } }),
      tokenPolicy('slow'),
    ]);
    await until('Redis is there', async () => (await fleet.metric('waxseal_redis_up')) === 2);
  });
  after(async () => {
    await fleet.stop();
    recorder.close();
    await redis.stop();
    await cxf.close();
    await rm(folder, { recursive: true });
  });

  async function call(name: string, status?: number): Promise<number> {
    const answer = await send(fleet.url(name, '/orders'), envelope(content(300)));
    if (status !== undefined) assert.equal(answer.status, status, `${name}: ${answer.text}\n${fleet.log()}`);
    left.set(`answer ${left.size}`, JSON.stringify(answer.headers) + answer.text);
    return answer.status;
  }

  test('the run: tokens issued, shared, refused by the backend, and not to be had', async () => {
    for (const name of ['good', 'symmetric', 'digest']) for (let i = 0; i < 4; i++) await call(name, 200);
    for (const name of ['refused', 'broken']) await call(name, 503);
    await cxf.delay('Issue', 500);
    await call('slow', 503);
    await cxf.mend();
    await sleep(10_500);
    await dump('before');
    let refusals = 1;
    recorder.answer = () => (refusals-- > 0 ? { status: 500, body: FAULT } : { body: '<ok/>' });
    await call('good', 200);
    assert.equal(await fleet.metric('waxseal_token_invalidations_total'), 1);
    await cxf.kill();
    await sleep(10_500);
    // Both processes lose their token, and there is no other one.
    refusals = Infinity;
    let status = 500;
    for (let patience = 0; status === 500 && patience < 20; patience++) status = await call('good');
    assert.equal(status, 503);
    await dump('after');
    left.set('metrics', await fleet.metrics());
    left.set('log', fleet.log());
    for (const { body } of recorder.received) {
      for (const [token] of body.toString().matchAll(/<saml2:Assertion[\s\S]*<\/saml2:Assertion>/g)) tokens.add(token);
    }
    assert.ok(tokens.size >= 4, `${tokens.size} tokens`);
  });

  test('a message is stamped after its token was issued, not before the wait for it', () => {
    const stamped = recorder.received.map(({ body }) => body.toString()).filter((text) => text.includes('wsu:Created'));
    assert.ok(stamped.length > 0);
    for (const text of stamped) {
      const [created, issued] = [/<wsu:Created>([^<]+)</, / IssueInstant="([^"]+)"/].map((at) => at.exec(text)?.[1]);
      assert.ok(Date.parse(created ?? '') >= Date.parse(issued ?? ''), `${created} ${issued}`);
    }
  });

  /** All that Redis holds, as it stands there. */
  async function dump(when: string): Promise<void> {
    const client = new Redis(redis.port, '127.0.0.1');
    const keys = await client.keys('*');
    assert.ok(keys.length > 0, 'Redis holds something');
    for (const key of keys) {
      const value = await client.dumpBuffer(key);
      left.set(`Redis ${when}: ${key}`, `${key}${value?.toString('latin1') ?? ''}`);
    }
    client.disconnect();
  }

  test('what is searched is there', () => {
    const all = [...left.values()].join('\n');
    for (const sign of ['e2e/good', 'ERR_STS_FAULT', 'waxseal_token_requests_total', 'CorrelationId', 'waxseal:']) {
      assert.ok(all.includes(sign), sign);
    }
  });

  const secrets: Readonly<Record<string, () => readonly string[]>> = {
    'user names': () => [USER.name, WRONG.username],
    passwords: () => [USER.password, 'pässword', WRONG.password],
    'the address of the token service': () => [
      `127.0.0.1:${cxf.ports.tokens}`,
      String(cxf.ports.tokens),
      'username-text',
    ],
    'tokens and their ids': () =>
      [...tokens].flatMap((token) => [
        ...[token, token.slice(0, 60), / ID="([^"]+)"/.exec(token)?.[1] ?? token],
        / *SignatureValue>([^<]{40})/.exec(token)?.[1] ?? token,
      ]),
    'whom a token names': () => ['saml2', 'Assertion'],
    'keys of the gateway': () => ['PRIVATE KEY'],
  };
  for (const [what, values] of Object.entries(secrets)) {
    test(`no ${what}, as they are, in UTF-8 or in base64`, () => {
      for (const value of values()) {
        const utf8 = Buffer.from(value);
        // Base64 of it wherever it may begin in what is encoded, without the characters that depend on what is around.
        const encoded = [0, 1, 2].map((shift) =>
          Buffer.concat([Buffer.alloc(shift), utf8])
            .toString('base64')
            .slice(4, -4),
        );
        const forms = [
          value,
          utf8.toString('latin1'),
          utf8.toString('hex'),
          ...encoded.filter((text) => text.length > 8),
        ];
        for (const [where, text] of left) {
          for (const form of forms) assert.ok(!text.includes(form), `${form} (${value}) in ${where}: ${text}`);
        }
      }
    });
  }
});
