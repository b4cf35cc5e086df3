/** `revocation` of `verify.signature` and `verify.saml`: what is legal but weak, and times in which nothing can be done. */

import type { VerifySignature } from '../crds/types.ts';
import { durationMs } from './duration.ts';
import type { FieldPath } from './load.ts';
import type { Report } from './report.ts';

/** A message waits for the answer, and Envoy for the message. */
const MAX_TIMEOUT = 5000;

export function checkRevocation(report: Report, at: FieldPath, revocation: VerifySignature['revocation']): void {
  const { ocsp } = revocation ?? {};
  if (ocsp === undefined) return;
  const timeout = durationMs(ocsp.timeout);
  if (timeout === 0 || timeout > MAX_TIMEOUT) {
    report.error(
      [...at, 'ocsp', 'timeout'],
      'must be more than 0s and at most 5s, because messages wait for the answer',
    );
  }
  if (ocsp.onUnavailable === 'Allow') {
    report.warning(
      [...at, 'ocsp', 'onUnavailable'],
      'with Allow, whoever can keep the responder from answering has revoked certificates accepted; use Refuse where you can',
    );
  }
}
