/** Policies and what they refer to -> resolved policies and problems; what has not changed is not translated again. */

import { manifestOf } from '../policy/load.ts';
import type { KubernetesObject } from '../policy/kubernetes.ts';
import type { Problem } from '../policy/problem.ts';
import { resolvePolicy, type ObjectReference, type Sources } from '../policy/resolve.ts';
import { versioned, type ResolvedPolicy } from '../policy/bundle.ts';
import { compile, type CertificateExpiry } from '../extproc/pipeline/compile.ts';
import { brokenBecause } from '../policy/problem.ts';

export interface Translation {
  /** `broken` also where the keys it refers to cannot be used. */
  readonly policy: ResolvedPolicy;
  readonly problems: readonly Problem[];
  readonly references: readonly ObjectReference[];
  /** The certificates that the policy lives by. */
  readonly certificates: readonly CertificateExpiry[];
}

interface Remembered {
  readonly translation: Translation;
  readonly generation: number | undefined;
  /** What each reference led to. */
  readonly found: readonly unknown[];
}

export class Translator {
  readonly #remembered = new Map<string, Remembered>();

  /**
   * @param sources must give the identical object for a Secret or ConfigMap that has not changed
   */
  translate(object: KubernetesObject, sources: Sources): Translation {
    const { uid = '', generation, namespace = '' } = object.metadata;
    const before = this.#remembered.get(uid);
    const look = (references: readonly ObjectReference[]): unknown[] =>
      references.map((to) =>
        to.namespace === namespace || sources.granted({ namespace }, to)
          ? sources.material(to.kind, to.namespace, to.name)
          : 'refused',
      );
    if (
      before !== undefined &&
      before.generation === generation &&
      look(before.translation.references).every((found, index) => found === before.found[index])
    ) {
      return before.translation;
    }
    const { policy, problems, references } = resolvePolicy(manifestOf(object), sources);
    const compiled = policy.broken === undefined ? compile(policy) : undefined;
    const broken = brokenBecause(compiled?.problems ?? []);
    const translation: Translation = {
      policy: broken === undefined ? policy : versioned({ ...policy, broken }),
      problems: [...problems, ...(compiled?.problems ?? [])],
      references,
      certificates: compiled?.policy.certificates ?? [],
    };
    this.#remembered.set(uid, { translation, generation, found: look(references) });
    return translation;
  }

  /** Forgets policies that are gone. @param uids of those that are not */
  keep(uids: ReadonlySet<string>): void {
    for (const uid of this.#remembered.keys()) if (!uids.has(uid)) this.#remembered.delete(uid);
  }
}
