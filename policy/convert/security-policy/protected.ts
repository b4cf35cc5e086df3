/** How `verify` says what was signed and encrypted, and with which algorithms: the same for all bindings. */

import { fieldOf, ownKey, type Context } from './context.ts';
import type { PartDraft } from './parts.ts';
import type { Direction } from './side.ts';
import type { Section } from './to-secure.ts';

/** `requiredParts`, unless they are the default. */
export function signedParts(parts: readonly PartDraft[], timestamp: boolean): Section {
  const names = parts.map(({ part }) => part);
  const isDefault = timestamp && names.length === 2 && names.includes('Body') && names.includes('Timestamp');
  return isDefault ? {} : { requiredParts: parts.map(withoutMode) };
}

/** @param family of the signature algorithm */
export function signatureAccept({ requirements }: Context, family: 'RSA' | 'HMAC'): Section {
  const { suite } = requirements.binding ?? {};
  if (suite === undefined) return {};
  return {
    accept: {
      algorithms: [`${family}-${suite.signatureHash}`],
      digests: [suite.digest],
      // Apache WSS4J takes that of the suite for SignedInfo only.
      canonicalizations: [...new Set([suite.canonicalization, 'ExclusiveC14N'])],
    },
  };
}

/**
 * @param parts that must be encrypted
 * @param own whether the message brings a key that was encrypted for our certificate
 */
export function decryptionOf(
  context: Context,
  direction: Direction,
  parts: readonly PartDraft[],
  own: boolean,
): Section {
  const { binding } = context.requirements;
  const { suite } = binding ?? {};
  const cbc = suite?.dataAlgorithm.endsWith('-CBC') ?? false;
  const unsigned = cbc && binding?.order !== 'EncryptThenSign';
  if (unsigned) {
    context.comments.push({
      at: fieldOf(direction, 'verify', 'decryption', 'requireSignedEncryptedData'),
      text: 'The policy signs before it encrypts, so no signature covers the CBC ciphertext.',
    });
  }
  return {
    ...(own && { keyRefs: [ownKey(context)] }),
    ...(JSON.stringify(parts) !== JSON.stringify([{ part: 'Body', mode: 'Content' }]) && {
      requiredParts: parts.map(withoutBodyMode),
    }),
    ...(suite && { accept: { dataAlgorithms: [suite.dataAlgorithm], keyTransports: [suite.keyTransport] } }),
    ...(unsigned && { requireSignedEncryptedData: false }),
  };
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

const withoutBodyMode = (part: PartDraft): PartDraft => (part.part === 'Body' ? withoutMode(part) : part);
