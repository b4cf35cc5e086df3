/** What a message must bear -> `secure`: for whoever writes it. */

import { fieldOf, need, ownKey, partnerCertificate, type Context } from './context.ts';
import { endorsingOf } from './endorsing.ts';
import { issuedToken } from './issued-token.ts';
import type { Message, Signing } from './message.ts';
import { symmetricSecure } from './symmetric.ts';
import { isCertificate, keyIdentifierOf, tokenTypeOf, type Token } from './tokens.ts';

/** Fields of a section, in the order in which they are written. */
export type Section = Record<string, unknown>;

/** @returns undefined where the message gets nothing */
export function secureOf(context: Context, message: Message): Section | undefined {
  const { binding, confirmation } = context.requirements;
  const { direction, timestamp, usernameToken, assertion, signature, encryption } = message;
  const symmetric = binding?.kind === 'Symmetric' && (signature ?? encryption) !== undefined;
  const section: Section = {
    ...(timestamp && { timestamp: {} }),
    ...(usernameToken && { usernameToken: usernameTokenOf(context, usernameToken.token) }),
    ...tokenOf(context, message),
    ...(!symmetric && signature && { signature: signatureOf(context, message, signature) }),
    ...endorsingOf(context, message),
    ...(!symmetric && encryption && { encryption: encryptionOf(context, message, encryption) }),
    ...(symmetric && symmetricSecure(context, message)),
  };
  reportUnsupported(context, message);
  if (confirmation && direction === 'output') confirm(context, section);
  if (assertion?.signed && binding?.kind !== 'Transport') {
    const { name, place } = assertion.assertion;
    context.findings.error(
      'NotExpressible',
      name,
      place,
      'a token that does not sign cannot be signed; ask the partner whether sp:SupportingTokens will do',
    );
  }
  if (Object.keys(section).length === 0) return undefined;
  return {
    ...(binding && binding.layout !== 'Lax' && { layout: binding.layout }),
    ...(binding?.order === 'EncryptThenSign' && { order: binding.order }),
    ...section,
  };
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

/** The token of a token service: one that supports, or the one that signs. */
function tokenOf(context: Context, { direction, signature, assertion }: Message): Section {
  const signs = signature?.token.kind === 'IssuedToken' ? signature.token : undefined;
  const token = signs ?? assertion?.token;
  if (token === undefined) return {};
  const at = fieldOf(direction, 'secure', 'securityToken');
  if (signs && assertion) {
    const { name, place } = assertion.assertion;
    context.findings.error(
      'NotExpressible',
      name,
      place,
      'a message gets one issued token, and another one signs it',
      at,
    );
  }
  if (token.kind !== 'IssuedToken') return {};
  return { securityToken: issuedToken(context, token, signs ? 'signs' : 'supports') };
}

function signatureOf(context: Context, message: Message, { token, parts }: Signing): Section {
  const { suite } = context.requirements.binding ?? {};
  const at = fieldOf(message.direction, 'secure', 'signature');
  const common: Section = {
    ...(suite && { digest: suite.digest }),
    ...(suite && suite.canonicalization !== 'ExclusiveC14N' && { canonicalization: suite.canonicalization }),
  };
  // The token decides whether a certificate's key or a secret signs, and the algorithm follows.
  if (token.kind === 'IssuedToken') return { ...common, keyIdentifier: 'SAMLAssertion', parts };
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

/** Tokens that this version cannot write. */
function reportUnsupported({ findings }: Context, { usernameToken, assertion, kerberos }: Message): void {
  if (assertion?.token.kind === 'SamlToken') {
    const { name, place } = assertion.token.assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      'assertions are not made here; use a SecurityTokenService and secure.securityToken if one issues them',
    );
  }
  if (kerberos) {
    const { name, place } = kerberos.token.assertion;
    findings.error('NotExpressible', name, place, 'Kerberos tickets are not sent; ask the partner for another token');
  }
  if (usernameToken?.token.derivedKeys) {
    const { name, place } = usernameToken.token.assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      'keys that are derived from the password are not used; ask the partner for another token',
    );
  }
}
