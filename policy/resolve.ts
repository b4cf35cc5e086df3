/** Manifests -> bundle. A pure function: no clock, no files, no cluster. */

import {
  makeBundle,
  materialId,
  type Bundle,
  type Material,
  type ResolvedPolicy,
  type ResolvedSpec,
} from './bundle.ts';
import { checkPolicy } from './check-policy.ts';
import type { Manifest } from './load.ts';
import { readMaterial } from './material.ts';
import { applyDefaults } from './presets.ts';
import { brokenBecause, type Problem } from './problem.ts';
import { referencesOf, type Reference } from './references.ts';
import { policyId, Report } from './report.ts';
import { GROUP, VERSION } from './schema.ts';
import { validate } from './validate.ts';

/** Objects by `namespace/Kind/name`; null where the name is ambiguous. */
type Materials = ReadonlyMap<string, Material | null>;

/**
 * Validates policies, fills in their defaults and gathers the Secrets and ConfigMaps they refer to.
 *
 * Every policy whose name is known is in the bundle; one with an error is `broken` there, so that its traffic is refused
 * instead of passing as if there were no policy.
 */
export function resolve(manifests: readonly Manifest[]): { bundle: Bundle; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const policies: Manifest[] = [];
  const materials = new Map<string, Material | null>();
  for (const manifest of manifests) {
    const { apiVersion, kind } = manifest;
    if (kind === 'WSSecurityPolicy' && apiVersion === `${GROUP}/${VERSION}`) policies.push(manifest);
    else if ((kind === 'Secret' || kind === 'ConfigMap') && apiVersion === 'v1') {
      if (manifest.defect !== undefined) continue;
      const { material, problems: found } = readMaterial(manifest, kind);
      problems.push(...found);
      const id = `${manifest.namespace}/${materialId(material)}`;
      const again = materials.has(id);
      if (again) problems.push(definedTwice(manifest));
      materials.set(id, again ? null : material);
    } else problems.push(otherKind(manifest));
  }
  const byId = new Map<string, Manifest[]>();
  for (const manifest of policies) byId.set(policyId(manifest), [...(byId.get(policyId(manifest)) ?? []), manifest]);
  const resolved = [...byId.values()].map((same) => {
    const result = resolvePolicy(same, materials);
    problems.push(...result.problems);
    return result.policy;
  });
  return { bundle: makeBundle(resolved), problems };
}

function definedTwice(manifest: Manifest): Problem {
  const report = new Report(manifest);
  report.error(['metadata', 'name'], `${manifest.kind} ${policyId(manifest)} is defined twice; remove one`);
  return report.problems[0];
}

function otherKind(manifest: Manifest): Problem {
  const { apiVersion, kind } = manifest;
  const report = new Report(manifest);
  if (kind === 'SecurityTokenService' && apiVersion.startsWith(`${GROUP}/`)) {
    report.error(['kind'], 'not supported yet: SecurityTokenService', 'NotSupported');
  } else if (kind === 'WSSecurityPolicy') {
    report.error(['apiVersion'], `${apiVersion} is not known; write ${GROUP}/${VERSION}`);
  } else if (apiVersion.startsWith(`${GROUP}/`)) {
    report.error(['kind'], `${kind} is not known; the kind is WSSecurityPolicy`);
  } else {
    report.note(['kind'], `${kind} is not read; only WSSecurityPolicy, Secret and ConfigMap are`);
  }
  return report.problems[0];
}

/** @param same all manifests of one name: more than one is an error of that policy */
function resolvePolicy(
  same: readonly Manifest[],
  materials: Materials,
): { policy: ResolvedPolicy; problems: readonly Problem[] } {
  const manifest = same[0];
  const problems: Problem[] = [];
  for (const again of same.slice(1)) {
    problems.push(definedTwice(again));
  }
  const { spec, material, problems: found } = resolveSpec(manifest, materials);
  problems.push(...found);
  const broken = manifest.defect ?? brokenBecause(problems);
  return {
    policy: {
      namespace: manifest.namespace,
      name: manifest.name,
      generation: generationOf(manifest),
      ...(spec && { spec }),
      material,
      ...(broken !== undefined && { broken }),
    },
    problems,
  };
}

function resolveSpec(
  manifest: Manifest,
  materials: Materials,
): { spec?: ResolvedSpec; material: Record<string, Material>; problems: readonly Problem[] } {
  if (manifest.defect !== undefined) return { material: {}, problems: [] };
  const { spec: given, problems } = validate(manifest);
  if (given === undefined) return { material: {}, problems };
  const find = (reference: Pick<Reference, 'kind' | 'name'>): Material | null | undefined =>
    materials.get(`${manifest.namespace}/${materialId(reference)}`);
  const spec = applyDefaults(given, (name) => isSharedSecret(find({ kind: 'Secret', name })));
  const report = new Report(manifest);
  const material: Record<string, Material> = {};
  for (const reference of referencesOf(spec)) {
    const found = find(reference);
    if (found) material[materialId(reference)] = found;
    checkReference(report, manifest, reference, found, materials);
  }
  return { spec, material, problems: [...problems, ...checkPolicy(manifest, given, spec), ...report.problems] };
}

function checkReference(
  report: Report,
  manifest: Manifest,
  { kind, name, key, path }: Reference,
  found: Material | null | undefined,
  materials: Materials,
): void {
  if (found === null) {
    report.error([...path, 'name'], `${kind} ${manifest.namespace}/${name} is defined twice; remove one`, 'InvalidRef');
  } else if (found === undefined) {
    const elsewhere = [...materials.keys()].find((id) => id.endsWith(`/${name}`));
    const hint =
      elsewhere === undefined
        ? 'add it'
        : `there is ${elsewhere}; put it in the policy's namespace and refer to its kind`;
    report.error([...path, 'name'], `there is no ${kind} ${manifest.namespace}/${name}; ${hint}`, 'InvalidRef');
  } else if (key !== undefined && !Object.hasOwn(found.data, key)) {
    const keys = Object.keys(found.data).join(', ');
    report.error(
      [...path, 'key'],
      `${kind} ${manifest.namespace}/${name} has no key ${key}; its keys are ${keys}`,
      'InvalidRef',
    );
  }
}

/** A Secret for HMAC signatures: octets and no private key. */
function isSharedSecret(material: Material | null | undefined): boolean {
  if (!material) return false;
  const has = (key: string): boolean => Object.hasOwn(material.data, key);
  return has('secret') && !has('tls.key') && !has('keystore.p12');
}

function generationOf({ object }: Manifest): number {
  const { metadata } = object as { metadata?: { generation?: unknown } };
  return typeof metadata?.generation === 'number' ? metadata.generation : 1;
}
