/** Policies and what they refer to -> resolved policies. Pure functions: no clock, no files, no cluster. */

import type { WSSecurityPolicySpec } from '../crds/types.ts';
import {
  makeBundle,
  materialId,
  versioned,
  type Bundle,
  type Material,
  type MaterialReference,
  type ResolvedPolicy,
  type ResolvedSpec,
} from './bundle.ts';
import { checkPolicy } from './check-policy.ts';
import type { ReferenceGrant } from './kubernetes.ts';
import type { Manifest } from './load.ts';
import { readMaterial } from './material.ts';
import { applyDefaults } from './presets.ts';
import { brokenBecause, type Problem } from './problem.ts';
import {
  grantedBy,
  isReferenceGrant,
  readReferenceGrant,
  type Granted,
  type ObjectReference,
} from './reference-grants.ts';
import { referencesOf, type Reference } from './references.ts';
import { policyId, Report } from './report.ts';
import { GROUP, policySchema, tokenServiceSchema, VERSION } from './schema.ts';
import { validate } from './validate.ts';

export type { ObjectReference } from './reference-grants.ts';

/** Where the Secrets and ConfigMaps are that policies refer to. */
export interface Sources {
  /** Undefined: there is none. Null: it is defined twice. */
  material(kind: 'Secret' | 'ConfigMap', namespace: string, name: string): Material | null | undefined;
  /** Whether a ReferenceGrant in the object's namespace, another than the policy's, allows the reference. */
  readonly granted: Granted;
  /** An object of that name elsewhere, `namespace/Kind/name`, where all objects are known. */
  readonly elsewhere?: (name: string) => string | undefined;
}

export interface Resolution {
  readonly policy: ResolvedPolicy;
  readonly problems: readonly Problem[];
  /** The objects that the policy refers to, each once; also those that are missing or not granted. */
  readonly references: readonly ObjectReference[];
}

/**
 * Validates policies, fills in their defaults and gathers the Secrets and ConfigMaps they refer to.
 *
 * Every policy whose name is known is in the bundle; one with an error is `broken` there, so that its traffic is refused
 * instead of passing as if there were no policy.
 */
export function resolve(manifests: readonly Manifest[]): { bundle: Bundle; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const policies = new Map<string, Manifest[]>();
  const materials = new Map<string, Material | null>();
  const grants: ReferenceGrant[] = [];
  for (const manifest of manifests) {
    const { apiVersion, kind } = manifest;
    if (kind === 'WSSecurityPolicy' && apiVersion === `${GROUP}/${VERSION}`) {
      const id = policyId(manifest);
      policies.set(id, [...(policies.get(id) ?? []), manifest]);
    } else if ((kind === 'Secret' || kind === 'ConfigMap') && apiVersion === 'v1') {
      if (manifest.defect !== undefined) continue;
      const { material, problems: found } = readMaterial(manifest, kind);
      problems.push(...found);
      const id = materialKey({ ...material, namespace: manifest.namespace });
      const again = materials.has(id);
      if (again) problems.push(definedTwice(manifest));
      materials.set(id, again ? null : material);
    } else if (isReferenceGrant(manifest)) {
      const { grant, problems: found } = readReferenceGrant(manifest);
      problems.push(...found);
      if (grant) grants.push(grant);
    } else if (!isAttachedTo(manifest)) problems.push(...otherKind(manifest));
  }
  const attached = manifests.some(({ kind }) => kind === 'Gateway' || kind === 'HTTPRoute');
  const sources: Sources = {
    material: (kind, namespace, name) => materials.get(materialKey({ kind, namespace, name })),
    granted: grantedBy(grants),
    elsewhere: (name) => [...materials.keys()].find((id) => id.endsWith(`/${name}`)),
  };
  const resolved = [...policies.values()].map((same) => {
    const { policy, problems: found } = resolveOnly(same, sources, attached);
    problems.push(...found);
    return policy;
  });
  return { bundle: makeBundle(resolved), problems };
}

