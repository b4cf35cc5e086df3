/** What an import would do: a pure function of the archive and of what is there. */

import { createHash } from 'node:crypto';
import { canonicalJson } from '../bundle.ts';
import type { KubernetesObject } from '../kubernetes.ts';
import { policySchema, tokenServiceSchema } from '../schema.ts';
import type { Archive } from './archive.ts';
import { differences } from './difference.ts';
import { IMPORTED_ANNOTATION } from './portable.ts';

export interface PlannedImport {
  /** As it is to be written. */
  readonly object: KubernetesObject;
  /** What is there under its name. */
  readonly existing?: KubernetesObject;
  readonly action: 'create' | 'change' | 'unchanged';
  /** Of a change: why it must not be made unasked. */
  readonly protectedBecause?: string;
  /** Of a change: lines that begin with `-` and `+`. */
  readonly differences: readonly string[];
}

/**
 * @param archive in the names of the target
 * @param namespace to import into
 * @param existing what is there, by kind and name
 */
export function planImport(
  archive: Archive,
  namespace: string,
  existing: (kind: string, name: string) => KubernetesObject | undefined,
): PlannedImport[] {
  return archive.objects.map((object) => planObject(object, namespace, existing(object.kind, object.metadata.name)));
}

function planObject(
  portable: KubernetesObject,
  namespace: string,
  existing: KubernetesObject | undefined,
): PlannedImport {
  const { apiVersion, kind, metadata } = portable;
  const spec = portable['spec'];
  const present = existing?.metadata;
  const labels = { ...present?.labels, ...metadata.labels };
  const annotations = { ...present?.annotations, ...metadata.annotations };
  const object: KubernetesObject = {
    apiVersion,
    kind,
    metadata: {
      ...{ name: metadata.name, namespace },
      ...(Object.keys(labels).length > 0 && { labels }),
      annotations: { ...annotations, [IMPORTED_ANNOTATION]: specHash(kind, spec) },
    },
    spec,
  };
  if (existing === undefined) return { object, action: 'create', differences: [] };
  const found = [
    ...differences(present?.labels ?? {}, labels, ['metadata', 'labels']),
    ...differences(present?.annotations ?? {}, annotations, ['metadata', 'annotations']),
    ...differences(withDefaults(kind, existing['spec']), withDefaults(kind, spec), ['spec']),
  ];
  if (found.length === 0) return { object, existing, action: 'unchanged', differences: [] };
  const protectedBecause = protection(existing);
  return {
    object,
    existing,
    action: 'change',
    differences: found,
    ...(protectedBecause !== undefined && { protectedBecause }),
  };
}

/** What an import has not written, or somebody has edited since, is not for an import to replace. */
function protection({ kind, metadata, spec }: KubernetesObject): string | undefined {
  const imported = metadata.annotations?.[IMPORTED_ANNOTATION];
  if (imported === undefined) return 'it was not imported';
  return imported === specHash(kind, spec) ? undefined : 'it was edited after it was imported';
}

/** An API server fills in defaults: the hash is of what it makes of the spec. */
function specHash(kind: string, spec: unknown): string {
  return createHash('sha256')
    .update(canonicalJson(withDefaults(kind, spec)))
    .digest('hex');
}

function withDefaults(kind: string, spec: unknown): unknown {
  const copy: unknown = structuredClone(spec ?? {});
  (kind === 'WSSecurityPolicy' ? policySchema : tokenServiceSchema).check(copy);
  return copy;
}
