/** Policies and what they refer to -> resolved policies. Pure functions: no clock, no files, no cluster. */

import { makeBundle, versioned, type Bundle, type Material, type ResolvedTokenService } from './bundle.ts';
import type { ReferenceGrant } from './kubernetes.ts';
import type { Manifest } from './load.ts';
import { readMaterial } from './material.ts';
import { brokenBecause, type Problem } from './problem.ts';
import { grantedBy, isReferenceGrant, readReferenceGrant } from './reference-grants.ts';
import { policyId, Report } from './report.ts';
import { resolvePolicy, type PolicyResolution } from './resolve-policy.ts';
import { resolveTokenService, type TokenServiceResolution } from './resolve-token-service.ts';
import { GROUP, VERSION } from './schema.ts';
import { objectId, type MaterialSources, type Sources } from './sources.ts';

export interface Resolution {
  readonly bundle: Bundle;
  /** Those that can be used, whether a policy uses them or not. */
  readonly tokenServices: readonly ResolvedTokenService[];
  readonly problems: readonly Problem[];
}

/**
 * Validates policies and token services, fills in their defaults and gathers the Secrets and ConfigMaps they refer to.
 *
 * Every policy whose name is known is in the bundle; one with an error is `broken` there, so that its traffic is refused
 * instead of passing as if there were no policy.
 */
export function resolve(manifests: readonly Manifest[]): Resolution {
  const problems: Problem[] = [];
  const policies = new Map<string, Manifest[]>();
  const services = new Map<string, Manifest[]>();
  const materials = new Map<string, Material | null>();
  const grants: ReferenceGrant[] = [];
  for (const manifest of manifests) {
    const { apiVersion, kind } = manifest;
    const ours = apiVersion === `${GROUP}/${VERSION}`;
    if (ours && kind === 'WSSecurityPolicy') addTo(policies, manifest);
    else if (ours && kind === 'SecurityTokenService') addTo(services, manifest);
    else if ((kind === 'Secret' || kind === 'ConfigMap') && apiVersion === 'v1') {
      if (manifest.defect !== undefined) continue;
      const { material, problems: found } = readMaterial(manifest, kind);
      problems.push(...found);
      const id = objectId({ ...material, namespace: manifest.namespace });
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
  const material: MaterialSources = {
    material: (kind, namespace, name) => materials.get(objectId({ kind, namespace, name })),
    granted: grantedBy(grants),
    elsewhere: (name) => [...materials.keys()].find((id) => id.endsWith(`/${name}`)),
  };
  const tokenServices = new Map<string, TokenServiceResolution | null>();
  for (const [id, [manifest, ...again]] of services) {
    const resolution = resolveTokenService(manifest, material);
    problems.push(...again.map(definedTwice), ...resolution.problems);
    tokenServices.set(id, again.length > 0 ? null : resolution);
  }
  const sources: Sources = {
    ...material,
    tokenService: (namespace, name) => tokenServices.get(policyId({ namespace, name })),
  };
  const resolved = [...policies.values()].map((same) => {
    const { policy, problems: found } = resolveOnly(same, sources, attached);
    problems.push(...found);
    return policy;
  });
  return {
    bundle: makeBundle(resolved),
    tokenServices: [...tokenServices.values()].flatMap((found) => found?.service ?? []),
    problems,
  };
}

function addTo(byId: Map<string, Manifest[]>, manifest: Manifest): void {
  const id = policyId(manifest);
  byId.set(id, [...(byId.get(id) ?? []), manifest]);
}

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
  if (kind === 'WSSecurityPolicy' || (kind === 'SecurityTokenService' && apiVersion.startsWith(`${GROUP}/`))) {
    report.error(['apiVersion'], `${apiVersion} is not known; write ${GROUP}/${VERSION}`);
  } else if (apiVersion.startsWith(`${GROUP}/`)) {
    report.error(['kind'], `${kind} is not known; the kinds are WSSecurityPolicy and SecurityTokenService`);
  } else {
    report.note(
      ['kind'],
      `${kind} is not read; only WSSecurityPolicy, SecurityTokenService, Secret, ConfigMap and ReferenceGrant are`,
    );
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
): Pick<PolicyResolution, 'policy' | 'problems'> {
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
