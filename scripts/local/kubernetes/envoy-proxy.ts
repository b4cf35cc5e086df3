/** The real Envoy, fed by the real Envoy Gateway: what the kubelet would run in the Pod of a Gateway. */

import { join } from 'node:path';
import { readFile, writeFile } from 'node:fs/promises';
import type { Gateway, KubernetesObject } from '../../../policy/kubernetes.ts';
import { Child, accepts } from '../child.ts';
import { envoyBinary } from '../envoy.ts';
import { freePort, stablePort } from '../ports.ts';
import { until } from '../until.ts';
import type { TestCluster } from './cluster.ts';
import { patchStatus } from './endpoints.ts';
import { ENVOY_GATEWAY_NAMESPACE } from './envoy-gateway.ts';
import { hostAddress } from './host-address.ts';
import { writeConfigMap, writeSecret } from './volumes.ts';

interface Deployment extends KubernetesObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
  };
}

export interface EnvoyProxy {
  readonly process: Child;
  /** Base URL of its administration interface. */
  readonly admin: string;
  /** URL of a listener of the Gateway, by the port in the Gateway. Envoy listens elsewhere for ports below 1024. */
  url(port?: number): string;
  /** What Envoy wrote of the requests it answered, one line of JSON each. */
  accessLog(): Promise<string>;
  /** Stops it; it is not started again by anyone. */
  stop(): Promise<void>;
}

/**
 * Starts the Envoy of a Gateway of the class GATEWAY_CLASS with the bootstrap that Envoy Gateway made for it, waits until
 * it serves every listener of the Gateway, and says of its Pod that it is ready, so that the Gateway becomes Programmed.
 * Later changes of the Gateway, its routes and its policies reach it through Envoy Gateway.
 *
 * @param gateway `namespace/name`
 * @throws Error when a port of a listener is taken on this machine
 */
export async function startEnvoyProxy(cluster: TestCluster, gateway: string): Promise<EnvoyProxy> {
  const [namespace = '', name = ''] = gateway.split('/');
  const { spec } = await cluster.get<Gateway>('gateway', name, '-n', namespace);
  const ports = new Map(spec.listeners?.map(({ port = 0 }) => [port, port < 1024 ? port + 10_000 : port]));
  for (const port of ports.values()) {
    // Envoy would share it with another Envoy, and each would get some of the connections.
    if ((await freePort(port)) !== port) throw new Error(`Port ${port} of the Gateway ${gateway} is taken.`);
  }
  const owned = [
    ...['-n', ENVOY_GATEWAY_NAMESPACE, '-l'],
    `gateway.envoyproxy.io/owning-gateway-namespace=${namespace},gateway.envoyproxy.io/owning-gateway-name=${name}`,
  ];
  const deployment = await onlyOne<Deployment>(cluster, 'deployments', owned);
  const pod = await onlyOne(cluster, 'pods', owned);
  const adminPort = await stablePort();
  const args = await commandLine(cluster, deployment, pod.metadata.name, adminPort);
  const accessLog = join(cluster.folder, deployment.metadata.name, 'access.log');
  // Envoy opens /dev/stdout for its access log, which cannot be done with the socket that Node gives its children.
  const redirect = ['-c', 'log=$1; shift; exec "$@" >"$log"', 'sh', accessLog];
  const child = new Child(`envoy of ${gateway}`, 'sh', [...redirect, envoyBinary(), ...args]);
  try {
    for (const port of ports.values()) await child.until(() => accepts(port));
  } catch (error) {
    await child.stop();
    throw error;
  }
  await patchStatus(cluster, 'pod', ENVOY_GATEWAY_NAMESPACE, pod.metadata.name, {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
  });
  await patchStatus(cluster, 'service', ENVOY_GATEWAY_NAMESPACE, deployment.metadata.name, {
    loadBalancer: { ingress: [{ ip: await hostAddress() }] },
  });
  return {
    process: child,
    admin: `http://127.0.0.1:${adminPort}`,
    url(port = ports.keys().next().value ?? 0) {
      return `http://127.0.0.1:${ports.get(port)}`;
    },
    accessLog: () => readFile(accessLog, 'utf8'),
    stop: () => child.stop(),
  };
}

async function onlyOne<T extends KubernetesObject>(
  cluster: TestCluster,
  kind: string,
  selection: readonly string[],
): Promise<T> {
  let found: T | undefined;
  await until(`Envoy Gateway makes ${kind} ${selection.join(' ')}`, async () => {
    [found] = (await cluster.get<{ items: T[] }>(kind, ...selection)).items;
    return found !== undefined;
  });
  return found as T;
}

/** The arguments of the Deployment's container, with addresses and paths of this machine. */
async function commandLine(
  cluster: TestCluster,
  deployment: Deployment,
  pod: string,
  adminPort: number,
): Promise<string[]> {
  const { name } = deployment.metadata;
  const folder = join(cluster.folder, name);
  await writeSecret(cluster, ENVOY_GATEWAY_NAMESPACE, 'envoy', join(folder, 'certs'));
  await writeConfigMap(cluster, ENVOY_GATEWAY_NAMESPACE, name, join(folder, 'sds'));
  for (const file of ['xds-certificate.json', 'xds-trusted-ca.json']) {
    const path = join(folder, 'sds', file);
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('/certs/', `${folder}/certs/`));
  }
  const replacements = [
    ['$(ENVOY_POD_NAME)', pod],
    ['$(ENVOY_SERVICE_ZONE)', ''],
    // Its certificate is for the name `envoy-gateway`, which the bootstrap asks for in so many words.
    [`envoy-gateway.${ENVOY_GATEWAY_NAMESPACE}.svc.cluster.local.`, '127.0.0.1'],
    ['port_value: 19000', `port_value: ${adminPort}`],
    ['port_value: 19001', `port_value: ${await stablePort()}`],
    ['/sds/', `${folder}/sds/`],
  ] as const;
  const args = deployment.spec.template.spec.containers[0]?.args ?? [];
  return [
    ...args
      .filter((argument) => argument !== '--cpuset-threads')
      .map((argument) => replacements.reduce((text, [from, to]) => text.replaceAll(from, to), argument)),
    ...['--use-dynamic-base-id', '--concurrency', '2'],
  ];
}
