/** The chart and the sets of values that the tests render and install it with. */

import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { helm } from '../../../scripts/local/kubernetes/helm.ts';
import type { KubernetesObject } from '../../../policy/kubernetes.ts';

export const CHART = fileURLToPath(new URL('../../../charts/waxseal', import.meta.url));
export const NAMESPACE = 'waxseal-system';

/** Values by the name of their snapshot in charts/waxseal/testdata. */
export const VALUE_SETS: Readonly<Record<string, object>> = {
  default: {},
  minimal: {
    operator: { replicas: 1 },
    extproc: { replicas: 1, workers: 0 },
    networkPolicy: { enabled: false },
    crds: { enabled: false },
  },
  'cert-manager': { certificates: { mode: 'certManager' }, crds: { enabled: false } },
  'watch-namespaces': { operator: { watchNamespaces: ['shop', 'billing'] }, crds: { enabled: false } },
  'redis-url': {
    redis: { url: 'redis://redis.shared:6379/2', cacheKeys: { existingSecret: 'cache-keys' } },
    networkPolicy: { redis: [{ to: [{ podSelector: { matchLabels: { app: 'redis' } } }], ports: [{ port: 6379 }] }] },
    crds: { enabled: false },
  },
  everything: {
    fullnameOverride: 'wax',
    environment: 'prod',
    redis: {
      urlSecretRef: { name: 'redis-login' },
      tls: { caSecret: 'redis-ca', clientSecret: 'redis-client' },
      cacheKeys: { existingSecret: 'cache-keys' },
    },
    image: { repository: 'registry.example/waxseal', digest: `sha256:${'0a'.repeat(32)}`, pullPolicy: 'Always' },
    imagePullSecrets: [{ name: 'registry' }],
    podLabels: { team: 'integration' },
    podAnnotations: { 'example.com/note': 'yes' },
    operator: {
      watchNamespaces: ['shop'],
      logLevel: 'debug',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'gateway', operator: 'Exists' }],
      priorityClassName: 'system-cluster-critical',
    },
    extproc: {
      autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 30, targetCPUUtilization: 60 },
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } },
      decisionLog: { keySecret: 'decisions-key', volume: { persistentVolumeClaim: { claimName: 'decisions' } } },
    },
    crds: { enabled: false },
    certificates: { mode: 'certManager' },
    networkPolicy: {
      gateways: [{ namespaceSelector: {} }],
      monitoring: [],
      redis: [{ to: [{ podSelector: { matchLabels: { app: 'redis' } } }], ports: [{ port: 6380 }] }],
      tokenServices: [{ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: 443 }] }],
      ocspResponders: [{ to: [{ ipBlock: { cidr: '198.51.100.0/24' } }], ports: [{ port: 80 }] }],
    },
    monitoring: {
      serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
      prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
      dashboard: { enabled: true },
    },
  },
};

/** The chart's manifests as Helm renders them for a release `waxseal`, tests included. */
export function render(values: object, args: readonly string[] = []): Promise<string> {
  const command = ['template', 'waxseal', CHART, '--namespace', NAMESPACE, '--kube-version', '1.34.1', '-f', '-'];
  return helm([...command, ...args], { input: JSON.stringify(values) });
}

/** What is rendered, as objects. */
export async function renderObjects(values: object, args: readonly string[] = []): Promise<KubernetesObject[]> {
  return parseAllDocuments(await render(values, args)).map((document) => document.toJSON() as KubernetesObject);
}
