/** What an operator's status would say of the targets of policies, as problems of the fields that name them. */

import { planAttachment } from '../attach/plan.ts';
import type { Inventory, Verdict } from '../attach/types.ts';
import type { KubernetesObject } from '../kubernetes.ts';
import type { FieldPath, Manifest } from '../load.ts';
import type { Problem, ProblemReason } from '../problem.ts';
import { policyId, Report } from '../report.ts';
import { CHART_DEFAULTS, offlineInventory } from './offline.ts';

/**
 * Judges targets of kinds that are among the manifests; others may well be in the cluster.
 *
 * @param manifests of all kinds
 * @returns nothing where there are no Gateways, routes or Services
 */
export function attachmentProblems(manifests: readonly Manifest[]): readonly Problem[] {
  const { inventory } = offlineInventory(manifests);
  const { policies } = planAttachment(inventory, CHART_DEFAULTS);
  return manifests.flatMap((manifest) => {
    const ancestors = manifest.kind === 'WSSecurityPolicy' ? policies.get(policyId(manifest))?.ancestors : undefined;
    if (ancestors === undefined || ancestors.every(({ accepted }) => accepted.status)) return [];
    return problemsOf(manifest, inventory);
  });
}

/** Each target by itself, so that a verdict is about one field. */
function problemsOf(manifest: Manifest, inventory: Inventory): readonly Problem[] {
  const report = new Report(manifest);
  const spec = manifest.object.spec as Readonly<Record<string, unknown>>;
  for (const field of ['targetRefs', 'targetSelectors'] as const) {
    const targets: readonly unknown[] = Array.isArray(spec[field]) ? spec[field] : [];
    targets.forEach((target, index) => {
      if (!isKnown(target, field, manifest.namespace, inventory)) return;
      const alone = { ...spec, targetRefs: [], targetSelectors: [], [field]: [target] };
      for (const { reason, message } of failures(manifest, alone, inventory)) {
        const path: FieldPath = ['spec', field, index];
        report.error(path, message, REASONS.get(reason));
      }
    });
  }
  return report.problems;
}

const REASONS: ReadonlyMap<string, ProblemReason> = new Map<string, ProblemReason>([
  ['Conflicted', 'Conflicted'],
  ['TargetNotFound', 'TargetNotFound'],
]);

function failures(manifest: Manifest, spec: unknown, inventory: Inventory): Verdict[] {
  const id = policyId(manifest);
  const policies = inventory.policies.map((policy): KubernetesObject => {
    const { namespace = '', name } = policy.metadata;
    return policyId({ namespace, name }) === id ? { ...policy, spec } : policy;
  });
  const { policies: planned } = planAttachment({ ...inventory, policies }, CHART_DEFAULTS);
  const verdicts = (planned.get(id)?.ancestors ?? []).map(({ accepted }) => accepted);
  return verdicts.filter(({ status }) => !status);
}

/** Whether the manifests can tell of the target: a folder often holds routes without their Gateway. */
function isKnown(target: unknown, field: string, namespace: string, inventory: Inventory): boolean {
  const { kind, name } = (target ?? {}) as Readonly<Record<string, unknown>>;
  const { gateways, httpRoutes, services } = inventory;
  switch (kind) {
    case 'Gateway':
      return gateways.length > 0;
    case 'HTTPRoute': {
      if (gateways.length > 0) return httpRoutes.length > 0;
      const exists = httpRoutes.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
      return httpRoutes.length > 0 && field === 'targetRefs' && !exists;
    }
    case 'Service':
      return services.length > 0;
    default:
      return true;
  }
}
