/** `verify.kerberos` and `secure.kerberos`: names that are none, and what is legal but weak. */

import { parsePrincipal } from '../extproc/wss/kerberos/principal.ts';
import type { ResolvedVerify } from './bundle.ts';
import { durationMs } from './duration.ts';
import type { Report } from './report.ts';

const NO_PRINCIPAL = 'is no name of Kerberos with a realm; write it as service/host@REALM';
const REALM_PATTERN = /^\*@[^@/\\]+$/;

export function checkVerifyKerberos(report: Report, { kerberos, signature, replay }: ResolvedVerify): void {
  if (!kerberos) return;
  const at = ['verify', 'kerberos'];
  if (parsePrincipal(kerberos.servicePrincipal) === undefined) {
    report.error([...at, 'servicePrincipal'], `${kerberos.servicePrincipal} ${NO_PRINCIPAL}`);
  }
  kerberos.principals?.forEach((name, index) => {
    if (REALM_PATTERN.test(name) || parsePrincipal(name) !== undefined) return;
    report.error([...at, 'principals', index], `${name} is neither name@REALM nor *@REALM`);
  });
  if (!signature) {
    report.warning(
      at,
      'a ticket says who sent a message and not what; add verify.signature without trustRefs, so that its key must have signed',
    );
  }
  if (durationMs(replay.window) === 0) {
    report.error(
      ['verify', 'replay', 'window'],
      'with 0s whoever has seen a ticket once could use it again; Kerberos needs a window, so leave it out',
    );
  }
}
