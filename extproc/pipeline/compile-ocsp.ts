/** `revocation.ocsp` of a policy -> OcspSettings. */

import type { Ocsp } from '../../crds/types.ts';
import { durationMs } from '../../policy/duration.ts';
import type { FieldPath } from '../../policy/load.ts';
import type { OcspSettings } from '../keys/ocsp/status.ts';
import { trustBundle } from './compile-verify.ts';
import type { KeySource } from './key-source.ts';

export function compileOcsp(ocsp: Ocsp, at: FieldPath, keys: KeySource): OcspSettings {
  const responders = (ocsp.trustRefs ?? []).flatMap(
    (reference, index) =>
      keys.attempt([...at, 'trustRefs', index], () => trustBundle({ ...reference, pin: true }, keys).certificates) ??
      [],
  );
  return {
    ...(ocsp.responderUrl !== undefined && { responderUrl: ocsp.responderUrl }),
    responders: responders.map(({ der }) => new Uint8Array(der)),
    nonce: ocsp.nonce,
    onUnavailable: ocsp.onUnavailable,
    timeout: durationMs(ocsp.timeout),
    clockSkew: durationMs(ocsp.clockSkew),
  };
}
