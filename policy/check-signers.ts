/** Who `verify` lets sign, and whose keys open what is encrypted: something must say so. */

import type { ResolvedVerify } from './bundle.ts';
import type { PhaseContext } from './check-policy.ts';
import { mayBeAnonymous } from './check-symmetric.ts';
import type { Report } from './report.ts';

export function checkSigners(report: Report, verify: ResolvedVerify, context: PhaseContext): void {
  const { signature, decryption, saml } = verify;
  const shared = sharesKeys(verify, context);
  if (signature && !signature.trustRefs && !signature.secretRefs && !saml && !shared && !mayBeAnonymous(verify)) {
    report.error(
      ['verify', 'signature'],
      'trustRefs (certificates that may sign) or secretRefs (shared secrets of HMAC signatures) must be given, or a token whose key signs, such as verify.saml or verify.kerberos',
    );
  }
  if (decryption && !decryption.keyRefs && !shared) {
    report.error(
      ['verify', 'decryption'],
      'keyRefs (the private keys to decrypt with) must be given, or a token whose key encrypts, such as verify.kerberos',
    );
  }
}

/** Whether the two sides have a key by a token, or by what the request of this response was sent with. */
function sharesKeys({ kerberos, usernameToken }: ResolvedVerify, { phase, spec }: PhaseContext): boolean {
  if (kerberos || usernameToken?.passwordTypes.includes('DerivedKey')) return true;
  const { secure } = spec.request;
  if (phase === 'response' && secure?.kerberos !== undefined) return true;
  return phase === 'response' && secure?.encryption !== undefined && (secure.encryption.dataKey ?? 'New') === 'New';
}
