/** A large cluster: a thousand policies on a thousand routes, five thousand Secrets. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { AncestorStatus, KubernetesObject } from '../../policy/kubernetes.ts';
import { loadCluster, type Cluster } from '../../operator/kubernetes/client.ts';
import { EXTENSION_POLICIES, POLICIES, SECRETS, HTTP_ROUTES } from '../../operator/kubernetes/resources.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { backend, ca, gateway as gatewayKeys } from '../e2e/support/fixture.ts';
import { gateway, namespaceObject, NAMESPACE, route, target } from './support/objects.ts';
import { readiness, System } from './support/system.ts';

const COUNT = 1000;
const MB = 1024 * 1024;
/** Requests at a time while objects are made. */
const PARALLEL = 16;
const name = (index: number): string => `p${String(index).padStart(4, '0')}`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Five Secrets, each with what the policy needs it for. */
function secrets(index: number): KubernetesObject[] {
  const keys = { 'tls.crt': base64(gatewayKeys.certificate), 'tls.key': base64(gatewayKeys.key) };
  const data: Record<string, Record<string, string>> = {
    sign: keys,
    decrypt: keys,
    login: { username: base64('u'), password: base64('p') },
    partner: { 'tls.crt': base64(backend.certificate) },
    trust: { 'ca.crt': base64(ca) },
  };
  return Object.entries(data).map(([kind, values]) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${name(index)}-${kind}`, namespace: NAMESPACE },
    data: values,
  }));
}

function policy(index: number): KubernetesObject {
  const ref = (kind: string): object => ({ name: `${name(index)}-${kind}` });
  return {
    apiVersion: 'waxseal.dev/v1alpha1',
    kind: 'WSSecurityPolicy',
    metadata: { name: name(index), namespace: NAMESPACE },
    spec: {
      targetRefs: [target(name(index))],
      request: {
        secure: {
          timestamp: { ttl: '5m' },
          usernameToken: { credentials: { secretRef: ref('login') }, passwordType: 'Digest' },
          signature: { keyRef: ref('sign') },
          encryption: { recipientRef: ref('partner') },
        },
      },
      response: {
        verify: {
          decryption: { keyRefs: [ref('decrypt')] },
          signature: { trustRefs: [{ kind: 'Secret', ...ref('trust'), key: 'ca.crt' }] },
        },
      },
    },
  };
}

describe(`${COUNT} policies and ${5 * COUNT} Secrets`, () => {
  let system: System;
  let cluster: Cluster;

  before(async () => {
    system = await System.start({ replicas: 1 });
    cluster = loadCluster({ kubeconfig: system.cluster.kubeconfig });
    await system.operators[0]?.child.stop();
    await system.cluster.apply(namespaceObject(), gateway(8080), {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: 'envoy-gateway' },
      spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
    });
    const all = Array.from({ length: COUNT }, (_, index) => [
      ...secrets(index),
      route(name(index), 80),
      policy(index),
    ]).flat();
    await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        for (let object = all.pop(); object !== undefined; object = all.pop()) await cluster.create(object);
      }),
    );
  });
  after(async () => {
    cluster?.close();
    await system?.stop();
  });

  const count = async (kind: typeof POLICIES): Promise<number> => (await cluster.list({ resource: kind })).items.length;
  /** Policies whose status says that they are accepted, that their references are there, and that the replica runs them. */
  const done = async (): Promise<number> => {
    const { items } = await cluster.list({ resource: POLICIES });
    return items.filter(({ status }) => {
      const { ancestors } = (status ?? {}) as { ancestors?: readonly AncestorStatus[] };
      const conditions = ancestors?.[0]?.conditions ?? [];
      const good = ['Accepted', 'ResolvedRefs'].every((type) =>
        conditions.some((condition) => condition.type === type && condition.status === 'True'),
      );
      return good && conditions.some(({ message }) => message.includes('1 of 1 data plane replicas run generation 1'));
    }).length;
  };
  const running = async (): Promise<Readonly<Record<string, string>>> =>
    (await readiness(system.replicas[0]?.admin ?? '')).policies as Readonly<Record<string, string>>;
  const metric = async (wanted: string): Promise<number> => {
    const text = await (await fetch(`${system.operators[0]?.admin}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${wanted} `))
        ?.slice(wanted.length),
    );
  };
  const peak = async (): Promise<number> => {
    const { pid } = system.operators[0]?.child.process ?? {};
    return Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  };

  test('a new operator reconciles all of it within a minute, in less than 400 MB', async () => {
    assert.equal((await count(SECRETS)) >= 5 * COUNT, true);
    assert.equal(await count(HTTP_ROUTES), COUNT);
    const [operator] = system.operators;
    assert.ok(operator);
    const start = performance.now();
    await system.startOperator(operator);
    const seconds = (): number => (performance.now() - start) / 1000;
    let delivered = 0;
    for (let ready = 0; ready < COUNT;) {
      assert.ok(seconds() < 180, `${ready} policies after ${seconds()} s`);
      await sleep(500);
      if (delivered === 0 && Object.keys(await running()).length === COUNT) delivered = seconds();
      ready = await done();
    }
    console.log(`  delivered after ${delivered.toFixed(1)} s, all reconciled after ${seconds().toFixed(1)} s`);
    assert.equal(await count(EXTENSION_POLICIES), COUNT);
    const bytes = await peak();
    const cpu = await metric('process_cpu_seconds_total');
    const looks = await metric('waxseal_operator_reconcile_duration_seconds_count');
    const looking = await metric('waxseal_operator_reconcile_duration_seconds_sum');
    console.log(
      `  operator at most ${(bytes / MB).toFixed(0)} MB; ${cpu.toFixed(1)} s of CPU, ${looking.toFixed(1)} s in ${looks} looks`,
    );
    assert.ok(bytes < 400 * MB);
  });

  test('one changed policy among them reaches the replica, and only that one is sent', async () => {
    const sent = (): Promise<number> => metric('waxseal_delivery_policies_sent_total');
    const before = await sent();
    const changed = policy(500);
    const version = async (): Promise<unknown> => (await readiness(system.replicas[0]?.admin ?? '')).bundle;
    const old = await version();
    await system.cluster.apply({ ...changed, spec: { ...(changed.spec as object), description: 'changed' } });
    const start = performance.now();
    while ((await version()) === old) {
      assert.ok(performance.now() - start < 30_000, 'the change does not arrive');
      await sleep(20);
    }
    console.log(`  in effect ${(performance.now() - start).toFixed(0)} ms after kubectl had ended`);
    assert.equal((await sent()) - before, 1);
  });
});
