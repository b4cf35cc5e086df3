/** Attachment: which gateways a policy concerns, what they are told, and what there is to say about it. */

import type {
  ClientTrafficPolicy,
  EnvoyExtensionPolicy,
  EnvoyFilter,
  Gateway,
  GatewayClass,
  HTTPRoute,
  KubernetesObject,
  ParentReference,
  Service,
} from '../kubernetes.ts';

/** What is in the cluster, or in the manifests. The order does not matter. */
export interface Inventory {
  /** WSSecurityPolicies. They need not be valid; what cannot be read of one attaches nothing. */
  readonly policies: readonly KubernetesObject[];
  /** SecurityTokenServices, in the same way. */
  readonly tokenServices: readonly KubernetesObject[];
  readonly gatewayClasses: readonly GatewayClass[];
  readonly gateways: readonly Gateway[];
  readonly httpRoutes: readonly HTTPRoute[];
  readonly services: readonly Service[];
  readonly extensionPolicies: readonly EnvoyExtensionPolicy[];
  readonly trafficPolicies: readonly ClientTrafficPolicy[];
  readonly envoyFilters: readonly EnvoyFilter[];
}

export interface AttachOptions {
  /** Where the ext_proc service runs. */
  readonly systemNamespace: string;
  /** The Service of the ext_proc service. */
  readonly service: {
    readonly name: string;
    readonly port: number;
    /** Labels of the ext_proc service's Pods. */
    readonly selector: Readonly<Record<string, string>>;
  };
  /** How long Envoy waits for each answer of the ext_proc service, such as `10s`. */
  readonly messageTimeout: string;
}

/** What becomes a condition. */
export interface Verdict {
  readonly status: boolean;
  /** In the terms of GEP-713. */
  readonly reason: string;
  /** Sentences for a person; where something is wrong, also how to mend it. */
  readonly message: string;
}

export type GatewayKind = 'EnvoyGateway' | 'Istio';

/** What there is to say about a policy at one Gateway, or about a target that leads to none. */
export interface PlannedAncestor {
  readonly ref: ParentReference;
  readonly gateway?: GatewayKind;
  readonly accepted: Verdict;
  /** Whether the gateway has taken what it was told. */
  readonly programmed: Verdict;
  /** Whether messages as large as the policy allows get through; absent where nothing is known of it. */
  readonly bufferLimit?: Verdict;
  /** The HTTPRoutes that the policy governs here: `namespace/name`, or `namespace/name/rule`. */
  readonly routes: readonly string[];
}

export interface PlannedPolicy {
  /** `namespace/name` */
  readonly id: string;
  /** 1 to 16. */
  readonly ancestors: readonly PlannedAncestor[];
}

export interface Attachment {
  /** Every object that should exist, all of them labelled as Waxseal's. */
  readonly objects: readonly KubernetesObject[];
  /** By id; a policy that is being deleted is not among them. */
  readonly policies: ReadonlyMap<string, PlannedPolicy>;
}
