/** A resolved policy -> one that is ready to run: keys are key objects, conditions a function, durations milliseconds. */

import type { Limits, IdentityHeader, SecurityToken } from '../../crds/types.ts';
import type { Bundle, ResolvedPhase, ResolvedPolicy, ResolvedTokenService } from '../../policy/bundle.ts';
import type { FieldPath } from '../../policy/load.ts';
import { brokenBecause, type Problem } from '../../policy/problem.ts';
import {
  ADDRESSING_DEFAULT,
  type AddressingSettings,
  type SecureSettings,
  type UsernameTokenSettings,
  type VerifySettings,
} from '../wss/settings.ts';
import type { AttachmentLimits } from './related.ts';
import { DEFAULT_LIMITS, type XmlLimits } from '../xml/limits.ts';
import type { CompiledAssertion } from './assertion/settings.ts';
import { compileAddressing } from './compile-addressing.ts';
import { compileAssertion } from './compile-assertion.ts';
import { compileSecure, compileUserPool } from './compile-secure.ts';
import { compileKerberosToken } from './compile-kerberos.ts';
import { compileTokenService, type CompiledTokenService } from './compile-token-service.ts';
import { compileVerify } from './compile-verify.ts';
import { compileConditions, ConditionError, type MessageMeta } from './conditions.ts';
import type { CredentialPool } from './credential-pool.ts';
import { KeySource } from './key-source.ts';

export interface CompiledPolicy {
  /** `namespace/name`. */
  readonly id: string;
  /** Of the resolved policy: what is compiled of equal ones is the same. */
  readonly version: string;
  readonly generation: number;
  /** False: messages pass untouched. */
  readonly enabled: boolean;
  readonly mode: 'Enforce' | 'Audit';
  /** Whether SOAP passes that the policy does not process. */
  readonly unmatched: 'Pass' | 'Refuse';
  /** Whether the policy concerns a message. `operation` is needed only where `needsBody` is true. */
  readonly matches: (meta: MessageMeta, operation: string | undefined) => boolean;
  /** A condition reads the Operation, so the request's body must be there before `matches` can tell. */
  readonly needsBody: boolean;
  readonly request: CompiledPhase;
  readonly response: CompiledPhase;
  /** The response must know the WS-Addressing MessageID of its request. */
  readonly remembersMessageId: boolean;
  readonly faults: CompiledFaults;
  readonly limits: AttachmentLimits & { readonly maxBodyBytes: number; readonly xml: XmlLimits };
  /** Why the policy cannot work: every message it concerns is refused. For the log; the client is not told. */
  readonly broken?: string;
  /** The certificates that the policy lives by. */
  readonly certificates: readonly CertificateExpiry[];
}

export interface CompiledPhase {
  readonly verify?: VerifySettings;
  readonly addressing?: AddressingSettings;
  readonly secure?: SecureSettings;
  /** Who `secure` says the message is from, where there are several. */
  readonly users?: UserPool;
  /** Where the token comes from that `secure` adds. */
  readonly token?: PhaseToken;
  /** The assertion that is made for `secure` to add. */
  readonly assertion?: CompiledAssertion;
  readonly identityHeaders: readonly IdentityHeader[];
}

/** UsernameTokens to choose from. */
export interface UserPool {
  readonly pool: CredentialPool<UsernameTokenSettings>;
  readonly onNoCredential: 'Refuse' | 'PassUnchanged';
}

export interface PhaseToken {
  readonly service: CompiledTokenService;
  readonly onSecurityFault: 'Invalidate' | 'Retry' | 'Ignore';
  /** Scheme and host, of `Retry`. */
  readonly retryUrl?: string;
}

export interface CompiledFaults {
  readonly format: 'SOAPFault' | 'JSON';
  /** Absent: by the kind of refusal. */
  readonly statusCode?: number;
  readonly errorCode?: string;
  readonly message?: string;
  readonly unsignedBackendFaults: 'Pass' | 'Refuse' | 'Replace';
}

export interface CertificateExpiry {
  /** Object and subject, for example `Secret/gateway-keys CN=gateway`. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

export interface CompiledBundle {
  readonly version: string;
  /** By `namespace/name`. */
  readonly policies: ReadonlyMap<string, CompiledPolicy>;
  readonly problems: readonly Problem[];
}

const DEFAULT_MAX_ATTACHMENTS = 100;
const NOTHING: CompiledPhase = { identityHeaders: [] };
const DEFAULT_FAULTS: CompiledFaults = { format: 'SOAPFault', unsignedBackendFaults: 'Refuse' };

/** Compiles every policy of a bundle. @param known policies that are compiled already: those of equal version are kept */
export function compileBundle(bundle: Bundle, known?: ReadonlyMap<string, CompiledPolicy>): CompiledBundle {
  const compiled = bundle.policies.map((resolved) => {
    const policy = known?.get(`${resolved.namespace}/${resolved.name}`);
    return policy?.version === resolved.version ? { policy, problems: [] } : compile(resolved);
  });
  return {
    version: bundle.version,
    policies: new Map(compiled.map(({ policy }) => [policy.id, policy])),
    problems: compiled.flatMap(({ problems }) => problems),
  };
}

