/** `secure.securityToken`, and the signature that is made with the key of the issued token. */

import type { IssuedAssertion } from '../crds/types.ts';
import type { ResolvedSecure, ResolvedSignature, ResolvedTokenService } from './bundle.ts';
import type { PhaseContext } from './check-policy.ts';
import { policyId, type Report } from './report.ts';

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])([:/]|$)/;

export function checkSecurityToken(report: Report, secure: ResolvedSecure, context: PhaseContext): void {
  const { securityToken, signature } = secure;
  if (!securityToken) return;
  const { phase, tokenService } = context;
  const at = ['secure', 'securityToken'];
  const { onSecurityFault, retryUrl } = securityToken;
  if (phase === 'response' && onSecurityFault !== 'Invalidate') {
    report.error(
      [...at, 'onSecurityFault'],
      'is about what the backend answers to a request, so it belongs in request.secure.securityToken; remove it',
    );
  }
  if (retryUrl?.startsWith('http:') && !LOOPBACK.test(retryUrl)) {
    report.warning([...at, 'retryUrl'], 'the message and its token travel readable; use https:// if you can');
  }
  if (tokenService === undefined) return;
  checkDelegation(report, tokenService, context);
  const keyType = keyTypeOf(tokenService);
  if (keyType !== 'Bearer' && signature?.keyIdentifier !== 'SAMLAssertion') {
    report.warning(
      [...at, 'serviceRef'],
      `${named(tokenService)} issues tokens of keyType ${keyType}, and the message does not prove that we hold the key; add a signature with keyIdentifier SAMLAssertion`,
    );
  }
}

/** A token in the caller's name needs a caller who has proved who he is. */
function checkDelegation(report: Report, service: ResolvedTokenService, { phase, spec }: PhaseContext): void {
  const field = service.spec.wsTrust?.onBehalfOf ? 'onBehalfOf' : service.spec.wsTrust?.actAs ? 'actAs' : undefined;
  if (field === undefined) return;
  const at = ['secure', 'securityToken', 'serviceRef'];
  const asks = `${named(service)} asks for tokens in the name of the caller (wsTrust.${field})`;
  const { verify } = spec.request;
  if (phase === 'response') {
    report.error(at, `${asks}, which request.secure can do and a response cannot; refer to another token service`);
  } else if (!verify?.usernameToken && !verify?.signature?.trustRefs) {
    report.error(
      at,
      `${asks}, and nobody finds out who that is; add request.verify with a usernameToken or a signature with trustRefs`,
    );
  }
}

/** Of a signature whose `keyIdentifier` is SAMLAssertion. */
export function checkTokenSignature(
  report: Report,
  { keyRef, algorithm }: ResolvedSignature,
  { securityToken, saml }: ResolvedSecure,
  { tokenService }: PhaseContext,
): void {
  const at = ['secure', 'signature'];
  if (keyRef) {
    report.error(
      [...at, 'keyRef'],
      'is not used with keyIdentifier SAMLAssertion, which signs with the key of the issued token; remove one of them',
    );
  }
  if (!securityToken && !saml) {
    report.error(
      [...at, 'keyIdentifier'],
      'SAMLAssertion signs with the key of an issued token, and the message gets none; add secure.securityToken or secure.saml',
    );
  }
  if (saml) checkHolderSignature(report, saml, algorithm);
  if (tokenService === undefined) return;
  const keyType = keyTypeOf(tokenService);
  const hmac = algorithm?.startsWith('HMAC');
  if (keyType === 'Bearer') {
    report.error(
      [...at, 'keyIdentifier'],
      `the tokens of ${named(tokenService)} are Bearer tokens, which no key belongs to; ask for keyType Symmetric or Public there, or use another keyIdentifier`,
    );
  } else if (keyType === 'Symmetric' && hmac === false) {
    report.error(
      [...at, 'algorithm'],
      `the tokens of ${named(tokenService)} have a symmetric key (keyType Symmetric); use HMAC-SHA256, or leave algorithm out`,
    );
  } else if (keyType === 'Public' && hmac === true) {
    report.error(
      [...at, 'algorithm'],
      `the tokens of ${named(tokenService)} are for our certificate (keyType Public), whose key signs; use one such as RSA-SHA256, or leave algorithm out`,
    );
  }
}

/** The key must be that of the assertion's holder. */
function checkHolderSignature(
  report: Report,
  { confirmation, holderOfKey }: IssuedAssertion,
  algorithm: ResolvedSignature['algorithm'],
): void {
  const at = ['secure', 'signature'];
  const secret = holderOfKey?.keyType === 'EncryptedKey';
  if (confirmation !== 'HolderOfKey') {
    report.error(
      [...at, 'keyIdentifier'],
      `no key belongs to an assertion of confirmation ${confirmation}; use confirmation HolderOfKey, or another keyIdentifier`,
    );
  } else if (algorithm !== undefined && algorithm.startsWith('HMAC') !== secret) {
    report.error(
      [...at, 'algorithm'],
      `the key of the assertion is ${secret ? 'a secret (keyType EncryptedKey); use HMAC-SHA256' : 'a private key; use one such as RSA-SHA256'}, or leave algorithm out`,
    );
  }
}

/** What proves that a token of the service is ours. */
export function keyTypeOf({ spec }: ResolvedTokenService): 'Bearer' | 'Symmetric' | 'Public' {
  return spec.wsTrust?.keyType ?? 'Bearer';
}

function named(service: ResolvedTokenService): string {
  return `SecurityTokenService ${policyId(service)}`;
}
