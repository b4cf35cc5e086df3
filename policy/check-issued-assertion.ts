/** `secure.saml`: what contradicts itself or the rest of the policy, and what its receivers would not believe. */

import type { AssertionAttribute, IssuedAssertion } from '../crds/types.ts';
import type { ResolvedSecure } from './bundle.ts';
import { warnLegacy } from './check-algorithms.ts';
import type { PhaseContext } from './check-policy.ts';
import { durationMs } from './duration.ts';
import type { FieldPath } from './load.ts';
import type { Report } from './report.ts';

type Source = AssertionAttribute['source'];

export function checkIssuedAssertion(report: Report, secure: ResolvedSecure, context: PhaseContext): void {
  const { saml, securityToken } = secure;
  if (!saml) return;
  const at = ['secure', 'saml'];
  if (context.phase === 'response') {
    report.error(at, 'is about the caller of a request, so it belongs in request.secure; remove it');
    return;
  }
  if (securityToken) report.error(at, 'a message carries one token; remove saml or securityToken');
  if (context.spec.request.verify?.removeSecurityHeader === false) {
    report.error(
      ['verify', 'removeSecurityHeader'],
      "cannot be false with secure.saml: what the caller wrote into the Security header would stand beside the gateway's assertion; leave it out",
    );
  }
  if (durationMs(saml.lifetime) < 1000) {
    report.error([...at, 'lifetime'], 'must be at least 1s, or every assertion has expired when it arrives');
  }
  checkSource(report, [...at, 'subject', 'source'], saml.subject, context);
  if (saml.subject.source === 'Header') {
    report.warning(
      [...at, 'subject', 'source'],
      "the header is believed as it comes; make sure that what is in front of Waxseal sets it and removes a client's own",
    );
  }
  checkAttributes(report, [...at, 'attributes'], saml, context);
  checkConfirmation(report, secure, saml);
  warnLegacy(report, [...at, 'signature', 'algorithm'], saml.signature.algorithm);
  warnLegacy(report, [...at, 'signature', 'digest'], saml.signature.digest);
  if (saml.holderOfKey?.keyType === 'EncryptedKey') {
    warnLegacy(report, [...at, 'holderOfKey', 'keyTransport'], saml.holderOfKey.keyTransport);
  }
}

function checkAttributes(
  report: Report,
  at: FieldPath,
  { attributes = [], version }: IssuedAssertion,
  context: PhaseContext,
): void {
  const seen = new Set<string>();
  attributes.forEach((attribute, index) => {
    const key = JSON.stringify([attribute.name, attribute.nameFormat]);
    if (seen.has(key)) report.error([...at, index, 'name'], 'stands in the list twice; remove one');
    seen.add(key);
    if (version === '1.1' && attribute.nameFormat === undefined) {
      report.error([...at, index], 'an attribute of SAML 1.1 has a namespace; give it as nameFormat');
    }
    checkSource(report, [...at, index, 'source'], { source: attribute.source }, context);
  });
}

/** Whether `request.verify` finds out what is to be said. */
function checkSource(
  report: Report,
  at: FieldPath,
  { source, name }: { readonly source: Source; readonly name?: string },
  { spec }: PhaseContext,
): void {
  const { verify } = spec.request;
  if (source === 'SAMLAttribute' && !verify?.saml) {
    report.error(at, 'SAMLAttribute is of the assertion that the caller proves himself with; add request.verify.saml');
  }
  if (source !== 'VerifiedIdentity') return;
  const proofs: readonly (readonly [name: string, proved: boolean, mend: string])[] = [
    ['SAMLSubject', verify?.saml !== undefined, 'request.verify.saml'],
    ['Username', verify?.usernameToken !== undefined, 'request.verify.usernameToken'],
    ['KerberosPrincipal', verify?.kerberos !== undefined, 'request.verify.kerberos'],
    ['CertificateSubject', verify?.signature?.trustRefs !== undefined, 'request.verify.signature with trustRefs'],
  ];
  const wanted = proofs.filter(([proof]) => name === undefined || proof === name);
  if (wanted.some(([, proved]) => proved)) return;
  report.error(
    at,
    name === undefined
      ? 'VerifiedIdentity is who the caller has proved to be, and nobody finds that out; add request.verify with a usernameToken or a signature with trustRefs'
      : `nobody finds out the ${name} of the caller; add ${wanted.map(([, , mend]) => mend).join()}`,
  );
}

/** What makes the receiver believe that the message is the subject's (SAML token profile 1.1 §3.5). */
function checkConfirmation(report: Report, { signature }: ResolvedSecure, { confirmation }: IssuedAssertion): void {
  const at = ['secure', 'saml', 'confirmation'];
  const holderSigns = signature?.keyIdentifier === 'SAMLAssertion';
  switch (confirmation) {
    case 'HolderOfKey':
      if (!holderSigns) {
        report.warning(
          at,
          'the message does not prove that we hold the key of the assertion; add a signature with keyIdentifier SAMLAssertion',
        );
      }
      return;
    case 'SenderVouches':
      if (signature === undefined) {
        report.warning(
          at,
          'nothing shows the receiver who vouches for the caller, unless it knows us by TLS; add a signature, which covers the assertion by default',
        );
      } else if (!holderSigns) {
        for (const part of ['Body', 'Assertion'] as const) {
          if (signature.parts.some((signed) => signed.part === part && !signed.optional)) continue;
          report.error(
            ['secure', 'signature', 'parts'],
            `the signature of who vouches must cover the message and the assertion; add { part: ${part} }, or leave parts out`,
          );
        }
      }
      return;
    case 'Bearer':
  }
}
