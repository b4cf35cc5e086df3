/** What a message must bear -> `secure`: for whoever writes it. */

import { fieldOf, need, ownKey, partnerCertificate, type Context } from './context.ts';
import { endorsingOf } from './endorsing.ts';
import { issuedToken } from './issued-token.ts';
import { sentTicket } from './kerberos-token.ts';
import type { Message, Signing } from './message.ts';
import { hasSecret, isAssertion, madeAssertion, otherToken } from './saml-token.ts';
import { symmetricSecure } from './symmetric.ts';
import { isCertificate, isIncluded, keyIdentifierOf, tokenTypeOf, type Token } from './tokens.ts';

/** Fields of a section, in the order in which they are written. */
export type Section = Record<string, unknown>;

/** @returns undefined where the message gets nothing */
export function secureOf(context: Context, message: Message): Section | undefined {
  const { binding, confirmation } = context.requirements;
  const { direction, timestamp, usernameToken, signature, encryption } = message;
  const symmetric = binding?.kind === 'Symmetric' && (signature ?? encryption) !== undefined;
  const section: Section = {
    ...(timestamp && { timestamp: {} }),
    ...(usernameToken && { usernameToken: usernameTokenOf(context, usernameToken.token) }),
    ...tokenOf(context, message),
    ...(!symmetric && signature && { signature: signatureOf(context, message, signature) }),
    ...(!symmetric && encryption && { encryption: encryptionOf(context, message, encryption) }),
    ...(symmetric && symmetricSecure(context, message)),
    ...endorsingOf(context, message),
  };
  if (usernameToken?.token.derivedKeys) passwordKey(context, usernameToken.token);
  if (confirmation && direction === 'output') confirm(context, section);
  if (Object.keys(section).length === 0) return undefined;
  return {
    ...(binding && binding.layout !== 'Lax' && { layout: binding.layout }),
    ...(binding?.order === 'EncryptThenSign' && { order: binding.order }),
    ...section,
  };
}

function passwordKey({ findings }: Context, { assertion: { name, place } }: Token): void {
  const message = 'keys that are derived from the password are not used; ask the partner for another token';
  findings.error('NotExpressible', name, place, message);
}

function usernameTokenOf(context: Context, token: Token): Section {
  const passwordType = token.has('NoPassword') ? 'None' : token.has('HashPassword') ? 'Digest' : 'Text';
  const what = 'username and password: what the partner gave us to log in with (type kubernetes.io/basic-auth)';
  const name = need(context, 'Secret', 'login', what);
  return {
    credentials: { secretRef: { name } },
    passwordType,
    ...(passwordType !== 'Digest' && token.has('Nonce') && { nonce: true }),
    ...(passwordType !== 'Digest' && token.has('Created') && { created: true }),
  };
}

/** What a request bears to prove who it is from, besides certificates and passwords. */
function tokenOf(context: Context, message: Message): Section {
  const token = otherToken(context, message, 'secure');
  switch (token?.kind) {
    case 'IssuedToken': {
      const protects = token === message.signature?.token || token === message.encryption?.token;
      return { securityToken: issuedToken(context, token, protects ? 'signs' : 'supports') };
    }
    case 'SamlToken':
      return { saml: madeAssertion(context, token, message) };
    case 'KerberosToken':
      return { kerberos: sentTicket(context, token, message.direction) };
    default:
      return {};
  }
}

function signatureOf(context: Context, message: Message, { token, parts }: Signing): Section {
  const { suite } = context.requirements.binding ?? {};
  const at = fieldOf(message.direction, 'secure', 'signature');
  const common: Section = {
    ...(suite && { digest: suite.digest }),
    ...(suite && suite.canonicalization !== 'ExclusiveC14N' && { canonicalization: suite.canonicalization }),
  };
  if (isAssertion(token)) {
    const algorithm = suite && `${hasSecret(token) ? 'HMAC' : 'RSA'}-${suite.signatureHash}`;
    return { ...(algorithm && { algorithm }), ...common, keyIdentifier: 'SAMLAssertion', parts };
  }
  if (token.kind === 'KerberosToken') {
    return {
      ...(suite && { algorithm: `HMAC-${suite.signatureHash}` }),
      ...common,
      keyIdentifier: isIncluded(token, message.direction) ? 'BinarySecurityToken' : 'KerberosSHA1',
      parts,
    };
  }
  const { name, place } = token.assertion;
  if (!isCertificate(token)) {
    context.findings.error(
      'NotExpressible',
      name,
      place,
      'messages cannot be signed with such a token; ask the partner whether an X.509 token will do',
      at,
    );
  }
  const type = tokenTypeOf(token);
  const keyIdentifier = keyIdentifierOf(token, message.direction, context.requirements.references);
  const algorithm = suite && `RSA-${suite.signatureHash}`;
  return {
    keyRef: ownKey(context),
    ...(algorithm && { algorithm }),
    ...common,
    keyIdentifier,
    ...(type && keyIdentifier === 'BinarySecurityToken' && { tokenType: type }),
    parts,
  };
}

function encryptionOf(context: Context, { direction }: Message, { token, parts }: Signing): Section {
  const { requirements, findings, side } = context;
  const { suite, tokens } = requirements.binding ?? {};
  const at = fieldOf(direction, 'secure', 'encryption');
  if (!isCertificate(token)) {
    const { name, place } = token.assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      'messages are encrypted for certificates; ask the partner for one',
      at,
    );
  }
  const triple = suite?.dataAlgorithm === 'TripleDES-CBC';
  if (triple) {
    const message = 'TripleDES is read and never written; ask the partner for a suite with AES';
    findings.error('NotExpressible', `sp:${suite.name}`, suite.assertion.place, message, at);
  }
  const toSigner = side === 'service' && direction === 'output' && tokens?.input.signature !== undefined;
  return {
    ...(toSigner ? { recipient: 'RequestSigner' } : { recipientRef: partnerCertificate(context) }),
    ...(suite && !triple && { dataAlgorithm: suite.dataAlgorithm }),
    ...(suite && { keyTransport: suite.keyTransport }),
    keyIdentifier: keyIdentifierOf(token, direction, requirements.references),
    parts,
  };
}

function confirm({ requirements, findings }: Context, { signature }: Section): void {
  const { confirmation, binding } = requirements;
  if (confirmation === undefined) return;
  if (signature !== undefined && binding?.tokens.input.signature !== undefined) {
    (signature as Section).confirm = true;
    return;
  }
  const { name, place } = confirmation;
  findings.error(
    'NotExpressible',
    name,
    place,
    'requests or answers are not signed, so there is nothing to confirm or to confirm it with',
  );
}
