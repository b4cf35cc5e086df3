/** The real Envoy Gateway and an Envoy that it feeds, as the other tests of gateways rely on them. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Condition, KubernetesObject } from '../../policy/kubernetes.ts';
import { startCluster } from '../../scripts/local/kubernetes/cluster.ts';
import type { TestCluster } from '../../scripts/local/kubernetes/cluster.ts';
import { publishEndpoints, serviceOfProcess } from '../../scripts/local/kubernetes/endpoints.ts';
import { GATEWAY_CLASS, startEnvoyGateway } from '../../scripts/local/kubernetes/envoy-gateway.ts';
import type { EnvoyGateway } from '../../scripts/local/kubernetes/envoy-gateway.ts';
import { startEnvoyProxy } from '../../scripts/local/kubernetes/envoy-proxy.ts';
import type { EnvoyProxy } from '../../scripts/local/kubernetes/envoy-proxy.ts';
import { hostAddress } from '../../scripts/local/kubernetes/host-address.ts';
import { stablePort } from '../../scripts/local/ports.ts';
import { until } from '../../scripts/local/until.ts';

const NAMESPACE: KubernetesObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } };

describe('Envoy Gateway', () => {
  let cluster: TestCluster;
  let gateway: EnvoyGateway;
  let envoy: EnvoyProxy;
  let backend: Server;
  let backendPort: number;

  before(async () => {
    backend = createServer((request, response) => response.end(`backend saw ${request.url}`));
    backend.listen(0, await hostAddress());
    await once(backend, 'listening');
    backendPort = (backend.address() as AddressInfo).port;
    cluster = await startCluster({ controllers: true });
    gateway = await startEnvoyGateway(cluster);
    await cluster.apply(NAMESPACE, gatewayOn(await stablePort()));
    envoy = await startEnvoyProxy(cluster, 'demo/web');
  });
  after(async () => {
    await envoy?.stop();
    await gateway?.stop();
    await cluster?.stop();
    backend.close();
  });
  const answer = async (path: string) => {
    const response = await fetch(`${envoy.url()}${path}`);
    return `${response.status} ${await response.text()}`;
  };

  test('a route to a Service with EndpointSlices by hand', async () => {
    await cluster.apply(...(await serviceOfProcess('demo', 'orders', backendPort)), route('orders', backendPort));
    await until('the route serves', async () => (await answer('/orders/1')) === '200 backend saw /orders/1');
    assert.match(await answer('/elsewhere'), /^404 /);
  });

  test('a route to a Service with a selector, whose Pod is a process here, as long as there is one', async () => {
    const selector = { app: 'stock' };
    await cluster.apply(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'stock', namespace: 'demo' },
        spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
      },
      route('stock', 80),
    );
    const pod = await publishEndpoints(cluster, { namespace: 'demo', service: 'stock', ports: { http: backendPort } });
    await until('the route serves', async () => (await answer('/stock')) === '200 backend saw /stock');
    // Not only unready: Envoy sends on to an unready Pod where there is no other.
    await pod.remove();
    await until('the route serves no more', async () => /^5/.test(await answer('/stock')));
  });

  test('the Gateway is Programmed', async () => {
    await until('Programmed is True', async () => {
      const { status } = await cluster.get<KubernetesObject & { status: { conditions: Condition[] } }>(
        ...['gateway', 'web', '-n', 'demo'],
      );
      return status.conditions.some(({ type, status }) => type === 'Programmed' && status === 'True');
    });
  });

  test('Envoy serves on while Envoy Gateway is stopped, and learns of new routes when it is back', async () => {
    await gateway.stop();
    await cluster.apply(route('late', backendPort, 'orders'));
    assert.equal(await answer('/orders/2'), '200 backend saw /orders/2');
    assert.match(await answer('/late'), /^404 /);
    await gateway.start();
    await until('the late route serves', async () => (await answer('/late')) === '200 backend saw /late');
  });

  test('a second Envoy Gateway says which port it cannot have', async () => {
    await assert.rejects(startEnvoyGateway(cluster), /Port 18000 is taken\..*only one/);
  });
});

function gatewayOn(port: number): KubernetesObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'web', namespace: 'demo' },
    spec: { gatewayClassName: GATEWAY_CLASS, listeners: [{ name: 'http', protocol: 'HTTP', port }] },
  };
}

function route(name: string, port: number, service = name): KubernetesObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'demo' },
    spec: {
      parentRefs: [{ name: 'web' }],
      rules: [{ matches: [{ path: { value: `/${name}` } }], backendRefs: [{ name: service, port }] }],
    },
  };
}
