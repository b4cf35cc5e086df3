/** `secure`: contradictions, and what is legal but weak. */

import type { Part, Secure, Signature } from '../crds/types.ts';
import { WSSE } from '../extproc/wss/namespaces.ts';
import type { ResolvedEncryption, ResolvedSecure, ResolvedSignature } from './bundle.ts';
import { checkActor } from './check-actor.ts';
import { isLegacy, warnLegacy } from './check-algorithms.ts';
import { warnBeyondBsp } from './check-bsp.ts';
import { checkKeyTransport } from './check-key-transport.ts';
import { checkSecureKerberos, checkTicketEncryption, checkTicketSignature, signsWithTicket } from './check-kerberos.ts';
import { checkParts, type PartRules } from './check-parts.ts';
import type { PhaseContext } from './check-policy.ts';
import { checkPool } from './check-pool.ts';
import { checkIssuedAssertion } from './check-issued-assertion.ts';
import { checkSecurityToken, checkTokenSignature } from './check-security-token.ts';
import { checkEncryptedKeySignature, checkSymmetric } from './check-symmetric.ts';
import { durationMs } from './duration.ts';
import type { FieldPath } from './load.ts';
import { presets } from './presets.ts';
import type { Report } from './report.ts';
import { INCLUSIVE_NAMESPACES } from './validate.ts';

const SIGNABLE: PartRules = {
  what: 'signed',
  parts: ['Body', 'Timestamp', 'Token', 'Assertion', 'UsernameToken', 'Attachments'],
  modes: { part: [], header: [], element: [] },
};
const ENCRYPTABLE: PartRules = {
  what: 'encrypted',
  parts: ['Body', 'Token', 'Assertion', 'UsernameToken', 'Signature', 'Attachments'],
  modes: { part: ['Element'], header: ['Content', 'Element'], element: ['Content', 'Element'] },
};

/** Ways of naming a key that is no token which a signature could cover through its reference. */
const TOKENLESS: ReadonlySet<string> = new Set([
  ...['KeyName', 'KeyValue', 'EncryptedKeySHA1', 'EncryptedKey', 'UsernameToken'],
]);

/** @param given the same as the user wrote it, where an absent field is absent */
export function checkSecure(
  report: Report,
  secure: ResolvedSecure,
  given: Secure | undefined,
  context: PhaseContext,
): void {
  const at = ['secure'];
  const { timestamp, usernameToken, securityToken, saml, signature, encryption } = secure;
  checkActor(report, [...at, 'actor'], secure.actor);
  warnBeyondBsp(report, secure);
  if (!timestamp && !usernameToken && !securityToken && !saml && !secure.kerberos && !signature && !encryption) {
    report.error(
      at,
      'adds nothing; give it timestamp, usernameToken, securityToken, saml, kerberos, signature or encryption',
    );
  }
  if (timestamp && durationMs(timestamp.ttl) < 1000) {
    report.error([...at, 'timestamp', 'ttl'], 'must be at least 1s, or every message has expired when it arrives');
  }
  if (usernameToken) checkUsernameToken(report, secure);
  checkSecureKerberos(report, secure);
  checkSecurityToken(report, secure, context);
  checkIssuedAssertion(report, secure, context);
  if (signature) checkSignature(report, signature, given?.signature, secure, context);
  checkSymmetric(report, secure, context);
  checkTicketEncryption(report, secure, context);
  if (encryption) checkEncryption(report, encryption, given?.encryption, secure, context);
}

function checkUsernameToken(report: Report, { usernameToken, encryption }: ResolvedSecure): void {
  const at = ['secure', 'usernameToken'];
  if (!usernameToken) return;
  checkPool(report, [...at, 'credentials', 'pool'], usernameToken.credentials.pool ?? []);
  for (const field of ['nonce', 'created'] as const) {
    if (usernameToken.passwordType === 'Digest' && !usernameToken[field]) {
      report.error([...at, field], `cannot be false with passwordType Digest, whose digest covers it; leave it out`);
    }
  }
  if (usernameToken.passwordType === 'Text' && !encryption?.parts.some(({ part }) => part === 'UsernameToken')) {
    report.warning(
      [...at, 'passwordType'],
      'the password travels readable; use Digest, encrypt the part UsernameToken, or make sure of TLS to the receiver',
    );
  }
}

function checkSignature(
  report: Report,
  signature: ResolvedSignature,
  given: Signature | undefined,
  secure: ResolvedSecure,
  context: PhaseContext,
): void {
  const { phase, spec } = context;
  const at = ['secure', 'signature'];
  const hmac = signature.algorithm?.startsWith('HMAC') ?? false;
  checkParts(report, [...at, 'parts'], signature.parts, SIGNABLE);
  signature.parts.forEach((part, index) => {
    checkSignedPart(report, [...at, 'parts', index], part, signature, secure);
  });
  checkInclusiveNamespaces(report, signature);
  if (signature.tokenType !== 'X509v3' && signature.keyIdentifier !== 'BinarySecurityToken') {
    report.error(
      [...at, 'tokenType'],
      `is about the BinarySecurityToken, and keyIdentifier ${signature.keyIdentifier} has none; remove one of them`,
    );
  }
  if (signature.keyIdentifier.startsWith('EncryptedKey')) {
    checkEncryptedKeySignature(report, signature, secure, context);
  } else if (signsWithTicket(signature)) {
    checkTicketSignature(report, signature, secure, context);
  } else if (signature.keyIdentifier === 'SAMLAssertion') {
    checkTokenSignature(report, signature, secure, context);
  } else if (hmac && signature.keyIdentifier !== 'KeyName' && signature.keyIdentifier !== 'UsernameToken') {
    report.error(
      [...at, 'keyIdentifier'],
      `a shared secret has no certificate that ${signature.keyIdentifier} could name; use KeyName`,
    );
  }
  if (signature.confirm && phase === 'request') {
    report.error(
      [...at, 'confirm'],
      'confirms the signatures of a request, so it belongs in response.secure.signature',
    );
  } else if (signature.confirm && !spec.request.verify?.signature) {
    report.error([...at, 'confirm'], 'confirms signatures that request.verify.signature has verified; add that');
  }
  const preset = presets[secure.preset].signature;
  if (signature.algorithm === undefined && preset.algorithm !== 'SHA2') {
    report.warning(
      [...at, 'algorithm'],
      `the preset ${secure.preset} signs with SHA-1 for an RSA key; give an algorithm such as RSA-SHA256 if the receiver knows it`,
      'LegacyAlgorithms',
    );
  } else warnLegacy(report, [...at, 'algorithm'], signature.algorithm);
  if (given?.digest !== undefined || !isLegacy(signature.algorithm ?? ''))
    warnLegacy(report, [...at, 'digest'], signature.digest);
}

