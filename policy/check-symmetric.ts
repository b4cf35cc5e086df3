/** Symmetric keys of tokens, requests and passwords, keys derived from them, and signatures over signatures. */

import type { ResolvedSecure, ResolvedSignature, ResolvedVerify } from './bundle.ts';
import type { PhaseContext } from './check-policy.ts';
import type { Report } from './report.ts';

/** Of a signature whose `keyIdentifier` is EncryptedKey or EncryptedKeySHA1. */
export function checkEncryptedKeySignature(
  report: Report,
  { keyIdentifier, keyRef, algorithm }: ResolvedSignature,
  { encryption }: ResolvedSecure,
  { phase, spec }: PhaseContext,
): void {
  const at = ['secure', 'signature'];
  const fromRequest = phase === 'response' && spec.request.verify?.decryption !== undefined;
  if (!encryption && !fromRequest) {
    report.error(
      [...at, 'keyIdentifier'],
      `${keyIdentifier} signs with the key of the encryption, and there is none; add secure.encryption`,
    );
  }
  if (!algorithm?.startsWith('HMAC')) {
    report.error([...at, 'algorithm'], `${keyIdentifier} signs with a symmetric key; use HMAC-SHA256`);
  }
  if (keyRef) {
    report.error(
      [...at, 'keyRef'],
      `is not used with keyIdentifier ${keyIdentifier}, which signs with the key of the encryption; remove one of them`,
    );
  }
}

export function checkSymmetric(report: Report, secure: ResolvedSecure, context: PhaseContext): void {
  checkDerivedKeys(report, secure);
  checkUserKey(report, secure);
  checkDataKey(report, secure, context);
  checkEndorsing(report, secure);
}

function checkDerivedKeys(report: Report, { signature }: ResolvedSecure): void {
  if (signature?.derivedKey && signature.keyRef) {
    report.error(
      ['secure', 'signature', 'derivedKey'],
      'is derived from the key of a token or an EncryptedKey, and keyRef names another; remove one of them',
    );
  }
}

function checkUserKey(report: Report, { usernameToken, signature, encryption }: ResolvedSecure): void {
  const signs = signature?.keyIdentifier === 'UsernameToken';
  const encrypts = encryption?.dataKey === 'UsernameToken';
  const from = usernameToken?.derivedKey;
  for (const [uses, path, given] of [
    [signs, ['secure', 'signature', 'keyIdentifier'], signature?.derivedKey],
    [encrypts, ['secure', 'encryption', 'dataKey'], encryption?.derivedKey],
  ] as const) {
    if (!uses) continue;
    const usage = path[1] === 'signature' ? 'MAC' : 'Encryption';
    if (!from) {
      report.error(
        path,
        'UsernameToken needs a key that is derived from the password; add secure.usernameToken.derivedKey',
      );
    } else if (!given && from.usage !== usage) {
      report.error(
        path,
        `the key of the password is for ${from.usage}; set secure.usernameToken.derivedKey.usage to ${usage}, or add derivedKey here`,
      );
    }
  }
  if (signs && signature.algorithm !== undefined && !signature.algorithm.startsWith('HMAC')) {
    report.error(['secure', 'signature', 'algorithm'], 'UsernameToken signs with a symmetric key; use HMAC-SHA256');
  }
  if (encrypts && !encryption.derivedKey && !encryption.dataAlgorithm.startsWith('AES128')) {
    report.error(
      ['secure', 'encryption', 'dataAlgorithm'],
      `the key of a password has 20 bytes, too few for ${encryption.dataAlgorithm}; use AES128-GCM, or add derivedKey`,
    );
  }
  if (encrypts && encryption.parts.some(({ part }) => part === 'UsernameToken')) {
    report.error(
      ['secure', 'encryption', 'parts'],
      'the key comes from the UsernameToken, so its receiver must be able to read that; remove the part UsernameToken',
    );
  }
  if (from && !signs && !encrypts) {
    report.error(
      ['secure', 'usernameToken', 'derivedKey'],
      'nothing uses the key; sign with keyIdentifier UsernameToken, or remove it',
    );
  }
}

function checkDataKey(report: Report, secure: ResolvedSecure, { phase, spec }: PhaseContext): void {
  const { encryption, signature, securityToken } = secure;
  const at = ['secure', 'encryption'];
  if (encryption?.dataKey === 'Request' && (phase === 'request' || !spec.request.verify?.decryption)) {
    report.error(
      [...at, 'dataKey'],
      'Request is the key that came with the request, so it belongs in response.secure.encryption, with a request.verify.decryption',
    );
  }
  if (encryption?.dataKey === 'IssuedToken' && !securityToken) {
    report.error(
      [...at, 'dataKey'],
      'the message gets no issued token; add secure.securityToken or use another dataKey',
    );
  }
  if (encryption?.parts.length === 0 && !signature?.keyIdentifier.startsWith('EncryptedKey')) {
    report.error(
      [...at, 'parts'],
      'nothing is encrypted, and the signature does not use the key; list parts, or sign with keyIdentifier EncryptedKey',
    );
  }
}

function checkEndorsing(report: Report, { signature, endorsing = [] }: ResolvedSecure): void {
  if (endorsing.length > 0 && !signature) {
    report.error(
      ['secure', 'endorsing'],
      'signs the signature of the message, and there is none; add secure.signature',
    );
  }
  endorsing.forEach(({ signed, keyIdentifier }, index) => {
    if (signed && keyIdentifier !== 'BinarySecurityToken') {
      report.error(
        ['secure', 'endorsing', index, 'signed'],
        `the message's signature can cover a token of this message only; use keyIdentifier BinarySecurityToken`,
      );
    }
  });
}

/** Of `verify`: somebody must say who the message is from. */
export function checkEndorsed(report: Report, { signature, endorsing }: ResolvedVerify): void {
  if (endorsing && !signature) {
    report.error(
      ['verify', 'endorsing'],
      'is a signature over the one that verify.signature demands, and that is not there; add verify.signature',
    );
  }
}

/**
 * Whether a signature may be made with a key that came in the message itself, which anyone can send: only where something
 * else says who it is from.
 */
export function mayBeAnonymous({ decryption, endorsing, usernameToken }: ResolvedVerify): boolean {
  const authenticated = endorsing ?? usernameToken?.passwordTypes.some((type) => type !== 'None');
  return decryption?.keyRefs !== undefined && Boolean(authenticated);
}
