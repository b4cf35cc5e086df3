/** `verify.kerberos` and `secure.kerberos`: names that are none, and what is legal but weak. */

import { parsePrincipal } from '../extproc/wss/kerberos/principal.ts';
import type { ResolvedSecure, ResolvedSignature, ResolvedVerify } from './bundle.ts';
import type { PhaseContext } from './check-policy.ts';
import { durationMs } from './duration.ts';
import type { Report } from './report.ts';

const NO_PRINCIPAL = 'is no name of Kerberos with a realm; write it as service/host@REALM';
const NO_TICKET =
  'the key of a ticket, and there is none; add secure.kerberos, or for a response request.verify.kerberos';
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

export function checkSecureKerberos(report: Report, secure: ResolvedSecure): void {
  const { kerberos, securityToken, saml, signature } = secure;
  if (!kerberos) return;
  const at = ['secure', 'kerberos'];
  if (parsePrincipal(kerberos.servicePrincipal)?.components.length !== 2) {
    report.error(
      [...at, 'servicePrincipal'],
      `${kerberos.servicePrincipal} is not service/host@REALM, as GSS-API needs it`,
    );
  }
  if (kerberos.clientPrincipal !== undefined && parsePrincipal(kerberos.clientPrincipal) === undefined) {
    report.error(
      [...at, 'clientPrincipal'],
      `${kerberos.clientPrincipal} is no name of Kerberos with a realm; write it as name@REALM`,
    );
  }
  if (securityToken ?? saml) {
    report.error(
      at,
      'a message gets one token of this kind, and there is secure.securityToken or secure.saml too; remove one of them',
    );
  }
  if (!signature || !signsWithTicket(signature)) {
    report.warning(
      at,
      'whoever takes the ticket out of the message can put it on another one; add a signature with keyIdentifier KerberosSHA1',
    );
  }
}

/** Whether a signature is made with the key of a ticket. */
export function signsWithTicket({ keyIdentifier, keyRef }: ResolvedSignature): boolean {
  return keyIdentifier === 'KerberosSHA1' || (keyIdentifier === 'BinarySecurityToken' && keyRef === undefined);
}

export function checkTicketSignature(
  report: Report,
  { keyIdentifier, keyRef, algorithm }: ResolvedSignature,
  { kerberos }: ResolvedSecure,
  { phase, spec }: PhaseContext,
): void {
  const at = ['secure', 'signature'];
  if (algorithm?.startsWith('HMAC') === false) {
    report.error([...at, 'algorithm'], 'the key of a Kerberos ticket is symmetric; use HMAC-SHA256');
  }
  if (keyRef) {
    report.error(
      [...at, 'keyRef'],
      `is not used with keyIdentifier ${keyIdentifier}, which signs with the key of a ticket; remove it`,
    );
  }
  if (kerberos) return;
  if (keyIdentifier === 'BinarySecurityToken') {
    report.error(
      [...at, 'keyRef'],
      'is missing (the private key that signs); without it the key of secure.kerberos would',
    );
  } else if (!cameWithTicket({ phase, spec })) {
    report.error([...at, 'keyIdentifier'], `KerberosSHA1 signs with ${NO_TICKET}`);
  }
}

/** `dataKey: Kerberos` needs a ticket whose key encrypts. */
export function checkTicketEncryption(
  report: Report,
  { kerberos, encryption }: ResolvedSecure,
  context: PhaseContext,
): void {
  if (encryption?.dataKey !== 'Kerberos' || kerberos || cameWithTicket(context)) return;
  report.error(['secure', 'encryption', 'dataKey'], `Kerberos encrypts with ${NO_TICKET}`);
}

/** Whether this is the response to a request whose ticket was verified. */
function cameWithTicket({ phase, spec }: Pick<PhaseContext, 'phase' | 'spec'>): boolean {
  return phase === 'response' && spec.request.verify?.kerberos !== undefined;
}