function checkSignedPart(
  report: Report,
  at: readonly (string | number)[],
  { part, header, optional }: Part,
  { keyIdentifier }: ResolvedSignature,
  secure: ResolvedSecure,
): void {
  if (part === 'Timestamp' && !secure.timestamp && !optional) {
    report.error(at, 'the message gets no Timestamp; add secure.timestamp: {} or remove this part');
  }
  if (part === 'UsernameToken' && !secure.usernameToken && !optional) {
    report.error(at, 'the message gets no UsernameToken; add secure.usernameToken or remove this part');
  }
  if (part === 'Assertion' && !secure.saml && !secure.securityToken && !optional) {
    report.error(at, 'the message gets no assertion; add secure.saml or secure.securityToken, or remove this part');
  }
  if (part === 'Token' && TOKENLESS.has(keyIdentifier)) {
    report.error(at, `a signature whose keyIdentifier is ${keyIdentifier} refers to no token; use BinarySecurityToken`);
  }
  if (header?.namespace === WSSE) {
    report.error(
      [...at, 'header'],
      'the Security header cannot be signed whole; name its contents with part: Timestamp, UsernameToken or Token',
    );
  }
}

/** The schema has no type for "a word or a list", so what is neither comes this far. */
function checkInclusiveNamespaces(report: Report, { inclusiveNamespaces, canonicalization }: ResolvedSignature): void {
  const at = ['secure', 'signature', 'inclusiveNamespaces'];
  const value: unknown = inclusiveNamespaces;
  if (value === 'Auto' || value === 'None') return;
  if (!Array.isArray(value)) report.error(at, INCLUSIVE_NAMESPACES);
  else if (!canonicalization.startsWith('Exclusive')) {
    report.error(at, `${canonicalization} has no list of inclusive prefixes; remove it or use ExclusiveC14N`);
  }
}

function checkEncryption(
  report: Report,
  encryption: ResolvedEncryption,
  given: Secure['encryption'],
  secure: ResolvedSecure,
  { phase, spec }: PhaseContext,
): void {
  const at = ['secure', 'encryption'];
  checkParts(report, [...at, 'parts'], encryption.parts, ENCRYPTABLE);
  encryption.parts.forEach(({ part, mode, optional, header }, index) => {
    const item = [...at, 'parts', index];
    if (part === 'Body' && mode === 'Element') {
      report.error([...item, 'mode'], 'an envelope without a Body is no SOAP message; use Content');
    }
    if (part === 'Signature' && !secure.signature && !optional) {
      report.error(item, 'the message gets no signature; add secure.signature or remove this part');
    }
    if (part === 'Signature' && secure.order === 'EncryptThenSign') {
      report.error(
        item,
        'there is no signature yet when order is EncryptThenSign; use SignThenEncrypt or remove this part',
      );
    }
    if (part === 'UsernameToken' && !secure.usernameToken && !optional) {
      report.error(item, 'the message gets no UsernameToken; add secure.usernameToken or remove this part');
    }
    if (part === 'Token' || part === 'Assertion') checkEncryptedToken(report, item, secure);
    if (header?.namespace === WSSE)
      report.error(
        [...item, 'header'],
        'the Security header cannot be encrypted whole; name its contents with part: Signature or UsernameToken',
      );
  });
  if (encryption.recipient === 'RequestSigner') {
    if (phase === 'request') {
      report.error(
        [...at, 'recipient'],
        'RequestSigner is who signed the request, so it belongs in response.secure.encryption; here, name a certificate with recipientRef',
      );
    } else if (!spec.request.verify?.signature?.trustRefs && !spec.request.verify?.endorsing?.trustRefs) {
      report.error(
        [...at, 'recipient'],
        'RequestSigner needs request.verify.signature with trustRefs, which finds out who signed; add it, or name a certificate with recipientRef',
      );
    }
  }
  checkKeyTransport(report, encryption, given);
  warnLegacy(report, [...at, 'dataAlgorithm'], encryption.dataAlgorithm);
  warnLegacy(report, [...at, 'keyTransport'], encryption.keyTransport);
}

/** The receiver must read a token before it can check what was signed with it. */
function checkEncryptedToken(report: Report, at: FieldPath, { securityToken, saml, signature }: ResolvedSecure): void {
  if (!securityToken && !saml) {
    report.error(at, 'the message gets no issued token; add secure.securityToken or secure.saml, or remove this part');
  } else if (signature?.keyIdentifier === 'SAMLAssertion') {
    report.error(at, 'the token signs the message, so its receiver must be able to read it; remove this part');
  }
}
