/** A policy that is ready to run: keys are key objects, conditions a function, durations milliseconds. */

import type { IdentityHeader } from '../../crds/types.ts';
import type { AddressingSettings, SecureSettings, VerifySettings } from '../wss/settings.ts';
import type { XmlLimits } from '../xml/limits.ts';
import type { MessageMeta } from './conditions.ts';

export interface CompiledPolicy {
  /** `namespace/name`. */
  readonly id: string;
  readonly generation: number;
  /** False: messages pass untouched. */
  readonly enabled: boolean;
  readonly mode: 'Enforce' | 'Audit';
  /** Whether the policy concerns a message. `operation` is needed only where `needsBody` is true. */
  readonly matches: (meta: MessageMeta, operation: string | undefined) => boolean;
  /** A condition reads the Operation, so the request's body must be there before `matches` can tell. */
  readonly needsBody: boolean;
  readonly request: CompiledPhase;
  readonly response: CompiledPhase;
  readonly faults: CompiledFaults;
  readonly limits: { readonly maxBodyBytes: number; readonly xml: XmlLimits };
  /** Why the policy cannot work: every message it concerns is refused. For the log; the client is not told. */
  readonly broken?: string;
  /** The certificates that the policy lives by. */
  readonly certificates: readonly CertificateExpiry[];
}

export interface CompiledPhase {
  readonly verify?: VerifySettings;
  readonly addressing?: AddressingSettings;
  readonly secure?: SecureSettings;
  readonly identityHeaders: readonly IdentityHeader[];
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
  /** Kind, object and subject, for example `Secret/gateway-keys CN=gateway`. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}
