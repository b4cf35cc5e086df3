/** The marks of the objects that attachment makes. */

import type { KubernetesObject, ObjectMeta } from '../kubernetes.ts';
import type { PolicyView } from './policy-view.ts';

const MANAGED_BY = 'app.kubernetes.io/managed-by';

export const LABELS: Readonly<Record<string, string>> = { [MANAGED_BY]: 'waxseal' };
/** For a person who wonders what an object is for; a label could not hold the slash. */
const POLICY_ANNOTATION = 'waxseal.dev/policy';

export function isOurs({ metadata }: KubernetesObject): boolean {
  return metadata.labels?.[MANAGED_BY] === 'waxseal';
}

/** Of something made for a policy: deleted with it where it stands in the policy's own namespace. */
export function metadataFor(policy: PolicyView, namespace: string): ObjectMeta {
  return {
    name: policy.alias,
    namespace,
    labels: LABELS,
    annotations: { [POLICY_ANNOTATION]: policy.id },
    ...(policy.owner && namespace === policy.namespace && { ownerReferences: [policy.owner] }),
  };
}
