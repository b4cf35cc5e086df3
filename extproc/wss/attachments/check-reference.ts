import { timingSafeEqual } from 'node:crypto';
import { digests } from '../algorithms.ts';
import { DigestMismatchError, ReferenceUnresolvedError } from '../errors.ts';
import type { AttachmentMode } from '../settings.ts';
import type { SignedTarget } from '../signature/reference.ts';
import type { SignatureReference } from '../signature/signed-info.ts';
import type { Verification } from '../verification.ts';
import { digestAttachment } from './digest.ts';

/**
 * Compares the digest of a ds:Reference to an attachment (SwA profile 1.1 §4).
 *
 * @throws ReferenceUnresolvedError when it names no attachment of this message; DigestMismatchError; XmlError and
 *   MimeError when the attachment has no canonical form
 */
export function checkAttachmentReference(
  { message, context }: Verification,
  { id, digest, digestValue }: SignatureReference,
  mode: AttachmentMode,
): SignedTarget {
  const position = message.attachments?.find(id);
  const part = position === undefined ? undefined : message.attachments?.parts[position];
  if (position === undefined || part === undefined) {
    throw new ReferenceUnresolvedError('a Reference names an attachment that the message does not have');
  }
  const computed = digestAttachment(part, mode, digests[digest].hash, context.limits);
  if (computed.length !== digestValue.length || !timingSafeEqual(computed, digestValue)) {
    throw new DigestMismatchError(`the digest of the attachment ${JSON.stringify(id)} does not match`);
  }
  return { attachment: { position, mode } };
}