/**
 * Never throws for what a policy or its keys hold: what cannot be compiled is a problem, and makes the policy `broken`.
 */
export function compile(resolved: ResolvedPolicy): { policy: CompiledPolicy; problems: readonly Problem[] } {
  const { namespace, name, version, generation, spec } = resolved;
  const id = `${namespace}/${name}`;
  if (spec === undefined) {
    return {
      policy: {
        ...{
          id,
          version,
          generation,
          enabled: true,
          mode: 'Enforce',
          unmatched: 'Pass',
          matches: () => true,
          needsBody: false,
        },
        remembersMessageId: false,
        ...{ request: NOTHING, response: NOTHING, faults: DEFAULT_FAULTS, limits: compileLimits({}), certificates: [] },
        broken: resolved.broken ?? 'the policy has no spec',
      },
      problems: [],
    };
  }
  const keys = new KeySource({ policy: id }, resolved.material);
  const conditions = keys.attempt(['spec', 'when'], () => compileConditions(spec.when), isConditionError);
  // A policy that is broken already is not searched for more: what it lacks has been said.
  const usable = resolved.broken === undefined;
  const phase = (name: 'request' | 'response'): CompiledPhase =>
    usable ? compilePhase(spec[name], name, resolved.tokenServices?.[name], keys) : NOTHING;
  const request = phase('request');
  const response = phase('response');
  const broken = resolved.broken ?? brokenBecause(keys.problems);
  return {
    policy: {
      ...{ id, version, generation, enabled: spec.enabled, mode: spec.mode, unmatched: spec.unmatched },
      matches: conditions?.matches ?? (() => true),
      needsBody: conditions?.needsBody ?? false,
      ...(broken === undefined ? { request, response } : { request: NOTHING, response: NOTHING, broken }),
      remembersMessageId:
        response.addressing?.relatesTo === ADDRESSING_DEFAULT || response.verify?.addressing !== undefined,
      faults: spec.faults,
      limits: compileLimits(spec.limits),
      certificates: keys.certificates,
    },
    problems: usable ? keys.problems : [],
  };
}

const isConditionError = (error: unknown): boolean => error instanceof ConditionError;

function compilePhase(
  phase: ResolvedPhase,
  name: 'request' | 'response',
  tokenService: ResolvedTokenService | undefined,
  keys: KeySource,
): CompiledPhase {
  const at = ['spec', name];
  const { verify, addressing, secure } = phase;
  const token =
    (secure?.securityToken && compileToken(secure.securityToken, tokenService, [...at, 'secure'], keys)) ??
    (secure?.kerberos && compileKerberosToken(secure, secure.kerberos, [...at, 'secure', 'kerberos'], keys));
  const delegates = token?.service.settings.source.kind === 'wsTrust' && token.service.settings.source.delegation;
  const verifying = verify && compileVerify(verify, [...at, 'verify'], keys);
  const users = secure && compileUserPool(secure, [...at, 'secure', 'usernameToken'], keys);
  const assertion = secure && compileAssertion(secure, verify, [...at, 'secure', 'saml'], keys);
  const securing = secure && compileSecure(secure, [...at, 'secure'], keys);
  return {
    ...(verifying && { verify: delegates ? { ...verifying, caller: true } : verifying }),
    ...(addressing && { addressing: compileAddressing(addressing) }),
    ...(securing && { secure: securing }),
    ...(users && { users }),
    ...(token && { token }),
    ...(assertion && { assertion }),
    identityHeaders: verify?.identityHeaders ?? [],
  };
}

function compileToken(
  { serviceRef, onSecurityFault, retryUrl }: SecurityToken,
  resolved: ResolvedTokenService | undefined,
  at: FieldPath,
  keys: KeySource,
): PhaseToken | undefined {
  const path = [...at, 'securityToken', 'serviceRef'];
  if (resolved === undefined) {
    keys.report(path, `there is no SecurityTokenService ${serviceRef.name}`);
    return undefined;
  }
  const { service, problems, certificates } = compileTokenService(resolved);
  for (const { name, notAfter } of certificates) keys.usesUntil(name, notAfter);
  for (const { field, message } of problems) {
    keys.report(path, `SecurityTokenService ${resolved.namespace}/${resolved.name}: ${field}: ${message}`);
  }
  return service && { service, onSecurityFault, ...(retryUrl !== undefined && { retryUrl }) };
}

function compileLimits({
  maxBodyBytes = DEFAULT_LIMITS.maxBytes,
  maxDepth = DEFAULT_LIMITS.maxDepth,
  maxElements = DEFAULT_LIMITS.maxElements,
  maxAttachments = DEFAULT_MAX_ATTACHMENTS,
  maxAttachmentBytes,
}: Partial<Limits>): CompiledPolicy['limits'] {
  return {
    ...{ maxBodyBytes, maxAttachments, maxAttachmentBytes: maxAttachmentBytes ?? maxBodyBytes },
    xml: {
      ...DEFAULT_LIMITS,
      ...{ maxBytes: maxBodyBytes, maxTextLength: maxBodyBytes, maxDepth, maxElements },
      maxTotalAttributes: Math.max(DEFAULT_LIMITS.maxTotalAttributes, 2 * maxElements),
    },
  };
}
