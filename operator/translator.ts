/** Policies, token services and what they refer to -> resolved ones and problems; what has not changed is not translated again. */

import { compile, type CertificateExpiry } from '../extproc/pipeline/compile.ts';
import { compileTokenService } from '../extproc/pipeline/compile-token-service.ts';
import { versioned } from '../policy/bundle.ts';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import { manifestOf } from '../policy/load.ts';
import { brokenBecause } from '../policy/problem.ts';
import type { MaterialObject, Referrer } from '../policy/reference-grants.ts';
import { resolvePolicy, type PolicyResolution } from '../policy/resolve-policy.ts';
import { brokenBy, resolveTokenService, type TokenServiceResolution } from '../policy/resolve-token-service.ts';
import type { MaterialSources, Sources } from '../policy/sources.ts';

export interface Translation extends PolicyResolution {
  /** The certificates that the policy lives by. */
  readonly certificates: readonly CertificateExpiry[];
}

export interface TokenServiceTranslation {
  /** `broken` also where its keys cannot be used. */
  readonly resolution: TokenServiceResolution;
  /** The certificates that the token service lives by. */
  readonly certificates: readonly CertificateExpiry[];
}

interface Remembered<T> {
  readonly translation: T;
  readonly generation: number | undefined;
  /** What each reference led to. */
  readonly found: readonly unknown[];
}

export class Translator {
  readonly #policies = new Map<string, Remembered<Translation>>();
  readonly #tokenServices = new Map<string, Remembered<TokenServiceTranslation>>();

  /**
   * @param sources must give the identical object for what has not changed
   * @returns `broken` also where the keys it refers to cannot be used
   */
  translate(object: KubernetesObject, sources: Sources): Translation {
    return remember(
      this.#policies,
      object,
      () => translatePolicy(object, sources),
      ({ references, tokenServices }) => [
        ...look(object, references, sources),
        ...tokenServices.map((to) =>
          mayRefer(object, to, sources) ? sources.tokenService(to.namespace, to.name) : REFUSED,
        ),
      ],
    );
  }

  /** @param sources must give the identical object for what has not changed */
  translateTokenService(object: KubernetesObject, sources: MaterialSources): TokenServiceTranslation {
    return remember(
      this.#tokenServices,
      object,
      () => translateTokenService(object, sources),
      ({ resolution }) => look(object, resolution.references, sources),
    );
  }

  /** Forgets what is gone. @param uids of the policies and token services that are not */
  keep(uids: ReadonlySet<string>): void {
    for (const remembered of [this.#policies, this.#tokenServices]) {
      for (const uid of remembered.keys()) if (!uids.has(uid)) remembered.delete(uid);
    }
  }
}

/** @param look what the references of a translation lead to now */
function remember<T>(
  memory: Map<string, Remembered<T>>,
  { metadata: { uid = '', generation } }: KubernetesObject,
  translate: () => T,
  look: (translation: T) => readonly unknown[],
): T {
  const before = memory.get(uid);
  if (
    before?.generation === generation &&
    before !== undefined &&
    look(before.translation).every((found, index) => found === before.found[index])
  ) {
    return before.translation;
  }
  const translation = translate();
  memory.set(uid, { translation, generation, found: look(translation) });
  return translation;
}

const REFUSED = 'refused';

function look(object: KubernetesObject, references: readonly MaterialObject[], sources: MaterialSources): unknown[] {
  return references.map((to) =>
    mayRefer(object, to, sources) ? sources.material(to.kind, to.namespace, to.name) : REFUSED,
  );
}

function mayRefer(
  { kind, metadata: { namespace = '' } }: KubernetesObject,
  to: Parameters<MaterialSources['granted']>[1],
  { granted }: MaterialSources,
): boolean {
  const from: Referrer = { kind, namespace };
  return to.namespace === namespace || granted(from, to);
}

function translatePolicy(object: KubernetesObject, sources: Sources): Translation {
  const resolution = resolvePolicy(manifestOf(object), sources);
  const { policy, problems } = resolution;
  const compiled = policy.broken === undefined ? compile(policy) : undefined;
  const broken = brokenBecause(compiled?.problems ?? []);
  return {
    ...resolution,
    policy: broken === undefined ? policy : versioned({ ...policy, broken }),
    problems: [...problems, ...(compiled?.problems ?? [])],
    certificates: compiled?.policy.certificates ?? [],
  };
}

function translateTokenService(object: KubernetesObject, sources: MaterialSources): TokenServiceTranslation {
  const resolution = resolveTokenService(manifestOf(object), sources);
  const { service, problems } = resolution;
  if (service === undefined) return { resolution, certificates: [] };
  const { problems: unusable, certificates } = compileTokenService(service);
  return {
    resolution: { ...resolution, ...brokenBy(unusable), problems: [...problems, ...unusable] },
    certificates,
  };
}
