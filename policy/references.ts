/** Where a policy refers to Secrets and ConfigMaps. */

import type { MaterialReference, ResolvedPhase, ResolvedSpec } from './bundle.ts';
import type { FieldPath } from './load.ts';

export interface Reference extends MaterialReference {
  /** The key of the object's data, where the policy names one. */
  readonly key?: string;
  /** From `spec` on. */
  readonly path: FieldPath;
}

/** Every reference of a policy, in the order of its fields. */
export function referencesOf(spec: ResolvedSpec): Reference[] {
  return (['request', 'response'] as const).flatMap((phase) =>
    phaseReferences(spec[phase]).map((reference) => ({ ...reference, path: ['spec', phase, ...reference.path] })),
  );
}

function phaseReferences({ verify, secure }: ResolvedPhase): Reference[] {
  const { decryption, signature, usernameToken } = verify ?? {};
  return [
    ...list(['verify', 'decryption', 'keyRefs'], decryption?.keyRefs),
    ...list(['verify', 'signature', 'trustRefs'], signature?.trustRefs),
    ...list(['verify', 'signature', 'secretRefs'], signature?.secretRefs),
    ...list(['verify', 'signature', 'revocation', 'crlRefs'], signature?.revocation?.crlRefs),
    ...one(['verify', 'usernameToken', 'usersRef'], usernameToken?.usersRef),
    ...one(['secure', 'usernameToken', 'credentials', 'secretRef'], secure?.usernameToken?.credentials.secretRef),
    ...one(['secure', 'signature', 'keyRef'], secure?.signature?.keyRef),
    ...one(['secure', 'encryption', 'recipientRef'], secure?.encryption?.recipientRef),
  ];
}

type Ref = Omit<Reference, 'path'>;

function list(path: FieldPath, references: readonly Ref[] = []): Reference[] {
  return references.map((reference, index) => ({ ...reference, path: [...path, index] }));
}

function one(path: FieldPath, reference: Ref | undefined): Reference[] {
  return reference === undefined ? [] : [{ ...reference, path }];
}
