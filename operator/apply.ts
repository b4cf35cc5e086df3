/** Which objects of the cluster differ from what they should be. */

import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import { objectKey } from '../policy/kubernetes.ts';

/** Says which installation an object is of, so that two in one cluster leave each other's alone. */
export const INSTALLATION_LABEL = 'waxseal.dev/installation';
/** Digest of what was applied: tells also when a field was taken away. */
const DIGEST_ANNOTATION = 'waxseal.dev/applied';

/** A label's value: at most 63 characters, however long the names are. */
export function installationName(systemNamespace: string, release: string): string {
  return `${release.slice(0, 40)}-${digestOf([systemNamespace, release]).slice(0, 16)}`;
}

/** The object with the marks by which it is known again. */
export function marked(object: KubernetesObject, installation: string): KubernetesObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [INSTALLATION_LABEL]: installation },
      annotations: { ...metadata.annotations, [DIGEST_ANNOTATION]: digestOf(object) },
    },
  };
}

export interface Difference {
  /** Missing, changed by us, or changed by somebody else. */
  readonly apply: readonly KubernetesObject[];
  /** Ours, and wanted no more. */
  readonly remove: readonly KubernetesObject[];
  /** Somebody else's under a name that we want: never overwritten. */
  readonly foreign: readonly KubernetesObject[];
}

/**
 * @param desired objects with their marks
 * @param existing of the same kinds; those of other installations and other people are left alone
 */
export function difference(
  desired: readonly KubernetesObject[],
  existing: Iterable<KubernetesObject>,
  installation: string,
): Difference {
  const there = new Map<string, KubernetesObject>();
  for (const object of existing) there.set(objectKey(object), object);
  const isOurs = ({ metadata }: KubernetesObject): boolean => metadata.labels?.[INSTALLATION_LABEL] === installation;
  const apply: KubernetesObject[] = [];
  const foreign: KubernetesObject[] = [];
  for (const object of desired) {
    const key = objectKey(object);
    const present = there.get(key);
    if (present !== undefined && !isOurs(present)) foreign.push(object);
    else if (!holds(present, object)) apply.push(object);
    // What is left at the end is not wanted.
    there.delete(key);
  }
  const remove = [...there.values()].filter(
    (object) => isOurs(object) && object.metadata.deletionTimestamp === undefined,
  );
  return { apply, remove, foreign };
}

/** Whether everything in `wanted` is in `given` too: the API server fills in more than was applied. */
function holds(given: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(given) && given.length === wanted.length && wanted.every((item, at) => holds(given[at], item));
  }
  if (wanted !== null && typeof wanted === 'object') {
    if (given === null || typeof given !== 'object') return false;
    return Object.entries(wanted).every(([key, value]) => holds((given as Record<string, unknown>)[key], value));
  }
  return given === wanted;
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}
