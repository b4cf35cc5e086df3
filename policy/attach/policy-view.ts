/** Of a WSSecurityPolicy, what attachment asks for, read so that no shape of the object can upset it. */

import { aliasName } from '../alias.ts';
import { connectionDataOf, type ConnectionData } from './connection-attributes.ts';
import type { KubernetesObject, OwnerReference, TargetReference, TargetSelector } from '../kubernetes.ts';

export interface PolicyView {
  /** `namespace/name` */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** Name of everything that is made for the policy. */
  readonly alias: string;
  readonly created: string;
  readonly owner?: OwnerReference;
  readonly targetRefs: readonly TargetReference[];
  readonly targetSelectors: readonly TargetSelector[];
  /** `unmatched: Refuse` */
  readonly guard: boolean;
  readonly maxBodyBytes: number;
  /** What Envoy has to tell of the client. */
  readonly data: ConnectionData;
}

/** The schema's default of `limits.maxBodyBytes`. */
const DEFAULT_MAX_BODY = 10_485_760;
/** The schema's own bounds, kept also where no API server has checked them. */
const MAX_TARGETS = 16;
const MAX_BODY = 104_857_600;

export function viewOf(object: KubernetesObject): PolicyView {
  const { metadata } = object;
  const namespace = metadata.namespace ?? 'default';
  const id = `${namespace}/${metadata.name}`;
  const spec = isRecord(object.spec) ? object.spec : {};
  const limits = isRecord(spec.limits) ? spec.limits : {};
  const maxBody = limits.maxBodyBytes;
  return {
    id,
    namespace,
    name: metadata.name,
    alias: aliasName(id),
    created: metadata.creationTimestamp ?? '',
    ...(metadata.uid !== undefined && { owner: ownerReference(object, metadata.uid) }),
    targetRefs: listOf(spec.targetRefs, isTargetReference),
    targetSelectors: listOf(spec.targetSelectors, isTargetSelector),
    guard: spec.unmatched === 'Refuse' && spec.enabled !== false,
    maxBodyBytes: typeof maxBody === 'number' && maxBody > 0 ? Math.min(maxBody, MAX_BODY) : DEFAULT_MAX_BODY,
    data: connectionDataOf(spec),
  };
}

/** Older first, then by namespace and name: who comes first wins (GEP-713). */
export function bySeniority(a: Seniority, b: Seniority): number {
  return compare(a.created, b.created) || compare(a.id, b.id);
}

export interface Seniority {
  /** RFC 3339 in UTC; empty where unknown, as for manifests in files. */
  readonly created: string;
  readonly id: string;
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Lets Kubernetes delete what belongs to an object of the same namespace together with it. */
export function ownerReference({ apiVersion, kind, metadata }: KubernetesObject, uid: string): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid };
}

function listOf<T>(value: unknown, is: (item: unknown) => item is T): readonly T[] {
  return Array.isArray(value) ? value.filter(is).slice(0, MAX_TARGETS) : [];
}

function isTargetReference(item: unknown): item is TargetReference {
  return (
    isRecord(item) &&
    typeof item.group === 'string' &&
    typeof item.kind === 'string' &&
    typeof item.name === 'string' &&
    (item.sectionName === undefined || typeof item.sectionName === 'string')
  );
}

function isTargetSelector(item: unknown): item is TargetSelector {
  return (
    isRecord(item) &&
    (item.group === undefined || typeof item.group === 'string') &&
    typeof item.kind === 'string' &&
    isRecord(item.matchLabels)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
