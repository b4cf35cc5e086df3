/** `verify`: contradictions, and what is legal but weak. */

import type { ResolvedVerify } from './bundle.ts';
import { checkActor } from './check-actor.ts';
import { checkVerifyAddressing } from './check-addressing.ts';
import { warnLegacy } from './check-algorithms.ts';
import { checkVerifyKerberos } from './check-kerberos.ts';
import { checkExpression } from './check-expression.ts';
import { checkParts, type PartRules } from './check-parts.ts';
import { checkSigners } from './check-signers.ts';
import type { PhaseContext } from './check-policy.ts';
import { checkSaml } from './check-saml.ts';
import { checkEndorsed } from './check-symmetric.ts';
import { durationMs } from './duration.ts';
import { checkRevocation } from './check-revocation.ts';
import type { Report } from './report.ts';

const SIGNED: PartRules = {
  what: 'signed',
  parts: ['Body', 'Timestamp', 'Token', 'UsernameToken', 'Signature', 'Assertion', 'Attachments'],
  modes: { part: [], header: [], element: [] },
};
const ENCRYPTED: PartRules = {
  what: 'encrypted',
  parts: ['Body', 'UsernameToken', 'Signature', 'Assertion', 'Attachments'],
  modes: { part: ['Element'], header: ['Content', 'Element'], element: ['Content', 'Element'] },
};

