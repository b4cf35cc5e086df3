/**
 * A SecurityTokenService in a cluster: its status, and messages through the Envoy that a real Envoy Gateway feeds, which show
 * that a change of it, and of what it refers to, is what the next message meets. One after the other on one system.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serviceOfProcess } from '../../scripts/local/kubernetes/endpoints.ts';
import { startEnvoyProxy, type EnvoyProxy } from '../../scripts/local/kubernetes/envoy-proxy.ts';
import { hostAddress } from '../../scripts/local/kubernetes/host-address.ts';
import { stablePort } from '../../scripts/local/ports.ts';
import { until } from '../../scripts/local/until.ts';
import { content, envelope, policy, secret } from '../e2e/support/fixture.ts';
import { closeIdle, send } from '../e2e/support/http.ts';
import { Recorder } from '../e2e/support/recorder.ts';
import { gateway, namespaceObject, NAMESPACE, Person, route, target } from './support/objects.ts';
import { System } from './support/system.ts';

const MESSAGE = envelope(content(300));
const [FIRST_PASSWORD, SECOND_PASSWORD] = ['open-sesame-1', 'open-sesame-2'];
const VAULT = 'vault';
const SERVICES = 'securitytokenservices';

const login = (password?: string): object =>
  secret('sts-login', { username: 'waxseal', ...(password !== undefined && { password }) });
const authorizationOf = (password: string): string => `Basic ${Buffer.from(`waxseal:${password}`).toString('base64')}`;
const uses = (serviceRef: object): object =>
  policy('orders', { targetRefs: [target('orders')], request: { secure: { securityToken: { serviceRef } } } });

describe('a token service in the cluster', () => {
  let system: System;
  let envoy: EnvoyProxy;
  let recorder: Recorder;
  let tokens: Recorder;
  let person: Person;

  before(async () => {
    recorder = await Recorder.start(({ body }) => ({ body }), await hostAddress());
    let issued = 0;
    tokens = await Recorder.start(({ headers }) => {
      const { authorization = '' } = headers;
      const known = [FIRST_PASSWORD, SECOND_PASSWORD].some((password) => authorization === authorizationOf(password));
      if (!known) return { status: 401, body: '' };
      return { headers: { 'content-type': 'application/xml' }, body: `<t:Token xmlns:t="urn:t">${++issued}</t:Token>` };
    });
    system = await System.start({ envoyGateway: true, values: { environment: 'prod' } });
    const { cluster } = system;
    person = new Person(cluster);
    await cluster.apply(
      ...[namespaceObject(), namespaceObject(VAULT), gateway(await stablePort())],
      ...(await serviceOfProcess(NAMESPACE, 'backend', recorder.port)),
      route('orders', recorder.port),
    );
    envoy = await startEnvoyProxy(cluster, `${NAMESPACE}/web`);
  });
  after(async () => {
    closeIdle();
    await envoy?.stop();
    await system?.stop();
    recorder.close();
    tokens.close();
  });

  const url = (): string => `${envoy.url()}/orders`;
  const service = (namespace = NAMESPACE, secretNamespace?: string): object => ({
    ...{ apiVersion: 'waxseal.dev/v1alpha1', kind: 'SecurityTokenService', metadata: { name: 'sts', namespace } },
    spec: {
      external: { url: `http://127.0.0.1:${tokens.port}/token` },
      credentials: [
        { name: 'elsewhere', environments: ['test'], secretRef: { name: 'sts-login-of-test' } },
        {
          ...{ name: 'here', environments: ['prod'] },
          secretRef: { name: 'sts-login', ...(secretNamespace !== undefined && { namespace: secretNamespace }) },
        },
      ],
    },
  });
  const serviceStatus = (type: string, status: 'True' | 'False') => person.waitFor('sts', type, status, SERVICES);
  const tokenOfMessage = async (): Promise<string | undefined> => {
    const { status } = await send(url(), MESSAGE);
    return status === 200
      ? /<t:Token xmlns:t="urn:t">\d+<\/t:Token>/.exec(recorder.last.body.toString())?.[0]
      : undefined;
  };

  test('what it refers to and is not there stands in its status, whether a policy uses it or not', async () => {
    await person.apply(service(), secret('sts-login-of-test', { username: 'test', password: 'test' }));
    const { reason, message } = await serviceStatus('ResolvedRefs', 'False');
    assert.equal(reason, 'InvalidRef');
    assert.match(message, /spec\.credentials\[1\]\.secretRef\.name: there is no Secret e2e\/sts-login; add it/);
    await serviceStatus('Accepted', 'True');
    await person.apply(uses({ name: 'sts' }));
    const { message: ofPolicy } = await person.waitFor('orders', 'ResolvedRefs', 'False');
    assert.match(ofPolicy, /SecurityTokenService e2e\/sts cannot be used: spec\.credentials\[1\]/);
  });

  test('what a Secret lacks stands there too', async () => {
    await person.apply(secret('sts-login', { note: 'nothing of use' }));
    await until('the status says so', async () =>
      /Secret sts-login, key authorization: is missing/.test((await serviceStatus('ResolvedRefs', 'False')).message),
    );
  });

  test('with its Secret it is in use: the message has its token, and the credential is that of the environment', async () => {
    await person.apply(login(FIRST_PASSWORD));
    await serviceStatus('ResolvedRefs', 'True');
    await person.programmed('orders');
    await until('messages have a token', async () => (await tokenOfMessage()) !== undefined);
    assert.equal(tokens.last.headers.authorization, authorizationOf(FIRST_PASSWORD));
    assert.match(recorder.last.body.toString(), /Security[^>]*>\s*<t:Token xmlns:t="urn:t">1<\/t:Token>/);
    assert.match(await system.cluster.kubectl(['get', SERVICES, '-n', NAMESPACE]), /sts +True +True/);
  });

  test('a changed Secret asks anew, without a restart and without a failed message', async () => {
    const before = await tokenOfMessage();
    await person.apply(login(SECOND_PASSWORD));
    await until('another token', async () => {
      const now = await tokenOfMessage();
      assert.notEqual(now, undefined, 'a message failed');
      return now !== before;
    });
    assert.equal(tokens.last.headers.authorization, authorizationOf(SECOND_PASSWORD));
  });

  test('a change that breaks it leaves the last version that worked in use', async () => {
    const { spec } = service() as { spec: object };
    await person.apply({ ...service(), spec: { ...spec, tls: { caRef: { name: 'no-such-authority' } } } });
    await serviceStatus('ResolvedRefs', 'False');
    await person.waitFor('orders', 'ResolvedRefs', 'False');
    assert.notEqual(await tokenOfMessage(), undefined);
    await person.apply({ ...service(), spec: { ...spec, tls: null } });
    await serviceStatus('ResolvedRefs', 'True');
    await person.programmed('orders');
  });

  const grant = (name: string, kind: string, to: object): object => ({
    ...{
      apiVersion: 'gateway.networking.k8s.io/v1beta1',
      kind: 'ReferenceGrant',
      metadata: { name, namespace: VAULT },
    },
    spec: { from: [{ group: 'waxseal.dev', kind, namespace: NAMESPACE }], to: [to] },
  });

  test('in another namespace it needs a grant; taken back, no message passes', async () => {
    await person.apply(
      service(VAULT),
      { ...login(FIRST_PASSWORD), metadata: { name: 'sts-login', namespace: VAULT } },
      {
        ...secret('sts-login-of-test', { username: 'test', password: 'test' }),
        metadata: { name: 'sts-login-of-test', namespace: VAULT },
      },
    );
    await person.apply(uses({ name: 'sts', namespace: VAULT }));
    const { reason, message } = await person.waitFor('orders', 'ResolvedRefs', 'False');
    assert.equal(reason, 'RefNotPermitted');
    assert.match(message, /to group "waxseal\.dev", kind SecurityTokenService, name sts/);
    await person.apply(grant('tokens', 'WSSecurityPolicy', { group: 'waxseal.dev', kind: 'SecurityTokenService' }));
    await person.programmed('orders');
    await until('messages have a token', async () => (await tokenOfMessage()) !== undefined);
    await system.cluster.kubectl(['delete', 'referencegrant', 'tokens', '-n', VAULT]);
    await until('messages are refused', async () => (await send(url(), MESSAGE)).status >= 500);
  });

  test("a Secret of another namespace needs a grant for token services; taken back, the policy's messages are refused", async () => {
    await person.apply(service(NAMESPACE, VAULT), uses({ name: 'sts' }));
    assert.equal((await serviceStatus('ResolvedRefs', 'False')).reason, 'RefNotPermitted');
    await person.apply(grant('secrets', 'WSSecurityPolicy', { group: '', kind: 'Secret', name: 'sts-login' }));
    await person.apply(grant('logins', 'SecurityTokenService', { group: '', kind: 'Secret', name: 'sts-login' }));
    await serviceStatus('ResolvedRefs', 'True');
    await person.programmed('orders');
    await until('messages have a token', async () => (await tokenOfMessage()) !== undefined);
    await system.cluster.kubectl(['delete', 'referencegrant', 'logins', '-n', VAULT]);
    assert.equal((await serviceStatus('ResolvedRefs', 'False')).reason, 'RefNotPermitted');
    await until('messages are refused', async () => (await send(url(), MESSAGE)).status >= 500);
    assert.equal((await person.conditions('orders')).ResolvedRefs?.reason, 'RefNotPermitted');
  });

  test('no log and no status holds a password or the address of the token service', async () => {
    const logs = [...system.operators, ...system.replicas].map(({ child }) => child.log);
    const statuses = await system.cluster.kubectl(['get', 'wssp,events', '-A', '-o', 'yaml']);
    for (const word of [FIRST_PASSWORD, SECOND_PASSWORD, authorizationOf(FIRST_PASSWORD), `:${tokens.port}/token`]) {
      for (const text of logs) assert.ok(!text.includes(word), word);
      assert.ok(!statuses.includes(word), word);
    }
  });
});
