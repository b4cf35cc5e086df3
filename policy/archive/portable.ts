/** An object of one cluster -> what of it is meant for any. */

import type { KubernetesObject } from '../kubernetes.ts';
import { rewriteReferences } from './object-references.ts';

/** On imported objects: the hash of the spec that was imported, by which one that was edited since is known. */
export const IMPORTED_ANNOTATION = 'waxseal.dev/imported-spec';

/** Of the tools that applied the object; those of the other environment set their own. */
const TOOLS =
  /^(kubectl\.kubernetes\.io|meta\.helm\.sh|helm\.sh|argocd\.argoproj\.io|([a-z]+\.)?toolkit\.fluxcd\.io)\//;
const TOOL_LABELS = new Set(['app.kubernetes.io/managed-by', 'app.kubernetes.io/instance']);

/**
 * Leaves out status, its namespace, what an API server sets, and what deployment tools set. A reference that names the object's own
 * namespace names none afterwards, so that it follows the object.
 *
 * @param namespace that the object is of
 */
export function portable(
  { apiVersion, kind, metadata, ...rest }: KubernetesObject,
  namespace: string,
): KubernetesObject {
  const { name, labels, annotations } = metadata;
  const kept = {
    labels: without(labels, (key) => TOOLS.test(key) || TOOL_LABELS.has(key)),
    annotations: without(annotations, (key) => TOOLS.test(key) || key === IMPORTED_ANNOTATION),
  };
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(kept.labels && { labels: kept.labels }),
      ...(kept.annotations && { annotations: kept.annotations }),
    },
    ...(rest['spec'] !== undefined && {
      spec: rewriteReferences(rest['spec'], ({ name: of, namespace: at }) => ({
        name: of,
        ...(at !== undefined && at !== namespace && { namespace: at }),
      })),
    }),
  };
}

type Texts = Readonly<Record<string, string>>;

function without(texts: Texts | undefined, drop: (key: string) => boolean): Texts | undefined {
  const kept = Object.entries(texts ?? {}).filter(([key]) => !drop(key));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
