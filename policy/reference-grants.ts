/**
 * Whether a policy or token service may refer to an object of another namespace: only where a ReferenceGrant of Gateway API
 * in that namespace, the one that is referred to, allows it. Pure functions over ReferenceGrant objects.
 */

import type { Manifest } from './load.ts';
import type { ReferenceGrant } from './kubernetes.ts';
import type { Problem } from './problem.ts';
import { Report } from './report.ts';
import { GROUP } from './schema.ts';

export const REFERENCE_GRANT_GROUP = 'gateway.networking.k8s.io';
/** They have the same fields. */
const VERSIONS: readonly string[] = ['v1', 'v1beta1'];

/** A Secret or ConfigMap that a policy or token service refers to, or a token service that a policy does. */
export interface ObjectReference {
  readonly kind: 'Secret' | 'ConfigMap' | 'SecurityTokenService';
  readonly namespace: string;
  readonly name: string;
}

/** A Secret or ConfigMap. */
export interface MaterialObject extends ObjectReference {
  readonly kind: 'Secret' | 'ConfigMap';
}

/** Whose kind and namespace a grant is about. */
export interface Referrer {
  /** `WSSecurityPolicy` or `SecurityTokenService`. */
  readonly kind: string;
  readonly namespace: string;
}

/** Whether a policy or token service in a namespace may refer to an object in another. */
export type Granted = (from: Referrer, to: ObjectReference) => boolean;

/** The API group of a kind that is referred to; that of Secrets and ConfigMaps is the core group, "". */
export function groupOf(kind: ObjectReference['kind']): string {
  return kind === 'SecurityTokenService' ? GROUP : '';
}

/**
 * What the grants allow. They say nothing of references within one namespace, which need none.
 *
 * @param grants of any namespaces
 */
export function grantedBy(grants: Iterable<ReferenceGrant>): Granted {
  const byNamespace = new Map<string, ReferenceGrant[]>();
  for (const grant of grants) {
    const namespace = grant.metadata.namespace ?? 'default';
    const others = byNamespace.get(namespace);
    if (others === undefined) byNamespace.set(namespace, [grant]);
    else others.push(grant);
  }
  return (from, to) => (byNamespace.get(to.namespace) ?? []).some((grant) => allows(grant, from, to));
}

function allows({ spec }: ReferenceGrant, { kind, namespace }: Referrer, object: ObjectReference): boolean {
  const group = groupOf(object.kind);
  return (
    spec.from.some((from) => from.group === GROUP && from.kind === kind && from.namespace === namespace) &&
    spec.to.some(
      (to) => to.group === group && to.kind === object.kind && (to.name === undefined || to.name === object.name),
    )
  );
}

/** Whether the manifest is a ReferenceGrant, of a version that is known. */
export function isReferenceGrant({ apiVersion, kind }: Manifest): boolean {
  return kind === 'ReferenceGrant' && VERSIONS.some((version) => apiVersion === `${REFERENCE_GRANT_GROUP}/${version}`);
}

/**
 * Reads a ReferenceGrant out of a file, where no API server has looked at it. One with a mistake grants nothing.
 */
export function readReferenceGrant(manifest: Manifest): { grant?: ReferenceGrant; problems: readonly Problem[] } {
  if (manifest.defect !== undefined) return { problems: [] };
  const report = new Report(manifest);
  const { spec } = manifest.object;
  if (!isMapping(spec)) report.error(['spec'], 'must say from and to');
  else {
    checkEntries(report, 'from', spec.from, ['group', 'kind', 'namespace'], []);
    checkEntries(report, 'to', spec.to, ['group', 'kind'], ['name']);
  }
  if (report.problems.length > 0) return { problems: report.problems };
  const { apiVersion, kind, namespace, name } = manifest;
  const grant = { apiVersion, kind, metadata: { namespace, name }, spec: spec as ReferenceGrant['spec'] };
  return { grant, problems: [] };
}

function checkEntries(
  report: Report,
  field: 'from' | 'to',
  entries: unknown,
  required: readonly string[],
  optional: readonly string[],
): void {
  const at = ['spec', field];
  if (!Array.isArray(entries) || entries.length === 0) {
    report.error(at, `must be a list of at least one entry with ${required.join(', ')}`);
    return;
  }
  entries.forEach((entry: unknown, index) => {
    if (!isMapping(entry)) {
      report.error([...at, index], `must have ${required.join(', ')}`);
      return;
    }
    for (const name of required) {
      if (typeof entry[name] !== 'string') report.error([...at, index, name], 'must be a text; "" is the core group');
    }
    for (const name of optional) {
      if (entry[name] !== undefined && typeof entry[name] !== 'string') {
        report.error([...at, index, name], 'must be a text');
      }
    }
  });
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
