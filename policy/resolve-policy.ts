/** A WSSecurityPolicy and what it refers to -> a resolved policy. */

import type { WSSecurityPolicySpec } from '../crds/types.ts';
import { versioned, type Material, type ResolvedPolicy, type ResolvedTokenService } from './bundle.ts';
import { checkPolicy } from './check-policy.ts';
import { keyTypeOf } from './check-security-token.ts';
import type { Manifest } from './load.ts';
import { applyDefaults } from './presets.ts';
import { brokenBecause, type Problem } from './problem.ts';
import type { MaterialObject, ObjectReference } from './reference-grants.ts';
import { referencesOf } from './references.ts';
import { Report } from './report.ts';
import { policySchema } from './schema.ts';
import {
  findMaterial,
  gather,
  mayRefer,
  objectId,
  reportMissing,
  reportNotPermitted,
  type Sources,
} from './sources.ts';
import type { TokenServiceResolution } from './resolve-token-service.ts';
import { validate } from './validate.ts';

export interface PolicyResolution {
  readonly policy: ResolvedPolicy;
  readonly problems: readonly Problem[];
  /** The Secrets and ConfigMaps that the policy refers to, each once; also those that are missing or not granted. */
  readonly references: readonly MaterialObject[];
  /** Its token services, in the same way. What they refer to is told by their own resolutions. */
  readonly tokenServices: readonly ObjectReference[];
}

/**
 * Validates one policy, fills in its defaults and gathers the objects that it refers to.
 *
 * @returns a policy that is `broken` where one of the problems is an error
 */
export function resolvePolicy(manifest: Manifest, sources: Sources): PolicyResolution {
  const { namespace, name, defect } = manifest;
  const { content, problems, ...found }: Resolved =
    defect === undefined ? resolveSpec(manifest, sources) : { ...NOTHING, problems: [] };
  const broken = defect ?? brokenBecause(problems);
  const policy = versioned({
    ...{ namespace, name, generation: generationOf(manifest) },
    ...content,
    ...(broken !== undefined && { broken }),
    ...(problems.some(({ reason }) => reason === 'RefNotPermitted') && { revoked: true as const }),
  });
  return { policy, problems, ...found };
}

interface Resolved extends Omit<PolicyResolution, 'policy'> {
  readonly content: Pick<ResolvedPolicy, 'spec' | 'material' | 'tokenServices'>;
}

const NOTHING: Omit<Resolved, 'problems'> = { content: { material: {} }, references: [], tokenServices: [] };

function resolveSpec(manifest: Manifest, sources: Sources): Resolved {
  const { spec: given, problems } = validate<WSSecurityPolicySpec>(manifest, policySchema);
  if (given === undefined) return { ...NOTHING, problems };
  const report = new Report(manifest);
  const { tokenServices, references: services } = findTokenServices(manifest, given, sources, report);
  const spec = applyDefaults(given, {
    isSharedSecret: (keyRef) => isSharedSecret(findMaterial(manifest, keyRef, sources)),
    tokenHasSecret: (phase) =>
      given[phase]?.secure?.saml?.holderOfKey?.keyType === 'EncryptedKey' ||
      (tokenServices[phase] !== undefined && keyTypeOf(tokenServices[phase]) === 'Symmetric'),
  });
  const { material, objects } = gather(manifest, referencesOf(spec), sources, report);
  return {
    content: { spec, material, ...(Object.keys(tokenServices).length > 0 && { tokenServices }) },
    problems: [...problems, ...checkPolicy(manifest, given, spec, tokenServices), ...report.problems],
    references: objects,
    tokenServices: services,
  };
}

/** The token service of each phase; one that cannot be used is reported and left out. */
function findTokenServices(
  manifest: Manifest,
  spec: WSSecurityPolicySpec,
  sources: Sources,
  report: Report,
): { tokenServices: Partial<Record<'request' | 'response', ResolvedTokenService>>; references: ObjectReference[] } {
  const tokenServices: Partial<Record<'request' | 'response', ResolvedTokenService>> = {};
  const references = new Map<string, ObjectReference>();
  for (const phase of ['request', 'response'] as const) {
    const serviceRef = spec[phase]?.secure?.securityToken?.serviceRef;
    if (serviceRef === undefined) continue;
    const { name, namespace = manifest.namespace } = serviceRef;
    const object: ObjectReference = { kind: 'SecurityTokenService', namespace, name };
    references.set(objectId(object), object);
    const path = ['spec', phase, 'secure', 'securityToken', 'serviceRef'];
    if (!mayRefer(manifest, object, sources)) {
      reportNotPermitted(report, manifest, { path }, object);
      continue;
    }
    const found = sources.tokenService(namespace, name);
    if (!found) reportMissing(report, { path }, object, found);
    else if (found.service === undefined) reportUnusable(report, path, object, found);
    else tokenServices[phase] = found.service;
  }
  return { tokenServices, references: [...references.values()] };
}

function reportUnusable(
  report: Report,
  path: readonly string[],
  { kind, namespace, name }: ObjectReference,
  { broken = '', problems }: TokenServiceResolution,
): void {
  // What the token service may no longer use, its policies may not either.
  const revoked = problems.some(({ reason }) => reason === 'RefNotPermitted');
  report.error(
    path,
    `${kind} ${namespace}/${name} cannot be used: ${broken}`,
    revoked ? 'RefNotPermitted' : 'InvalidRef',
  );
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
