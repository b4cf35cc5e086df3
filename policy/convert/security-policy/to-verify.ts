/** What a message must bear -> `verify`: for whoever checks it. */

import { fieldOf, need, ownKey, partnerAuthority, type Context } from './context.ts';
import type { Message, Signing } from './message.ts';
import type { PartDraft } from './parts.ts';
import { isCertificate, type Section } from './to-secure.ts';
import type { Token } from './tokens.ts';

/** @returns undefined where nothing is demanded */
export function verifyOf(context: Context, message: Message): Section | undefined {
  const { binding, confirmation, supporting } = context.requirements;
  const { direction, timestamp, usernameToken, signature, encryption } = message;
  const symmetric = binding?.kind === 'Symmetric' && (signature ?? encryption) !== undefined;
  if (symmetric) reportSymmetric(context, message);
  const verified: Section = {
    ...(timestamp && { timestamp: {} }),
    ...(!symmetric && encryption && { decryption: decryptionOf(context, message, encryption) }),
    ...(!symmetric && signature && { signature: signatureOf(context, message, signature) }),
    ...(usernameToken && { usernameToken: usernameTokenOf(context, usernameToken.token) }),
  };
  reportUnsupported(context, message);
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
  const { suite } = context.requirements.binding ?? {};
  const { name, place } = token.assertion;
  const at = fieldOf(direction, 'verify', 'signature');
  if (!isCertificate(token)) {
    context.findings.error(
      'NotExpressible',
      name,
      place,
      'signatures of such tokens are not verified; demand an X.509 token',
      at,
    );
  }
  if (token.kind === 'KeyValueToken') {
    context.findings.note('Stricter', name, place, 'keys must be those of certificates that are trusted', at);
  }
  return {
    trustRefs: [partnerAuthority(context)],
    ...(!isDefault(parts, timestamp) && { requiredParts: parts.map(withoutMode) }),
    ...(suite && {
      accept: {
        algorithms: [`RSA-${suite.signatureHash}`],
        digests: [suite.digest],
        // Apache WSS4J takes that of the suite for SignedInfo only.
        canonicalizations: [...new Set([suite.canonicalization, 'ExclusiveC14N'])],
      },
    }),
  };
}

/** Body and Timestamp. */
function isDefault(parts: readonly PartDraft[], timestamp: boolean): boolean {
  const names = parts.map(({ part }) => part);
  return timestamp && names.length === 2 && names.includes('Body') && names.includes('Timestamp');
}

function withoutMode({ part, header, element, optional, mode }: PartDraft): PartDraft {
  if (part === 'Attachments') return { part, ...(mode && { mode }) };
  return {
    ...(part && { part }),
    ...(header && { header }),
    ...(element && { element }),
    ...(optional && { optional }),
  };
}

function decryptionOf(context: Context, { direction }: Message, { token, parts }: Signing): Section {
  const { binding } = context.requirements;
  const { suite } = binding ?? {};
  const at = fieldOf(direction, 'verify', 'decryption');
  if (!isCertificate(token)) {
    const { name, place } = token.assertion;
    context.findings.error(
      'NotExpressible',
      name,
      place,
      'messages are decrypted with the key of a certificate; demand an X.509 token',
      at,
    );
  }
  const cbc = suite?.dataAlgorithm.endsWith('-CBC') ?? false;
  const unsigned = cbc && binding?.order !== 'EncryptThenSign';
  if (unsigned) {
    context.comments.push({
      at: [...at, 'requireSignedEncryptedData'],
      text: 'The policy signs before it encrypts, so no signature covers the CBC ciphertext.',
    });
  }
  return {
    keyRefs: [ownKey(context)],
    ...(JSON.stringify(parts) !== JSON.stringify([{ part: 'Body', mode: 'Content' }]) && {
      requiredParts: parts.map(withoutBodyMode),
    }),
    ...(suite && { accept: { dataAlgorithms: [suite.dataAlgorithm], keyTransports: [suite.keyTransport] } }),
    ...(unsigned && { requireSignedEncryptedData: false }),
  };
}

const withoutBodyMode = (part: PartDraft): PartDraft => (part.part === 'Body' ? withoutMode(part) : part);

function usernameTokenOf(context: Context, token: Token): Section {
  const passwordType = token.has('NoPassword') ? 'None' : token.has('HashPassword') ? 'Digest' : 'Text';
  const name = need(context, 'Secret', 'users', 'a key for each user name, whose value is the password');
  return { usersRef: { name }, ...(passwordType !== 'Digest' && { passwordTypes: [passwordType] }) };
}

function reportSymmetric({ findings, requirements }: Context, { direction }: Message): void {
  const { binding } = requirements;
  if (!binding) return;
  const token = binding.tokens[direction].signature ?? binding.tokens[direction].encryption;
  const { name, place } = token && token.kind !== 'X509Token' ? token.assertion : binding.assertion;
  const message =
    direction === 'input'
      ? 'a key that comes with the message says nothing about its sender; demand an asymmetric binding'
      : 'answers under the key that the request brought are not read; ask the partner for an asymmetric binding';
  findings.error('NotExpressible', name, place, message);
}

/** Tokens that this version cannot verify. */
function reportUnsupported({ findings }: Context, { endorsing, usernameToken, assertion, kerberos }: Message): void {
  for (const each of endorsing) {
    const { name, place } = each.assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      'a signature over the signature is not demanded; let the backend check it',
    );
  }
  for (const each of [assertion, kerberos]) {
    if (each === undefined) continue;
    const { name, place } = each.token.assertion;
    findings.error('NotExpressible', name, place, 'such tokens are not verified; let the backend check them');
  }
  if (usernameToken?.token.derivedKeys) {
    const { name, place } = usernameToken.token.assertion;
    findings.error(
      'NotExpressible',
      name,
      place,
      'keys that are derived from the password are not used; demand another token',
    );
  }
}
