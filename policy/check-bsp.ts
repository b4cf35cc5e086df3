/** What `secure` writes and the WS-I Basic Security Profile 1.1 forbids: a strict receiver refuses it. */

import type { ResolvedSecure } from './bundle.ts';
import type { Report } from './report.ts';

/** Forms of KeyInfo without a SecurityTokenReference. */
const BARE: ReadonlySet<string> = new Set(['KeyValue', 'KeyName']);

export function warnBeyondBsp(report: Report, { signature, usernameToken }: ResolvedSecure): void {
  const at = ['secure'];
  if (signature && signature.canonicalization !== 'ExclusiveC14N') {
    report.warning(
      [...at, 'signature', 'canonicalization'],
      `${signature.canonicalization}: the Basic Security Profile knows only ExclusiveC14N (R5404, R5412, R5423); use that if the peer takes it`,
    );
  }
  if (signature && BARE.has(signature.keyIdentifier)) {
    report.warning(
      [...at, 'signature', 'keyIdentifier'],
      `${signature.keyIdentifier}: the Basic Security Profile wants a SecurityTokenReference (R5417); use BinarySecurityToken if the peer takes it`,
    );
  }
  if (usernameToken?.passwordType === 'None') {
    report.warning(
      [...at, 'usernameToken', 'passwordType'],
      'None: the Basic Security Profile has no rule for a UsernameToken that proves nothing; a strict receiver refuses it (R4201)',
    );
  }
}
