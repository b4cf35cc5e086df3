/** Whether the attachments of a message are protected as the policy demands. */

import { anyCovers } from '../byte-ranges.ts';
import { AttachmentsNotAllowedError, PartNotEncryptedError, PartNotSignedError } from '../errors.ts';
import type { AttachmentMode, AttachmentsPart, VerifySettings } from '../settings.ts';
import type { SoapMessage } from '../soap.ts';
import type { GoodSignature, Verification } from '../verification.ts';
import { keptAttachments, type KeptAttachments } from './kept.ts';

/** Whether a signature covers all that a message has of attachments, and if it must not be none, there is one. */
export function areAttachmentsSigned(state: Verification, signature: GoodSignature, part: AttachmentsPart): boolean {
  const { kept, included } = keptBy(state);
  if (kept.length === included.size && !part.optional) return false;
  return kept.every((position) => isSigned(state, signature, position, part.mode));
}

/**
 * Holds the message against `verify.attachments`.
 *
 * @param decisive the signature that covers the required parts
 * @throws AttachmentsNotAllowedError, PartNotSignedError
 */
export function checkAttachments(state: Verification, decisive: GoodSignature | undefined): void {
  if (state.message.attachments === undefined) return;
  const rule = ruleOf(state.settings);
  const { kept } = keptBy(state);
  if (rule === 'Pass' || kept.length === 0) return;
  if (rule === 'Refuse') refuse();
  if (decisive === undefined || !kept.every((position) => isSigned(state, decisive, position, 'Content'))) {
    throw new PartNotSignedError(
      'the message has an attachment that the signature does not cover; verify.attachments: Pass would let it in',
    );
  }
}

/** The same for a message without a Security header, which proves nothing. @throws AttachmentsNotAllowedError */
export function checkBareAttachments({ attachments }: SoapMessage, settings: VerifySettings): void {
  if (attachments !== undefined && attachments.parts.length > 0 && ruleOf(settings) !== 'Pass') refuse();
}

function ruleOf({ attachments, signature }: VerifySettings): NonNullable<VerifySettings['attachments']> {
  return attachments ?? (signature === undefined ? 'Pass' : 'Signed');
}

function refuse(): never {
  throw new AttachmentsNotAllowedError('the message has attachments, and verify.attachments lets none in');
}

/** @throws PartNotEncryptedError when `verify.decryption.requiredParts` demands attachments that came in the clear */
export function checkEncryptedAttachments(state: Verification, part: AttachmentsPart | undefined): void {
  if (part === undefined) return;
  const { kept, included } = keptBy(state);
  const own = kept.filter((position) => !included.has(position));
  const encrypted = own.every((position) => {
    const mode = state.decryptedAttachments.get(position);
    return mode === 'Complete' || (mode === 'Content' && part.mode === 'Content');
  });
  if ((own.length === 0 && !part.optional) || !encrypted) {
    throw new PartNotEncryptedError(`Attachments (${part.mode}) are not encrypted`);
  }
}

/** Whether something in the element came in a part of its own, in the clear. */
export function hasClearInclude({ message, decryptedAttachments }: Verification, element: number): boolean {
  for (const [include, position] of message.includes ?? []) {
    const inside = include > element && include < message.index.subtreeEnd(element);
    if (inside && !decryptedAttachments.has(position)) return true;
  }
  return false;
}

function keptBy({ message, settings, security }: Verification): KeptAttachments {
  return keptAttachments(message, settings.removeSecurityHeader ? security : -1);
}

/** Through a Reference to it, or as the text of an element that is signed. */
function isSigned(state: Verification, signature: GoodSignature, position: number, mode: AttachmentMode): boolean {
  const covered = signature.attachments?.get(position);
  if (covered === 'Complete' || (covered === 'Content' && mode === 'Content')) return true;
  for (const [element, included] of state.message.includes ?? []) {
    if (included === position && anyCovers(signature.signed, state.rangeOf(element))) return true;
  }
  return false;
}
