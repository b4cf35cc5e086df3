/** A request and its answer, and which binding of WS-SecurityPolicy they are. */

import type { SecurityTokenServiceSpec } from '../../../crds/token-service-types.ts';
import type { Wire } from './wire.ts';

export interface Exchange {
  readonly input: Wire;
  readonly output: Wire;
  readonly tokenService?: SecurityTokenServiceSpec;
}

/** Undefined where tokens go with messages that nothing binds. */
export function bindingKind({ input, output }: Exchange): 'Transport' | 'Symmetric' | 'Asymmetric' | undefined {
  const wires = [input, output];
  if (wires.some(isSymmetric)) return 'Symmetric';
  const signsBody = input.signature?.parts.some(({ part }) => part === 'Body') ?? false;
  if (signsBody || output.signature || wires.some(({ encryption }) => encryption)) return 'Asymmetric';
  return wires.some(({ timestamp, signature }) => timestamp || signature) ? 'Transport' : undefined;
}

function isSymmetric({ signature, tokenSigns }: Wire): boolean {
  const { keyIdentifier, algorithm } = signature ?? {};
  if (keyIdentifier?.startsWith('EncryptedKey')) return true;
  return !tokenSigns && (algorithm?.startsWith('HMAC') ?? false);
}
