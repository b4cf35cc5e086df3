/**
 * What the control plane hands to the data plane: every policy with its defaults filled in and the keys it refers to.
 * Plain JSON, so that it can be pushed over a wire, written to a file and compared by its hash.
 */

import { createHash } from 'node:crypto';
import type { SecurityTokenServiceSpec } from '../crds/token-service-types.ts';
import type {
  Addressing,
  Decryption,
  Encryption,
  Oaep,
  Secure,
  Signature,
  Timestamp,
  UsernameToken,
  Verify,
  VerifyEndorsing,
  VerifySAML,
  VerifySignature,
  SignatureAccept,
  WSSecurityPolicySpec,
} from '../crds/types.ts';

export interface Bundle {
  /** SHA-256 over the names and versions of the policies, hexadecimal: equal bundles have equal versions. */
  readonly version: string;
  /** In the order of their namespaces and names; each occurs once. */
  readonly policies: readonly ResolvedPolicy[];
}

export interface ResolvedPolicy {
  readonly namespace: string;
  readonly name: string;
  /** `metadata.generation`; 1 for manifests without one. */
  readonly generation: number;
  /** Absent only where the policy is `broken` and its text is no valid policy at all. */
  readonly spec?: ResolvedSpec;
  /** The Secrets and ConfigMaps that the policy refers to and may refer to, by `materialId`. */
  readonly material: Readonly<Record<string, Material>>;
  /** The token service of each phase that has a `securityToken`. */
  readonly tokenServices?: Readonly<Partial<Record<'request' | 'response', ResolvedTokenService>>>;
  /** Why the policy cannot work. Its messages are refused. */
  readonly broken?: string;
  /** Of a policy that is `broken`: a right was taken from it, so no earlier version of it may go on either. */
  readonly revoked?: true;
  /** SHA-256 over all of the above, hexadecimal. It depends on secrets, so it is for comparing and not for showing. */
  readonly version: string;
}

/** A SecurityTokenService as a policy uses it. */
export interface ResolvedTokenService {
  readonly namespace: string;
  readonly name: string;
  /** With the schema's defaults. */
  readonly spec: SecurityTokenServiceSpec;
  /** The Secrets and ConfigMaps that it refers to and may refer to, by `materialId`. */
  readonly material: Readonly<Record<string, Material>>;
}

/** A Secret or ConfigMap. */
export interface Material {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** Values in base64. */
  readonly data: Readonly<Record<string, string>>;
}

/** A Secret or ConfigMap as a policy names it: where no namespace is given, in the policy's own. */
export interface MaterialReference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly namespace?: string;
}

/** The key under which a policy's `material` holds an object: `Secret/name`, or `Secret/namespace/name`. */
export function materialId({ kind, namespace, name }: MaterialReference): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

type With<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]-?: NonNullable<T[P]> };

/** A policy's spec after the schema's defaults and those of the preset. */
export interface ResolvedSpec extends Omit<WSSecurityPolicySpec, 'request' | 'response'> {
  readonly request: ResolvedPhase;
  readonly response: ResolvedPhase;
}

export interface ResolvedPhase {
  readonly verify?: ResolvedVerify;
  readonly addressing?: Addressing;
  readonly secure?: ResolvedSecure;
}

export interface ResolvedVerify extends Omit<Verify, 'decryption' | 'signature' | 'endorsing' | 'saml'> {
  readonly decryption?: With<Decryption, 'requiredParts' | 'requireSignedEncryptedData'>;
  readonly signature?: Omit<With<VerifySignature, 'requiredParts'>, 'accept'> & {
    readonly accept: With<SignatureAccept, 'algorithms'>;
  };
  readonly saml?: Omit<VerifySAML, 'accept'> & { readonly accept: With<SignatureAccept, 'algorithms'> };
  readonly endorsing?: Omit<VerifyEndorsing, 'accept'> & { readonly accept: With<SignatureAccept, 'algorithms'> };
}

export interface ResolvedSecure extends Omit<
  Secure,
  'timestamp' | 'usernameToken' | 'signature' | 'endorsing' | 'encryption'
> {
  readonly timestamp?: With<Timestamp, 'precision'>;
  readonly usernameToken?: With<UsernameToken, 'nonce' | 'created'>;
  readonly signature?: ResolvedSignature;
  readonly endorsing?: readonly (ResolvedSignature & { readonly signed: boolean })[];
  readonly encryption?: ResolvedEncryption;
}

/** `algorithm` is absent where the key decides. */
export interface ResolvedSignature extends Omit<
  With<Signature, 'digest' | 'keyIdentifier' | 'parts'>,
  'inclusiveNamespaces'
> {
  readonly inclusiveNamespaces: 'Auto' | 'None' | readonly string[];
}

export interface ResolvedEncryption extends Omit<
  With<Encryption, 'dataAlgorithm' | 'keyTransport' | 'keyIdentifier' | 'parts'>,
  'oaep' | 'keyDerivation' | 'recipientRef'
> {
  readonly recipientRef?: With<NonNullable<Encryption['recipientRef']>, 'key'>;
  readonly oaep: With<Oaep, 'digest' | 'mgf'>;
  /** With `keyWrap`, of a key agreement. */
  readonly keyDerivation?: Required<NonNullable<Encryption['keyDerivation']>>;
}

/** Names a policy by what it contains, whatever it was called before. */
export function versioned(policy: Omit<ResolvedPolicy, 'version'> & { readonly version?: string }): ResolvedPolicy {
  return { ...policy, version: digest(canonicalJson({ ...policy, version: undefined })) };
}

/** Puts policies in order and names them all by what they contain. */
export function makeBundle(policies: readonly ResolvedPolicy[]): Bundle {
  const ordered = [...policies].sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
  const versions = ordered.map(({ namespace, name, version }) => `${namespace}/${name} ${version}\n`);
  return { version: digest(versions.join('')), policies: ordered };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with sorted keys, so that the order in which a file lists fields does not matter. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => compare(a, b)))
      : item,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
