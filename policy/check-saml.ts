/** `verify.saml`: contradictions, and what is legal but weak. */

import type { ResolvedVerify } from './bundle.ts';
import { warnLegacy } from './check-algorithms.ts';
import { checkExpression } from './check-expression.ts';
import { durationMs } from './duration.ts';
import type { FieldPath } from './load.ts';
import type { Report } from './report.ts';

type Saml = NonNullable<ResolvedVerify['saml']>;

export function checkSaml(report: Report, verify: ResolvedVerify): void {
  const { saml } = verify;
  if (!saml) return;
  const at = ['verify', 'saml'];
  if (durationMs(saml.maxLifetime) === 0) {
    report.error([...at, 'maxLifetime'], 'with 0s no assertion lives; write how long one may, such as 1h');
  }
  checkIssuers(report, saml, at);
  checkConfirmations(report, verify, saml, [...at, 'confirmations']);
  checkAccepted(report, saml, [...at, 'accept']);
}

function checkIssuers(report: Report, saml: Saml, at: FieldPath): void {
  const { trustRefs } = saml;
  for (const name of ['subject', 'issuer'] as const) {
    const expression = saml[name]?.matches;
    if (expression !== undefined) checkExpression(report, [...at, name, 'matches'], expression);
  }
  const constraints = ['subject', 'issuer', 'dnsNames', 'uris', 'extendedKeyUsage'] as const;
  const given = constraints.filter((field) => saml[field] !== undefined);
  if (!trustRefs) {
    for (const field of [...given, ...(saml.revocation ? ['revocation'] : [])]) {
      report.error([...at, field], 'is about certificates, and there are no trustRefs; add them or remove it');
    }
  } else if (given.length === 0 && !trustRefs.every(({ pin }) => pin)) {
    report.warning(
      [...at, 'trustRefs'],
      'whoever has a certificate of these authorities can say of anyone that it is the sender; pin the certificates of the issuers, or say with subject which they are',
    );
  }
}

function checkConfirmations(
  report: Report,
  { signature }: ResolvedVerify,
  { confirmations, assertionSignature, audiences }: Saml,
  at: FieldPath,
): void {
  confirmations.forEach((confirmation, index) => {
    if (confirmation === 'Bearer' || signature) return;
    report.error(
      [...at, index],
      `${confirmation} is shown by a signature of the message; add verify.signature, or accept Bearer alone`,
    );
  });
  const vouching = confirmations.includes('SenderVouches');
  if (assertionSignature === 'Optional' && !vouching) {
    report.error(at, 'assertions that are not signed need SenderVouches; list it, or remove assertionSignature');
  }
  const trusted = signature?.trustRefs ?? signature?.secretRefs;
  if (signature && !trusted && vouching && (confirmations.length === 1 || assertionSignature === 'Optional')) {
    report.error(
      at,
      'SenderVouches needs a sender who is trusted without the assertion; add trustRefs to verify.signature',
    );
  }
  if (confirmations.includes('Bearer') && !audiences) {
    report.warning(
      at,
      'a Bearer assertion that is for no audience can be used by every service that gets it; add audiences',
    );
  }
}

function checkAccepted(report: Report, { accept }: Saml, at: FieldPath): void {
  accept.algorithms.forEach((algorithm, index) => {
    const item = [...at, 'algorithms', index];
    if (algorithm.startsWith('HMAC')) {
      report.error(item, `assertions are signed with the keys of certificates, and ${algorithm} is not; remove it`);
    }
    warnLegacy(report, item, algorithm);
  });
  accept.digests.forEach((digest, index) => {
    warnLegacy(report, [...at, 'digests', index], digest);
  });
  if (!accept.canonicalizations.some((name) => name.startsWith('Exclusive'))) {
    report.error([...at, 'canonicalizations'], 'assertions are signed with ExclusiveC14N only; list it');
  }
}
