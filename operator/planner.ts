/** The cluster as it is -> the cluster as it should be, what the data plane should run, and what there is to say of it. */

import { expiringCertificates } from '../extproc/pipeline/load-policies.ts';
import { planAttachment, type AttachOptions, type Inventory, type PlannedPolicy } from '../policy/attach/plan.ts';
import type { ResolvedPolicy } from '../policy/bundle.ts';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import type { Problem } from '../policy/problem.ts';
import type { MaterialObject } from '../policy/reference-grants.ts';
import { policyId, type ProblemOwner } from '../policy/report.ts';
import type { MaterialSources, Sources } from '../policy/sources.ts';
import { marked } from './apply.ts';
import { Translator, type TokenServiceTranslation, type Translation } from './translator.ts';

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

export interface TokenServicePlan {
  readonly id: string;
  readonly object: KubernetesObject;
  readonly problems: readonly Problem[];
  readonly certificates: Translation['certificates'];
  /** As of a policy. */
  readonly settled: boolean;
}

/** Where the cluster is asked what policies and token services refer to. */
export interface ClusterSources extends MaterialSources {
  /** Whether it is known if the object is there. */
  readonly settled: (reference: MaterialObject) => boolean;
  /** Why the operator may not read it; the message names the missing right. */
  readonly forbidden: (reference: MaterialObject) => Error | undefined;
}

export interface Plan {
  /** Objects with their marks. */
  readonly objects: readonly KubernetesObject[];
  /** By `namespace/name`. */
  readonly policies: ReadonlyMap<string, PolicyPlan>;
  readonly tokenServices: readonly TokenServicePlan[];
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

  /** The Secrets and ConfigMaps that policies and token services refer to, whether they are there or not. */
  references({ policies, tokenServices }: Inventory, sources: MaterialSources): MaterialObject[] {
    const services = this.#translateTokenServices(tokenServices, sources);
    const all = withTokenServices(sources, services);
    return [
      ...[...services.values()].flatMap(({ resolution }) => resolution.references),
      ...policies.flatMap((object) => this.#translator.translate(object, all).references),
    ];
  }

  /** @param now milliseconds since 1970: certificates that have expired or soon will are problems */
  plan(inventory: Inventory, sources: ClusterSources, now: number): Plan {
    const attachment = planAttachment(inventory, this.#options);
    const services = this.#translateTokenServices(inventory.tokenServices, sources);
    const all = withTokenServices(sources, services);
    const policies = new Map<string, PolicyPlan>();
    const published = new Map<string, ResolvedPolicy>();
    for (const object of inventory.policies) {
      const translation = this.#translator.translate(object, all);
      const { policy: current, certificates, tokenServices } = translation;
      const references = [
        ...translation.references,
        ...tokenServices.flatMap((to) => services.get(policyId(to))?.resolution.references ?? []),
      ];
      const id = policyId(current);
      const planned = attachment.policies.get(id) ?? { id, ancestors: [] };
      const problems = problemsOf({ policy: id }, { ...translation, references }, sources, now);
      const settled = references.every(sources.settled);
      policies.set(id, { id, object, current, problems, planned, certificates, settled });
      const { uid = '' } = object.metadata;
      if (current.broken === undefined) this.#lastGood.set(uid, current);
      else if (current.revoked === true && settled) this.#lastGood.delete(uid);
      published.set(id, this.#lastGood.get(uid) ?? current);
    }
    this.#forget(inventory);
    return {
      objects: attachment.objects.map((object) => marked(object, this.#installation)),
      policies,
      tokenServices: inventory.tokenServices.map((object) => planTokenService(object, services, sources, now)),
      published,
    };
  }

  /** By `namespace/name`. */
  #translateTokenServices(
    objects: readonly KubernetesObject[],
    sources: MaterialSources,
  ): ReadonlyMap<string, TokenServiceTranslation> {
    return new Map(objects.map((object) => [idOf(object), this.#translator.translateTokenService(object, sources)]));
  }

  #forget({ policies, tokenServices }: Inventory): void {
    const uids = (objects: readonly KubernetesObject[]): string[] => objects.map(({ metadata }) => metadata.uid ?? '');
    const present = new Set(uids(policies));
    this.#translator.keep(new Set([...present, ...uids(tokenServices)]));
    for (const uid of this.#lastGood.keys()) if (!present.has(uid)) this.#lastGood.delete(uid);
  }
}

const idOf = ({ metadata: { namespace = '', name } }: KubernetesObject): string => policyId({ namespace, name });

function withTokenServices(sources: MaterialSources, services: ReadonlyMap<string, TokenServiceTranslation>): Sources {
  return {
    ...sources,
    tokenService: (namespace, name) => services.get(policyId({ namespace, name }))?.resolution,
  };
}

function planTokenService(
  object: KubernetesObject,
  services: ReadonlyMap<string, TokenServiceTranslation>,
  sources: ClusterSources,
  now: number,
): TokenServicePlan {
  const id = idOf(object);
  const { resolution, certificates = [] } = services.get(id) ?? {};
  const { references = [], problems = [] } = resolution ?? {};
  return {
    ...{ id, object, certificates },
    problems: problemsOf({ tokenService: id }, { references, problems, certificates }, sources, now),
    settled: references.every(sources.settled),
  };
}

/** All that is to say of a translation, with what only the cluster and the clock know. */
function problemsOf(
  owner: ProblemOwner,
  {
    references,
    problems,
    certificates,
  }: Pick<Translation, 'problems' | 'certificates'> & { readonly references: readonly MaterialObject[] },
  sources: ClusterSources,
  now: number,
): Problem[] {
  return [
    ...references.flatMap((reference) => forbiddenReference(owner, sources.forbidden(reference))),
    ...problems,
    ...expiringCertificates(owner, certificates, now),
  ];
}

/** What cannot be read looks as if it were not there; this says which of the two it is. */
function forbiddenReference(owner: ProblemOwner, error: Error | undefined): Problem[] {
  if (error === undefined) return [];
  const message = `the operator may not read what is referred to: ${error.message}`;
  return [{ severity: 'error', reason: 'InvalidRef', ...owner, field: '', message }];
}
