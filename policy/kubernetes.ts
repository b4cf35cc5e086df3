/** Of Kubernetes' objects, what is read and written here. Plain data, as YAML and the API server give it. */

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** Gateway API's reference to an object, to a Gateway where nothing else is said. */
export interface ParentReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

/** One entry of a policy's `status.ancestors` (GEP-713). */
export interface AncestorStatus {
  readonly ancestorRef: ParentReference;
  readonly controllerName: string;
  readonly conditions?: readonly Condition[];
}

/** What a policy attaches to. */
export interface TargetReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

export interface TargetSelector {
  readonly group?: string;
  readonly kind: string;
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface GatewayClass extends KubernetesObject {
  readonly spec: { readonly controllerName: string };
}

export interface Gateway extends KubernetesObject {
  readonly spec: {
    readonly gatewayClassName: string;
    readonly listeners?: readonly {
      readonly name: string;
      readonly port?: number;
      readonly hostname?: string;
      readonly allowedRoutes?: { readonly namespaces?: { readonly from?: string } };
    }[];
  };
}

export interface HTTPRoute extends KubernetesObject {
  readonly spec: {
    readonly parentRefs?: readonly ParentReference[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly { readonly name?: string; readonly matches?: readonly unknown[] }[];
  };
}

export interface Service extends KubernetesObject {
  readonly spec: {
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly targetPort?: number | string;
      readonly appProtocol?: string;
    }[];
  };
}

export interface ReferenceGrant extends KubernetesObject {
  readonly spec: {
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[];
  };
}

/** Envoy Gateway's extension of a Gateway or a route. */
export interface EnvoyExtensionPolicy extends KubernetesObject {
  readonly spec: {
    readonly targetRef?: TargetReference;
    readonly targetRefs?: readonly TargetReference[];
    readonly targetSelectors?: readonly TargetSelector[];
    readonly extProc?: readonly unknown[];
    readonly [field: string]: unknown;
  };
  readonly status?: { readonly ancestors?: readonly AncestorStatus[] };
}

/** Envoy Gateway's settings for connections from clients. */
export interface ClientTrafficPolicy extends KubernetesObject {
  readonly spec: {
    readonly targetRef?: TargetReference;
    readonly targetRefs?: readonly TargetReference[];
    readonly targetSelectors?: readonly TargetSelector[];
    readonly connection?: { readonly bufferLimit?: number | string; readonly [field: string]: unknown };
    readonly [field: string]: unknown;
  };
  readonly status?: { readonly ancestors?: readonly AncestorStatus[] };
}

/** Istio's patches to the configuration of Envoy. */
export interface EnvoyFilter extends KubernetesObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** `group/Kind/namespace/name`; the group of core kinds is empty, as is the namespace of cluster-wide ones. */
export function objectKey({ apiVersion, kind, metadata }: KubernetesObject): string {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return `${group}/${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
}
