/** The cluster as it is -> the cluster as it should be, what the data plane should run, and what there is to say of it. */

import { expiringCertificates } from '../extproc/pipeline/load-policies.ts';
import { planAttachment, type AttachOptions, type Inventory, type PlannedPolicy } from '../policy/attach/plan.ts';
import type { ResolvedPolicy } from '../policy/bundle.ts';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import type { Problem } from '../policy/problem.ts';
import { policyId } from '../policy/report.ts';
import type { ObjectReference, Sources } from '../policy/resolve.ts';
import { marked } from './apply.ts';
import { Translator, type Translation } from './translator.ts';

export interface PolicyPlan {
  readonly id: string;
  readonly object: KubernetesObject;
  /** The policy as it stands; `broken` where it cannot work. */
  readonly current: ResolvedPolicy;
  readonly problems: readonly Problem[];
  readonly planned: PlannedPolicy;
  readonly certificates: Translation['certificates'];
  /** Whether all that it refers to has been looked for. If not, nothing is to be said of it yet. */
  readonly settled: boolean;
}

/** Where the cluster is asked what policies refer to. */
export interface ClusterSources extends Sources {
  /** Whether it is known if the object is there. */
  readonly settled: (reference: ObjectReference) => boolean;
  /** Why the operator may not read it; the message names the missing right. */
  readonly forbidden: (reference: ObjectReference) => Error | undefined;
}

export interface Plan {
  /** Objects with their marks. */
  readonly objects: readonly KubernetesObject[];
  /** By `namespace/name`. */
  readonly policies: ReadonlyMap<string, PolicyPlan>;
  /** For the data plane: for a policy that is broken, its last version that was not, if this process has seen one. */
  readonly published: ReadonlyMap<string, ResolvedPolicy>;
}

/** Keeps the last version of each policy that worked, and what need not be worked out again. */
export class Planner {
  readonly #translator = new Translator();
  /** By uid: a policy that was deleted and made again is another one. */
  readonly #lastGood = new Map<string, ResolvedPolicy>();
  readonly #options: AttachOptions;
  readonly #installation: string;

  constructor(options: AttachOptions, installation: string) {
    this.#options = options;
    this.#installation = installation;
  }

  /** The Secrets and ConfigMaps that policies refer to, whether they are there or not. */
  references(policies: readonly KubernetesObject[], sources: Sources): ObjectReference[] {
    return policies.flatMap((object) => this.#translator.translate(object, sources).references);
  }

  /** @param now milliseconds since 1970: certificates that have expired or soon will are problems */
  plan(inventory: Inventory, sources: ClusterSources, now: number): Plan {
    const attachment = planAttachment(inventory, this.#options);
    const policies = new Map<string, PolicyPlan>();
    const published = new Map<string, ResolvedPolicy>();
    for (const object of inventory.policies) {
      const { policy: current, problems, certificates, references } = this.#translator.translate(object, sources);
      const settled = references.every((reference) => sources.settled(reference));
      const id = policyId(current);
      const planned = attachment.policies.get(id) ?? { id, ancestors: [] };
      const expiring = expiringCertificates({ id, certificates }, now);
      const forbidden = references.flatMap((reference) => forbiddenReference(id, sources.forbidden(reference)));
      const all = [...forbidden, ...problems, ...expiring];
      policies.set(id, { id, object, current, problems: all, planned, certificates, settled });
      const { uid = '' } = object.metadata;
      if (current.broken === undefined) this.#lastGood.set(uid, current);
      else if (current.revoked === true && settled) this.#lastGood.delete(uid);
      published.set(id, this.#lastGood.get(uid) ?? current);
    }
    this.#forget(new Set(inventory.policies.map(({ metadata }) => metadata.uid ?? '')));
    return { objects: attachment.objects.map((object) => marked(object, this.#installation)), policies, published };
  }
  /** Policies that are gone. @param present uids of those that are not */
  #forget(present: ReadonlySet<string>): void {
    this.#translator.keep(present);
    for (const uid of this.#lastGood.keys()) if (!present.has(uid)) this.#lastGood.delete(uid);
  }
}

/** What cannot be read looks as if it were not there; this says which of the two it is. */
function forbiddenReference(policy: string, error: Error | undefined): Problem[] {
  if (error === undefined) return [];
  const message = `the operator may not read what is referred to: ${error.message}`;
  return [{ severity: 'error', reason: 'InvalidRef', policy, field: '', message }];
}
