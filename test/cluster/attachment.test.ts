/** Where policies hold in Envoy Gateway: rules, routes, Gateways, labels, and what other people have there already. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceOfProcess } from '../../scripts/local/kubernetes/endpoints.ts';
import { startEnvoyProxy, type EnvoyProxy } from '../../scripts/local/kubernetes/envoy-proxy.ts';
import { hostAddress } from '../../scripts/local/kubernetes/host-address.ts';
import { stablePort } from '../../scripts/local/ports.ts';
import { until } from '../../scripts/local/until.ts';
import { closeIdle, send } from '../e2e/support/http.ts';
import { content, envelope, policy, secret } from '../e2e/support/fixture.ts';
import { Recorder } from '../e2e/support/recorder.ts';
import { underLoad } from './support/load.ts';
import { gateway, namespaceObject, NAMESPACE, Person, route, target } from './support/objects.ts';
import { System } from './support/system.ts';

const MESSAGE = envelope(content(100));

/** A policy whose messages carry its user name. */
function login(name: string, user: string, spec: object): object[] {
  return [
    secret(`${user}-login`, { username: user, password: 'not tested here' }),
    policy(name, {
      ...spec,
      request: {
        secure: { usernameToken: { credentials: { secretRef: { name: `${user}-login` } }, passwordType: 'Digest' } },
      },
    }),
  ];
}