const materialKey = ({ kind, namespace, name }: ObjectReference): string => `${namespace}/${kind}/${name}`;

/** Of what policies attach to, which `attachmentProblems` looks at. */
function isAttachedTo({ apiVersion, kind }: Manifest): boolean {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return group === '' ? kind === 'Service' : ATTACHMENT_GROUPS.has(group);
}

const ATTACHMENT_GROUPS: ReadonlySet<string> = new Set([
  ...['gateway.networking.k8s.io', 'gateway.envoyproxy.io', 'networking.istio.io'],
]);

function definedTwice(manifest: Manifest): Problem {
  const report = new Report(manifest);
  report.error(['metadata', 'name'], `${manifest.kind} ${policyId(manifest)} is defined twice; remove one`);
  return report.problems[0];
}

/** Of a kind that is not acted upon. */
function otherKind(manifest: Manifest): readonly Problem[] {
  const { apiVersion, kind } = manifest;
  const report = new Report(manifest);
  if (kind === 'SecurityTokenService' && apiVersion === `${GROUP}/${VERSION}`) {
    if (manifest.defect !== undefined) return [];
    report.warning(
      ['kind'],
      'not supported yet: SecurityTokenService; it is checked, and no policy can use it',
      'NotSupported',
    );
    return [...report.problems, ...validate(manifest, tokenServiceSchema).problems];
  }
  if (kind === 'WSSecurityPolicy' || (kind === 'SecurityTokenService' && apiVersion.startsWith(`${GROUP}/`))) {
    report.error(['apiVersion'], `${apiVersion} is not known; write ${GROUP}/${VERSION}`);
  } else if (apiVersion.startsWith(`${GROUP}/`)) {
    report.error(['kind'], `${kind} is not known; the kinds are WSSecurityPolicy and SecurityTokenService`);
  } else {
    report.note(['kind'], `${kind} is not read; only WSSecurityPolicy, Secret, ConfigMap and ReferenceGrant are`);
  }
  return report.problems;
}

/**
 * @param same all manifests of one name: more than one is an error of that policy
 * @param attached whether the manifests say what policies attach to
 */
function resolveOnly(
  [manifest, ...again]: readonly Manifest[],
  sources: Sources,
  attached: boolean,
): Omit<Resolution, 'references'> {
  const { policy, problems: found } = resolvePolicy(manifest, sources);
  const problems = [
    ...again.map(definedTwice),
    ...(policy.spec && !attached ? withoutCluster(manifest) : []),
    ...found,
  ];
  const broken = manifest.defect ?? brokenBecause(problems);
  return { policy: again.length === 0 ? policy : versioned({ ...policy, broken }), problems };
}

/** @see WSSecurityPolicySpec.targetRefs */
function withoutCluster(manifest: Manifest): readonly Problem[] {
  const report = new Report(manifest, ['spec']);
  for (const field of ['targetRefs', 'targetSelectors']) {
    if (!Object.hasOwn(manifest.object.spec as object, field)) continue;
    report.note([field], `${field} has no effect without a cluster, where Envoy's configuration names the policy`);
  }
  return report.problems;
}

/**
 * Validates one policy, fills in its defaults and gathers the Secrets and ConfigMaps that it refers to.
 *
 * @returns a policy that is `broken` where one of the problems is an error
 */
export function resolvePolicy(manifest: Manifest, sources: Sources): Resolution {
  const { namespace, name, defect } = manifest;
  const { spec, material, problems, references }: ResolvedContent =
    defect === undefined ? resolveSpec(manifest, sources) : NO_CONTENT;
  const broken = defect ?? brokenBecause(problems);
  const policy = versioned({
    ...{ namespace, name, generation: generationOf(manifest) },
    ...(spec && { spec }),
    material,
    ...(broken !== undefined && { broken }),
    ...(problems.some(({ reason }) => reason === 'RefNotPermitted') && { revoked: true as const }),
  });
  return { policy, problems, references };
}

