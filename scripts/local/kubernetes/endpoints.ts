/**
 * Plays the kubelet: processes of this machine as Pods of a test cluster, and so as endpoints of its Services.
 * They must listen on hostAddress(), not on 127.0.0.1.
 */

import { randomBytes } from 'node:crypto';
import type { KubernetesObject, Service } from '../../../policy/kubernetes.ts';
import { until } from '../until.ts';
import type { TestCluster } from './cluster.ts';
import { hostAddress } from './host-address.ts';

const NODE: KubernetesObject = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'this-machine' } };

export interface PodOptions {
  readonly namespace: string;
  /** Labels of the Pod: those that Services select by. */
  readonly labels: Readonly<Record<string, string>>;
  /** Names of container ports and the ports where the process really listens: `{ 'ext-proc': 40123 }`. */
  readonly ports: Readonly<Record<string, number>>;
  readonly name?: string;
}

/** A process of this machine, as a Pod. */
export interface PublishedPod {
  readonly namespace: string;
  readonly name: string;
  /** Says whether the Pod is ready: whether Services send it traffic. */
  setReady(ready: boolean): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Makes a ready Pod with this machine's address. The controllers of the cluster then put it into the EndpointSlices of
 * every Service whose selector fits its labels, with the Pod's port where `targetPort` is a name. Needs the cluster's
 * option `controllers`.
 */
export async function publishPod(cluster: TestCluster, options: PodOptions): Promise<PublishedPod> {
  const { namespace, labels, name = `process-${randomBytes(4).toString('hex')}` } = options;
  const ports = Object.entries(options.ports).map(([name, containerPort]) => ({ name, containerPort }));
  const pod: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { nodeName: NODE.metadata.name, containers: [{ name: 'process', image: 'process', ports }] },
  };
  const address = await hostAddress();
  const setReady = async (ready: boolean) => {
    const status = {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    };
    await patchStatus(cluster, 'pod', namespace, name, status);
  };
  await cluster.apply(NODE, pod);
  await setReady(true);
  return {
    namespace,
    name,
    setReady,
    remove: async () => {
      await cluster.kubectl(['delete', 'pod', name, '-n', namespace, '--grace-period=0', '--force']);
    },
  };
}

/**
 * {@link publishPod} with the labels that a Service selects by, and waits until the Service has it as an endpoint.
 *
 * @param ports as of {@link PodOptions}
 */
export async function publishEndpoints(
  cluster: TestCluster,
  options: { readonly namespace: string; readonly service: string; readonly ports: Readonly<Record<string, number>> },
): Promise<PublishedPod> {
  const { namespace, service, ports } = options;
  const { spec } = await cluster.get<Service>('service', service, '-n', namespace);
  const pod = await publishPod(cluster, { namespace, labels: spec.selector ?? {}, ports });
  await until(`the Service ${namespace}/${service} has the endpoint ${pod.name}`, async () => {
    const targets = await cluster.kubectl([
      ...['get', 'endpointslices', '-n', namespace, '-l', `kubernetes.io/service-name=${service}`],
      ...['-o', 'jsonpath={.items[*].endpoints[*].targetRef.name}'],
    ]);
    return targets.split(' ').includes(pod.name);
  });
  return pod;
}

/**
 * A Service without a selector and its EndpointSlice by hand: objects to apply, for a process that listens on
 * hostAddress(). Needs no controllers.
 *
 * @param port of the process and of the Service
 */
export async function serviceOfProcess(namespace: string, name: string, port: number): Promise<KubernetesObject[]> {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name },
      spec: { ports: [{ name: 'main', port, targetPort: port }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace, name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [await hostAddress()], conditions: { ready: true } }],
      ports: [{ name: 'main', port, protocol: 'TCP' }],
    },
  ];
}

/** Merges into the status of an object, as its controller or kubelet would. */
export async function patchStatus(
  cluster: TestCluster,
  kind: string,
  namespace: string,
  name: string,
  status: object,
): Promise<void> {
  const patch = JSON.stringify({ status });
  await cluster.kubectl(['patch', kind, name, '-n', namespace, '--subresource=status', '--type=merge', '-p', patch]);
}
