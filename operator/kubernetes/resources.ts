/** The kinds that the operator reads and writes, and where the API server keeps them. */

import type { Attempted } from './errors.ts';

export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** As in the path: `secrets`. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

function namespaced(group: string, version: string, kind: string, plural: string): Resource {
  return { group, version, kind, plural, namespaced: true };
}

export const SECRETS = namespaced('', 'v1', 'Secret', 'secrets');
export const CONFIG_MAPS = namespaced('', 'v1', 'ConfigMap', 'configmaps');
export const SERVICES = namespaced('', 'v1', 'Service', 'services');
export const LEASES = namespaced('coordination.k8s.io', 'v1', 'Lease', 'leases');
export const EVENTS = namespaced('events.k8s.io', 'v1', 'Event', 'events');
export const POLICIES = namespaced('waxseal.dev', 'v1alpha1', 'WSSecurityPolicy', 'wssecuritypolicies');
export const TOKEN_SERVICES = namespaced('waxseal.dev', 'v1alpha1', 'SecurityTokenService', 'securitytokenservices');
const GATEWAY_API = 'gateway.networking.k8s.io';
export const GATEWAY_CLASSES: Resource = {
  ...namespaced(GATEWAY_API, 'v1', 'GatewayClass', 'gatewayclasses'),
  namespaced: false,
};
export const GATEWAYS = namespaced(GATEWAY_API, 'v1', 'Gateway', 'gateways');
export const HTTP_ROUTES = namespaced(GATEWAY_API, 'v1', 'HTTPRoute', 'httproutes');
export const REFERENCE_GRANTS = namespaced(GATEWAY_API, 'v1', 'ReferenceGrant', 'referencegrants');
/** What clusters with Gateway API before 1.5 have. */
export const REFERENCE_GRANTS_BETA = namespaced(GATEWAY_API, 'v1beta1', 'ReferenceGrant', 'referencegrants');
const ENVOY_GATEWAY = 'gateway.envoyproxy.io';
export const EXTENSION_POLICIES = namespaced(
  ENVOY_GATEWAY,
  'v1alpha1',
  'EnvoyExtensionPolicy',
  'envoyextensionpolicies',
);
export const TRAFFIC_POLICIES = namespaced(ENVOY_GATEWAY, 'v1alpha1', 'ClientTrafficPolicy', 'clienttrafficpolicies');
export const ENVOY_FILTERS = namespaced('networking.istio.io', 'v1alpha3', 'EnvoyFilter', 'envoyfilters');

const ALL: readonly Resource[] = [
  ...[SECRETS, CONFIG_MAPS, SERVICES, LEASES, EVENTS, POLICIES, TOKEN_SERVICES, GATEWAY_CLASSES, GATEWAYS, HTTP_ROUTES],
  ...[REFERENCE_GRANTS, REFERENCE_GRANTS_BETA, EXTENSION_POLICIES, TRAFFIC_POLICIES, ENVOY_FILTERS],
];

/** `v1`, `waxseal.dev/v1alpha1`. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** @throws {TypeError} for a kind that the operator has nothing to do with */
export function resourceOf({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Resource {
  const resource = ALL.find((candidate) => candidate.kind === kind && apiVersionOf(candidate) === apiVersion);
  if (resource === undefined) throw new TypeError(`${apiVersion} ${kind} is not a kind that the operator knows`);
  return resource;
}

/** What of a resource a request is about. */
export interface Place {
  readonly resource: Resource;
  /** Absent: all namespaces, or a cluster-wide kind. */
  readonly namespace?: string | undefined;
  /** Absent: the collection. */
  readonly name?: string | undefined;
  readonly subresource?: 'status' | undefined;
}

/** The URL path of the place. */
export function pathOf({ resource, namespace, name, subresource }: Place): string {
  const { group, version, plural } = resource;
  const steps = group === '' ? ['api', version] : ['apis', group, version];
  if (namespace !== undefined) steps.push('namespaces', namespace);
  steps.push(plural);
  if (name !== undefined) steps.push(name);
  if (subresource !== undefined) steps.push(subresource);
  return `/${steps.map(encodeURIComponent).join('/')}`;
}

/** The request in the words of access rules. */
export function attemptOn(verb: string, { resource, namespace, name, subresource }: Place): Attempted {
  return {
    verb,
    group: resource.group,
    resource: subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`,
    namespace: namespace ?? '',
    name: name ?? '',
  };
}