interface ResolvedContent {
  readonly spec?: ResolvedSpec;
  readonly material: Readonly<Record<string, Material>>;
  readonly problems: readonly Problem[];
  readonly references: readonly ObjectReference[];
}

const NO_CONTENT: ResolvedContent = { material: {}, problems: [], references: [] };

function resolveSpec(manifest: Manifest, sources: Sources): ResolvedContent {
  const { spec: given, problems } = validate<WSSecurityPolicySpec>(manifest, policySchema);
  if (given === undefined) return { ...NO_CONTENT, problems };
  const spec = applyDefaults(given, (keyRef) => isSharedSecret(find(manifest, keyRef, sources)));
  const report = new Report(manifest);
  const material: Record<string, Material> = {};
  const references = new Map<string, ObjectReference>();
  for (const reference of referencesOf(spec)) {
    const object = objectOf(manifest, reference);
    references.set(materialKey(object), object);
    const found = find(manifest, reference, sources);
    if (found === 'NotPermitted') reportNotPermitted(report, manifest, reference, object);
    else {
      if (found) material[materialId(reference)] = found;
      checkReference(report, reference, object, found, sources);
    }
  }
  return {
    spec,
    material,
    problems: [...problems, ...checkPolicy(manifest, given, spec), ...report.problems],
    references: [...references.values()],
  };
}

function objectOf(manifest: Manifest, { kind, namespace, name }: MaterialReference): ObjectReference {
  return { kind, namespace: namespace ?? manifest.namespace, name };
}

/** Without a grant nothing is looked up, so that nobody learns what there is in another namespace. */
function find(
  manifest: Manifest,
  reference: MaterialReference,
  sources: Sources,
): Material | null | undefined | 'NotPermitted' {
  const object = objectOf(manifest, reference);
  if (object.namespace !== manifest.namespace && !sources.granted(manifest, object)) return 'NotPermitted';
  return sources.material(object.kind, object.namespace, object.name);
}

function reportNotPermitted(
  report: Report,
  manifest: Manifest,
  { path }: Reference,
  { kind, namespace, name }: ObjectReference,
): void {
  report.error(
    [...path, 'namespace'],
    `no ReferenceGrant in namespace ${namespace} allows it; add one there from group ${GROUP}, kind WSSecurityPolicy, namespace ${manifest.namespace} to group "", kind ${kind}, name ${name}`,
    'RefNotPermitted',
  );
}

function checkReference(
  report: Report,
  { key, path }: Reference,
  { kind, namespace, name }: ObjectReference,
  found: Material | null | undefined,
  sources: Sources,
): void {
  const object = `${kind} ${namespace}/${name}`;
  if (found === null) {
    report.error([...path, 'name'], `${object} is defined twice; remove one`, 'InvalidRef');
  } else if (found === undefined) {
    const elsewhere = sources.elsewhere?.(name);
    const hint =
      elsewhere === undefined ? 'add it' : `there is ${elsewhere}; refer to its kind and namespace, or move it`;
    report.error([...path, 'name'], `there is no ${object}; ${hint}`, 'InvalidRef');
  } else if (key !== undefined && !Object.hasOwn(found.data, key)) {
    const keys = Object.keys(found.data).join(', ');
    report.error([...path, 'key'], `${object} has no key ${key}; its keys are ${keys}`, 'InvalidRef');
  }
}

/** A Secret for HMAC signatures: octets and no private key. */
function isSharedSecret(material: Material | null | undefined | 'NotPermitted'): boolean {
  if (!material || material === 'NotPermitted') return false;
  const has = (key: string): boolean => Object.hasOwn(material.data, key);
  return has('secret') && !has('tls.key') && !has('keystore.p12');
}

function generationOf({ object }: Manifest): number {
  const { metadata } = object as { metadata?: { generation?: unknown } };
  return typeof metadata?.generation === 'number' ? metadata.generation : 1;
}
