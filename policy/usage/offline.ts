/** Manifests -> what attachment looks at, where there is no cluster to ask for the rest. */

import { inventoryOf } from '../attach/inventory.ts';
import type { AttachOptions, Inventory } from '../attach/types.ts';
import type { GatewayClass, KubernetesObject } from '../kubernetes.ts';
import type { Manifest } from '../load.ts';

/** As the Helm chart installs it: who looks at manifests wants to know of policies, not of where Waxseal runs. */
export const CHART_DEFAULTS: AttachOptions = {
  systemNamespace: 'waxseal-system',
  service: { name: 'waxseal-extproc', port: 9002, selector: {} },
  messageTimeout: '10s',
};

export interface OfflineInventory {
  readonly inventory: Inventory;
  /** GatewayClasses that are in no manifest, and what was taken for their controller. */
  readonly assumed: ReadonlyMap<string, string>;
}

const ISTIO = 'istio.io/gateway-controller';
const ENVOY_GATEWAY = 'gateway.envoyproxy.io/gatewayclass-controller';

/** GatewayClasses belong to the whole cluster and are seldom beside policies: one that is missing is told by its name. */
export function offlineInventory(manifests: readonly Manifest[]): OfflineInventory {
  const sound = manifests.filter(({ defect, object }) => defect === undefined && hasSpec(object));
  const inventory = inventoryOf(sound.map(objectOf));
  const known = new Set(inventory.gatewayClasses.map(({ metadata }) => metadata.name));
  const assumed = new Map<string, string>();
  for (const { spec } of inventory.gateways) {
    const name = spec.gatewayClassName;
    if (!known.has(name)) assumed.set(name, /^istio/.test(name) ? ISTIO : ENVOY_GATEWAY);
  }
  const classes = [...assumed].map(([name, controllerName]): GatewayClass => ({
    ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass' },
    ...{ metadata: { name }, spec: { controllerName } },
  }));
  return { inventory: { ...inventory, gatewayClasses: [...inventory.gatewayClasses, ...classes] }, assumed };
}

/** The namespace that a manifest without one gets. */
function objectOf({ object, name, namespace }: Manifest): KubernetesObject {
  const given = object as KubernetesObject;
  return { ...given, metadata: { ...given.metadata, name, namespace } };
}

function hasSpec({ spec }: Manifest['object']): boolean {
  return spec !== null && typeof spec === 'object';
}