describe('attachment in Envoy Gateway', () => {
  let system: System;
  let envoy: EnvoyProxy;
  let recorder: Recorder;
  let person: Person;

  before(async () => {
    // What the backend answers says by which policy the message went.
    recorder = await Recorder.start(
      ({ body, url }) => {
        const user = /Username>([^<]*)</.exec(body.toString())?.[1] ?? 'nobody';
        return { body: envelope(`<r:Seen xmlns:r="urn:r">${user} at ${url}</r:Seen>`) };
      },
      await hostAddress(),
    );
    system = await System.start({ envoyGateway: true });
    person = new Person(system.cluster);
    await system.cluster.apply(
      namespaceObject(),
      gateway(await stablePort()),
      ...(await serviceOfProcess(NAMESPACE, 'backend', recorder.port)),
    );
    envoy = await startEnvoyProxy(system.cluster, `${NAMESPACE}/web`);
  });
  after(async () => {
    closeIdle();
    await envoy?.stop();
    await system?.stop();
    recorder.close();
  });

  /** `alice at /a`, or the status and the beginning of any other answer. */
  const seen = async (path: string, body = MESSAGE): Promise<string> => {
    const { status, text } = await send(`${envoy.url()}${path}`, body);
    return /<r:Seen[^>]*>([^<]*)</.exec(text)?.[1] ?? `${status} ${text.slice(0, 200)}`;
  };
  const sees = async (path: string, expected: string): Promise<void> => {
    let last = '';
    await until(`${path} is ${expected}`, async () => (last = await seen(path)).startsWith(expected)).catch((error) => {
      throw new Error(`${path}: ${last}`, { cause: error });
    });
  };

  test('each rule of a route has its own policy, also while rules change places', async () => {
    const rules = { a: { name: 'a', path: '/a' }, b: { name: 'b', path: '/b' }, c: { name: 'c', path: '/c' } };
    await system.cluster.apply(route('shop', recorder.port, [rules.a, rules.b]));
    await person.apply(
      ...login('for-a', 'alice', { targetRefs: [target('shop', 'a')] }),
      ...login('for-b', 'bob', { targetRefs: [target('shop', 'b')] }),
    );
    await person.programmed('for-a');
    await person.programmed('for-b');
    await sees('/a', 'alice at /a');
    await sees('/b', 'bob at /b');
    const { odd, sent } = await underLoad(
      `${envoy.url()}/a`,
      MESSAGE,
      // Envoy Gateway renames clusters with the rules; for a moment Envoy itself may have none and says 503.
      (status, text) => (status === 200 ? text.includes('alice at /a') : status === 503 && text === ''),
      async () => {
        for (const order of [
          [rules.b, rules.a],
          [rules.c, rules.b, rules.a],
          [rules.a, rules.c, rules.b],
          [rules.b, rules.a],
        ]) {
          await system.cluster.apply(route('shop', recorder.port, order));
          await sleep(700);
          assert.match(await seen('/b'), /^(bob at \/b|503 )$/);
        }
      },
    );
    assert.deepEqual(odd, {}, `of ${sent}`);
  });

  test('a route that no policy covers is open until the Gateway has a guard, and then closed to SOAP alone', async () => {
    await system.cluster.apply(route('open', recorder.port));
    await sees('/open', 'nobody at /open');
    await person.apply(policy('guard', { unmatched: 'Refuse', targetRefs: [target('web', undefined, 'Gateway')] }));
    await person.programmed('guard');
    await until('SOAP is refused', async () => (await seen('/open')).startsWith('403 '));
    const json = await send(`${envoy.url()}/open`, '{"a":1}', { headers: { 'content-type': 'application/json' } });
    assert.match(json.text, /nobody at \/open/);
    await sees('/a', 'alice at /a');
    assert.match((await person.conditions('guard')).Accepted?.message ?? '', /It governs \d of the Gateway's 2 routes/);
  });

  test('a route that is made under the guard is closed from its first moment', async () => {
    const path = `${envoy.url()}/late`;
    const statuses = new Set<number>();
    let over = false;
    const client = (async () => {
      while (!over) statuses.add((await send(path, MESSAGE)).status);
    })();
    await system.cluster.apply(route('late', recorder.port));
    await until('the route is there', () => statuses.has(403));
    over = true;
    await client;
    assert.deepEqual([...statuses].sort(), [403, 404]);
  });

  test('a policy follows labels: routes that get one are covered, routes that lose it are not', async () => {
    await person.apply(
      ...login('by-label', 'carol', {
        targetSelectors: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', matchLabels: { style: 'soap' } }],
      }),
    );
    await person.waitFor('by-label', 'Accepted', 'False');
    await system.cluster.apply(route('open', recorder.port, undefined, { style: 'soap' }));
    await sees('/open', 'carol at /open');
    await system.cluster.apply(route('late', recorder.port, undefined, { style: 'soap' }));
    await sees('/late', 'carol at /late');
    await system.cluster.apply(route('late', recorder.port, undefined, { style: 'rest' }));
    await sees('/late', '403 ');
  });

  test('of two policies for one target the older holds, and the other says so', async () => {
    await sleep(1100);
    await person.apply(...login('younger', 'dave', { targetRefs: [target('shop', 'a')] }));
    const { reason, message } = await person.waitFor('younger', 'Accepted', 'False');
    assert.equal(reason, 'Conflicted');
    assert.match(message, /e2e\/for-a/);
    await sees('/a', 'alice at /a');
    await person.remove('wssp', 'for-a');
    await person.programmed('younger');
    await sees('/a', 'dave at /a');
  });

  test("somebody's own EnvoyExtensionPolicy is reported and never touched; the policy takes over when it goes", async () => {
    await system.cluster.apply(route('own', recorder.port));
    const lua = { type: 'Inline', inline: 'function envoy_on_request(handle) end' };
    await person.apply({
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'EnvoyExtensionPolicy',
      metadata: { name: 'theirs', namespace: NAMESPACE },
      spec: { targetRefs: [target('own')], lua: [lua] },
    });
    await sleep(1100);
    await person.apply(...login('second', 'erin', { targetRefs: [target('own')] }));
    const { reason, message } = await person.waitFor('second', 'Accepted', 'False');
    assert.equal(reason, 'Conflicted');
    assert.match(message, /EnvoyExtensionPolicy e2e\/theirs/);
    const theirs = await system.cluster.get<{ spec: { lua: unknown } }>(
      'envoyextensionpolicy',
      'theirs',
      '-n',
      NAMESPACE,
    );
    assert.deepEqual(theirs.spec.lua, [lua]);
    await person.remove('envoyextensionpolicy', 'theirs');
    await sees('/own', 'erin at /own');
    await person.programmed('second');
  });

  test("a ClientTrafficPolicy of somebody's is left alone, and a condition says what it should be", async () => {
    await person.apply({
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'ClientTrafficPolicy',
      metadata: { name: 'theirs', namespace: NAMESPACE },
      spec: { targetRefs: [target('web', undefined, 'Gateway')], connection: { bufferLimit: '64Ki' } },
    });
    const { message } = await person.waitFor('second', 'BufferLimitTooLow', 'True');
    assert.match(message, /bufferLimit in ClientTrafficPolicy e2e\/theirs/);
    await person.remove('clienttrafficpolicy', 'theirs');
    await until('the condition is gone', async () => !(await person.conditions('second')).BufferLimitTooLow);
  });

  test('keys of another namespace are used where a ReferenceGrant allows it, and only as long', async () => {
    const vault = { ...secret('frank-login', { username: 'frank', password: 'x' }) } as { metadata: object };
    await person.apply(namespaceObject('vault'), { ...vault, metadata: { name: 'frank-login', namespace: 'vault' } });
    const credentials = { secretRef: { name: 'frank-login', namespace: 'vault' } };
    await system.cluster.apply(route('far', recorder.port));
    await person.apply(
      policy('far', {
        targetRefs: [target('far')],
        request: { secure: { usernameToken: { credentials, passwordType: 'Digest' } } },
      }),
    );
    const { reason } = await person.waitFor('far', 'ResolvedRefs', 'False');
    assert.equal(reason, 'RefNotPermitted');
    // Not open either: Envoy has the filter, and the policy cannot work.
    await sees('/far', '500 ');
    await person.apply({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'ReferenceGrant',
      metadata: { name: 'for-e2e', namespace: 'vault' },
      spec: {
        from: [{ group: 'waxseal.dev', kind: 'WSSecurityPolicy', namespace: NAMESPACE }],
        to: [{ group: '', kind: 'Secret', name: 'frank-login' }],
      },
    });
    await person.programmed('far');
    await sees('/far', 'frank at /far');
    await system.cluster.kubectl(['delete', 'referencegrant', 'for-e2e', '-n', 'vault']);
    // A right that is taken away is no mistake to be bridged with the last version that worked.
    await sees('/far', '500 ');
  });

  test('a target that is not there is said to be missing', async () => {
    await person.apply(...login('nowhere', 'grace', { targetRefs: [target('no-such-route')] }));
    const { reason, message } = await person.waitFor('nowhere', 'Accepted', 'False');
    assert.equal(reason, 'TargetNotFound');
    assert.match(message, /no-such-route/);
  });
});
