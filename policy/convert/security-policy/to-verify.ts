/** What a message must bear -> `verify`: for whoever checks it. */

import { fieldOf, need, partnerAuthority, type Context } from './context.ts';
import { demandedEndorsingOf } from './endorsing.ts';
import { demandedTicket } from './kerberos-token.ts';
import type { Message, Signing } from './message.ts';
import { decryptionOf, signatureAccept, signedParts } from './protected.ts';
import { demandedAssertion, hasSecret, isAssertion, otherToken } from './saml-token.ts';
import { symmetricVerify } from './symmetric.ts';
import type { Section } from './to-secure.ts';
import { isCertificate, isIncluded, type Token } from './tokens.ts';

/** @returns undefined where nothing is demanded */
export function verifyOf(context: Context, message: Message): Section | undefined {
  const { binding, confirmation, supporting } = context.requirements;
  const { direction, timestamp, usernameToken, signature, encryption } = message;
  const symmetric = binding?.kind === 'Symmetric' && (signature ?? encryption) !== undefined;
  const verified: Section = {
    ...(timestamp && { timestamp: {} }),
    ...(symmetric && symmetricVerify(context, message)),
    ...(!symmetric && decryption(context, message)),
    ...(!symmetric && signature && { signature: signatureOf(context, message, signature) }),
    ...demandedEndorsingOf(context, message),
    ...(usernameToken && { usernameToken: usernameTokenOf(context, usernameToken.token) }),
    ...tokenOf(context, message),
  };
  if (usernameToken?.token.derivedKeys) {
    const { name, place } = usernameToken.token.assertion;
    const text = 'keys that are derived from the password are not used; demand another token';
    context.findings.error('NotExpressible', name, place, text);
  }
  if (binding && binding.layout !== 'Lax' && Object.keys(verified).length > 0) {
    context.findings.note(
      'NotChecked',
      'sp:Layout',
      binding.assertion.place,
      `whether messages that arrive have the layout ${binding.layout} is not checked; it protects nothing`,
    );
  }
  if (confirmation && direction === 'output') {
    const signs = binding?.kind !== 'Transport' || supporting.some(({ endorsing }) => endorsing);
    if (verified.signature !== undefined && signs) verified.signatureConfirmation = 'Required';
    else {
      const { name, place } = confirmation;
      context.findings.error(
        'NotExpressible',
        name,
        place,
        'requests or answers are not signed, so there is nothing to confirm or to confirm it with',
      );
    }
  }
  return Object.keys(verified).length === 0 ? undefined : verified;
}

function signatureOf(context: Context, { direction, timestamp }: Message, { token, parts }: Signing): Section {
  const secret = token.kind === 'KerberosToken' || hasSecret(token);
  if (secret || isAssertion(token)) {
    return { ...signedParts(parts, timestamp), ...signatureAccept(context, secret ? 'HMAC' : 'RSA') };
  }
  const { name, place } = token.assertion;
  const at = fieldOf(direction, 'verify', 'signature');
  if (!isCertificate(token)) {
    const message = 'signatures of such tokens are not verified; demand an X.509 token';
    context.findings.error('NotExpressible', name, place, message, at);
  }
  if (token.kind === 'KeyValueToken') {
    context.findings.note('Stricter', name, place, 'keys must be those of certificates that are trusted', at);
  }
  return {
    trustRefs: [partnerAuthority(context, token.kind === 'X509Token' && !isIncluded(token, direction))],
    ...signedParts(parts, timestamp),
    ...signatureAccept(context, 'RSA'),
  };
}

/** What a request must bear to prove who it is from, besides certificates and passwords. */
function tokenOf(context: Context, message: Message): Section {
  const token = otherToken(context, message, 'verify');
  if (token === undefined) return {};
  return token.kind === 'KerberosToken'
    ? { kerberos: demandedTicket(context, token, message.direction) }
    : { saml: demandedAssertion(context, token, message) };
}

function decryption(context: Context, { direction, signature, encryption, usernameToken }: Message): Section {
  const { binding } = context.requirements;
  const at = fieldOf(direction, 'verify', 'decryption');
  if (encryption) {
    if (!isCertificate(encryption.token)) {
      const { name, place } = encryption.token.assertion;
      const message = 'messages are decrypted with the key of a certificate; demand an X.509 token';
      context.findings.error('NotExpressible', name, place, message, at);
    }
    return { decryption: decryptionOf(context, direction, encryption.parts, true) };
  }
  if (signature && hasSecret(signature.token)) {
    context.comments.push({ at, text: 'The key of the token comes encrypted for the certificate of the service.' });
    return { decryption: decryptionOf(context, direction, [], true) };
  }
  const own = binding?.tokens[direction].encryption;
  if (usernameToken === undefined || own === undefined || !isCertificate(own)) return {};
  context.comments.push({
    at,
    text: 'Nothing need be encrypted; but clients such as Apache CXF encrypt a UsernameToken wherever they know a certificate to do it for.',
  });
  return { decryption: decryptionOf(context, direction, [], true) };
}

function usernameTokenOf(context: Context, token: Token): Section {
  const passwordType = token.has('NoPassword') ? 'None' : token.has('HashPassword') ? 'Digest' : 'Text';
  const name = need(context, 'Secret', 'users', 'a key for each user name, whose value is the password');
  return { usersRef: { name }, ...(passwordType !== 'Digest' && { passwordTypes: [passwordType] }) };
}