/** Headers that frame the message: a value of ours in them would break it or reroute it. */
const RESERVED_HEADERS = new Set([
  ...['connection', 'content-encoding', 'content-length', 'content-type', 'expect', 'host', 'keep-alive'],
  ...['proxy-connection', 'soapaction', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

export function checkVerify(report: Report, verify: ResolvedVerify, context: PhaseContext): void {
  const at = ['verify'];
  const { timestamp, decryption, signature, usernameToken, saml, kerberos, addressing } = verify;
  checkActor(report, [...at, 'actor'], verify.actor);
  if (verify.bspIgnore && verify.bspCompliance !== 'Strict') {
    report.warning([...at, 'bspIgnore'], 'has no effect: only with bspCompliance Strict are rules demanded');
  }
  const encrypted = decryption !== undefined && decryption.requiredParts.length > 0;
  if (!timestamp && !encrypted && !signature && !usernameToken && !saml && !kerberos && !addressing) {
    report.error(
      at,
      'demands nothing; give it timestamp, decryption, signature, usernameToken, saml, kerberos or addressing',
    );
  }
  if (timestamp && durationMs(timestamp.maxAge) === 0) {
    report.error(
      [...at, 'timestamp', 'maxAge'],
      'with 0s every message is too old; write how old one may be, such as 5m',
    );
  }
  if (timestamp && durationMs(timestamp.maxLifetime) === 0) {
    report.error([...at, 'timestamp', 'maxLifetime'], 'with 0s no message lives; write how long one may, such as 1h');
  }
  if (usernameToken && durationMs(usernameToken.maxAge) === 0) {
    report.error(
      [...at, 'usernameToken', 'maxAge'],
      'with 0s every token is too old; write how old one may be, such as 5m',
    );
  }
  if (usernameToken?.passwordTypes.includes('None')) {
    report.warning(
      [...at, 'usernameToken', 'passwordTypes'],
      'None lets anyone in who knows a user name, unless a signature over the part UsernameToken is demanded',
    );
  }
  checkSigners(report, verify, context);
  checkVerifyKerberos(report, verify);
  checkDecryption(report, verify);
  checkRevocation(report, [...at, 'signature', 'revocation'], signature?.revocation);
  checkRevocation(report, [...at, 'saml', 'revocation'], saml?.revocation);
  checkRevocation(report, [...at, 'endorsing', 'revocation'], verify.endorsing?.revocation);
  checkSignature(report, verify);
  checkSaml(report, verify);
  checkConfirmation(report, verify, context);
  checkVerifyAddressing(report, verify, context);
  checkEndorsed(report, verify);
  checkReplay(report, verify);
  checkIdentityHeaders(report, verify);
}

function checkDecryption(report: Report, { decryption, signature }: ResolvedVerify): void {
  if (!decryption) return;
  const at = ['verify', 'decryption'];
  const { accept, requiredParts, requireSignedEncryptedData } = decryption;
  checkParts(report, [...at, 'requiredParts'], requiredParts, ENCRYPTED);
  const cbc = accept.dataAlgorithms.find((algorithm) => algorithm.endsWith('-CBC'));
  if (requireSignedEncryptedData && !signature) {
    report.error(
      [...at, 'requireSignedEncryptedData'],
      `needs a signature over the encrypted data${cbc ? `, as is the default where ${cbc} is accepted` : ''}; add verify.signature, or set it to false`,
    );
  }
  if (cbc && !requireSignedEncryptedData) {
    report.warning(
      [...at, 'requireSignedEncryptedData'],
      `with ${cbc} accepted and no signature over it, the answers to forged messages can betray their content`,
    );
  }
  if (accept.keyTransports.includes('RSA-1_5') && accept.keyTransports.length > 1) {
    report.warning(
      [...at, 'accept', 'keyTransports'],
      'what RSA-1_5 betrays of a key opens messages under RSA-OAEP too; accept one of them, or give each policy a key of its own',
    );
  }
  accept.dataAlgorithms.forEach((algorithm, index) => {
    warnLegacy(report, [...at, 'accept', 'dataAlgorithms', index], algorithm);
  });
  accept.keyTransports.forEach((algorithm, index) => {
    warnLegacy(report, [...at, 'accept', 'keyTransports', index], algorithm);
  });
}

function checkSignature(report: Report, { signature, timestamp, kerberos, saml, usernameToken }: ResolvedVerify): void {
  if (!signature) return;
  const derived = usernameToken?.passwordTypes.includes('DerivedKey');
  const at = ['verify', 'signature'];
  const { accept, trustRefs, secretRefs } = signature;
  checkParts(report, [...at, 'requiredParts'], signature.requiredParts, SIGNED);
  for (const name of ['subject', 'issuer'] as const) {
    const expression = signature[name]?.matches;
    if (expression !== undefined) checkExpression(report, [...at, name, 'matches'], expression);
  }
  if (!trustRefs) {
    for (const field of ['subject', 'issuer', 'dnsNames', 'uris', 'extendedKeyUsage', 'revocation'] as const) {
      if (signature[field] !== undefined) {
        report.error([...at, field], 'is about certificates, and there are no trustRefs; add them or remove it');
      }
    }
    if (secretRefs && accept.algorithms.every((algorithm) => !algorithm.startsWith('HMAC'))) {
      report.error(
        [...at, 'accept', 'algorithms'],
        'secretRefs verify HMAC signatures only; list an HMAC algorithm, or add trustRefs',
      );
    }
  } else if (accept.algorithms.every((algorithm) => algorithm.startsWith('HMAC'))) {
    report.error(
      [...at, 'accept', 'algorithms'],
      'trustRefs verify signatures of certificates, and only HMAC is listed; list others, or remove trustRefs',
    );
  }
  accept.algorithms.forEach((algorithm, index) => {
    const item = [...at, 'accept', 'algorithms', index];
    if (algorithm.startsWith('HMAC') && trustRefs && !secretRefs && !kerberos && !saml && !derived) {
      report.error(item, `${algorithm} is verified with a shared secret; add secretRefs or remove it`);
    }
    warnLegacy(report, item, algorithm);
  });
  accept.digests.forEach((digest, index) => {
    warnLegacy(report, [...at, 'accept', 'digests', index], digest);
  });
  if (!timestamp) {
    report.warning(at, 'without verify.timestamp nobody looks at the age of the message; add timestamp: {}');
  }
}

function checkConfirmation(report: Report, verify: ResolvedVerify, { phase, spec }: PhaseContext): void {
  if (verify.signatureConfirmation !== 'Required') return;
  const at = ['verify', 'signatureConfirmation'];
  if (phase === 'request') {
    report.error(at, 'a response confirms the signatures of its request, so this belongs in response.verify');
  } else if (!spec.request.secure?.signature) {
    report.error(at, 'there is nothing to confirm, because the request is not signed; add request.secure.signature');
  } else if (!verify.signature) {
    report.error(at, 'a confirmation that is not signed proves nothing; add response.verify.signature');
  }
}

/** A message must be remembered for as long as it would be accepted. */
function checkReplay(report: Report, verify: ResolvedVerify): void {
  const window = durationMs(verify.replay.window);
  if (window === 0) return;
  for (const [name, limits] of [
    ['timestamp', verify.timestamp],
    ['usernameToken', verify.usernameToken],
  ] as const) {
    if (limits === undefined) continue;
    const accepted = durationMs(limits.maxAge) + durationMs(limits.clockSkew);
    if (accepted <= window) continue;
    report.warning(
      ['verify', 'replay', 'window'],
      `is shorter than verify.${name} accepts a message (maxAge and clockSkew, ${accepted / 1000}s), so it can be replayed in between; make it at least that`,
    );
  }
}

function checkIdentityHeaders(report: Report, verify: ResolvedVerify): void {
  const seen = new Set<string>();
  (verify.identityHeaders ?? []).forEach(({ name, value }, index) => {
    const at = ['verify', 'identityHeaders', index];
    const lower = name.toLowerCase();
    if (RESERVED_HEADERS.has(lower))
      report.error(
        [...at, 'name'],
        `${name} frames the message and cannot carry an identity; use a name of your own, such as x-wss-subject`,
      );
    if (seen.has(lower)) report.error([...at, 'name'], `${name} stands in the list twice; remove one`);
    seen.add(lower);
    if (value === 'Username' && !verify.usernameToken) {
      report.error([...at, 'value'], 'Username comes from a UsernameToken; add verify.usernameToken');
    }
    if (value === 'KerberosPrincipal' && !verify.kerberos) {
      report.error([...at, 'value'], 'KerberosPrincipal comes from a ticket; add verify.kerberos');
    }
    if (value.startsWith('SAML') && !verify.saml) {
      report.error([...at, 'value'], `${value} comes from a SAML assertion; add verify.saml`);
    }
    const ofCertificate = value !== 'Username' && value !== 'KerberosPrincipal' && !value.startsWith('SAML');
    if (ofCertificate && !(verify.signature?.trustRefs ?? verify.endorsing?.trustRefs)) {
      report.error(
        [...at, 'value'],
        `${value} comes from the signer's certificate; add verify.signature with trustRefs`,
      );
    }
  });
}
