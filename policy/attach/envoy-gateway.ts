/**
 * What Envoy Gateway is told of a policy. Envoy names the policy by the gRPC :authority of an alias Service, one for each
 * policy: it comes from the configuration alone, so no client can forge it and no reordering of rules can change it.
 */

import type { EnvoyExtensionPolicy, KubernetesObject, ReferenceGrant, Service } from '../kubernetes.ts';
import { GATEWAY_API } from './cluster-index.ts';
import { metadataNamespaces, requestAttributes } from './connection-attributes.ts';
import { RETRIES } from './external-processor.ts';
import { metadataFor } from './ours.ts';
import type { PolicyView } from './policy-view.ts';
import type { Target } from './targets.ts';
import type { AttachOptions } from './types.ts';

export const ENVOY_GATEWAY_API = 'gateway.envoyproxy.io/v1alpha1';

/** In the order in which they are best applied: Envoy Gateway answers 500 for a processor whose Service is missing. */
export function envoyGatewayObjects(
  policy: PolicyView,
  targets: readonly Target[],
  options: AttachOptions,
): readonly KubernetesObject[] {
  return [aliasService(policy, options), grant(policy, options), extensionPolicy(policy, targets, options)];
}

function extensionPolicy(
  policy: PolicyView,
  targets: readonly Target[],
  { systemNamespace, service, messageTimeout }: AttachOptions,
): EnvoyExtensionPolicy {
  const namespaces = metadataNamespaces(policy.data);
  return {
    apiVersion: ENVOY_GATEWAY_API,
    kind: 'EnvoyExtensionPolicy',
    metadata: metadataFor(policy, policy.namespace),
    spec: {
      targetRefs: targets.map(({ reference }) => reference),
      extProc: [
        {
          backendRefs: [
            { group: '', kind: 'Service', name: policy.alias, namespace: systemNamespace, port: service.port },
          ],
          backendSettings: BACKEND_SETTINGS,
          // A failure in the response phase comes after the backend has done its work. So failures stay at Envoy's 500:
          // a 503 would invite the client to send the message again.
          failOpen: false,
          messageTimeout,
          processingMode: {
            request: { body: 'Buffered', attributes: requestAttributes(policy.data) },
            response: { body: 'Buffered' },
          },
          ...(namespaces.length > 0 && { metadata: { accessibleNamespaces: namespaces } }),
        },
      ],
    },
  };
}

/**
 * The same for every policy and never derived from it: Envoy warms a cluster that changes for up to 15 s.
 * The reasons are those of plain Envoy, docs/envoy.md: connections are renewed before the server's guard against resets
 * can trip, the parallel limits let a burst through to the service, which has a limit of its own, and the windows let a
 * whole body through without waiting.
 */
const BACKEND_SETTINGS = {
  circuitBreaker: {
    maxConnections: 1024,
    maxPendingRequests: 4096,
    maxParallelRequests: 4096,
    maxRequestsPerConnection: 900,
  },
  connection: { bufferLimit: '16Mi' },
  http2: { initialStreamWindowSize: '4Mi', initialConnectionWindowSize: '16Mi' },
  timeout: { tcp: { connectTimeout: '1s' } },
  // Of two replicas, a dead one has the fewest requests: the default, LeastRequest, would ask it again and again.
  loadBalancer: { type: 'RoundRobin' },
  retry: {
    numRetries: RETRIES.numRetries,
    retryOn: { triggers: RETRIES.retryOn },
    perRetry: { backOff: { baseInterval: RETRIES.baseInterval, maxInterval: RETRIES.maxInterval } },
  },
};

/** Headless: Envoy Gateway takes the Pods' addresses, and a thousand policies cost no cluster addresses. */
function aliasService(policy: PolicyView, { systemNamespace, service }: AttachOptions): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataFor(policy, systemNamespace),
    spec: {
      clusterIP: 'None',
      selector: service.selector,
      ports: [{ name: 'grpc', port: service.port, targetPort: 'ext-proc', appProtocol: 'kubernetes.io/h2c' }],
    },
  };
}

/** Of this one alias only: whoever may write an EnvoyExtensionPolicy must not borrow another namespace's keys with it. */
function grant(policy: PolicyView, { systemNamespace }: AttachOptions): ReferenceGrant {
  return {
    // Served by every version of the Gateway API that Envoy Gateway works with.
    apiVersion: `${GATEWAY_API}/v1beta1`,
    kind: 'ReferenceGrant',
    metadata: metadataFor(policy, systemNamespace),
    spec: {
      from: [{ group: 'gateway.envoyproxy.io', kind: 'EnvoyExtensionPolicy', namespace: policy.namespace }],
      to: [{ group: '', kind: 'Service', name: policy.alias }],
    },
  };
}
