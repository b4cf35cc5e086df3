/** Which attachments `secure` signs and encrypts, and the References to those that it signs. */

import { cidOf } from '../../mime/content-id.ts';
import { digests } from '../algorithms.ts';
import { AttachmentsNotAllowedError, PartMissingError } from '../errors.ts';
import { OWN_LIMITS } from '../own-limits.ts';
import type { AttachmentsPart, SecureSettings, SignatureSettings } from '../settings.ts';
import type { Reference } from '../signature/sign.ts';
import type { SoapMessage } from '../soap.ts';
import { digestAttachment } from './digest.ts';
import { idOf } from './encrypt.ts';

/**
 * Looks whether the attachments of a message are those that the policy has a part for, before anything is computed.
 *
 * @throws PartMissingError when the policy protects attachments and there are none; AttachmentsNotAllowedError when
 *   there are some that would stay without protection
 */
export function checkAttachmentParts(message: SoapMessage, settings: SecureSettings): void {
  const { signature, encryption, attachments } = settings;
  const parts = [signature?.attachments, encryption?.attachments].filter((part) => part !== undefined);
  const any = attachmentPositions(message).length > 0;
  if (!any && parts.some(({ optional }) => !optional)) {
    throw new PartMissingError('The message has no Attachments to protect');
  }
  if (any && parts.length === 0 && (signature ?? encryption) !== undefined && attachments !== 'Pass') {
    throw new AttachmentsNotAllowedError(
      'the message has attachments that the policy neither signs nor encrypts; name the part Attachments, or set secure.attachments: Pass',
    );
  }
}

/** Positions of the attachments: what an xop:Include puts into the envelope is protected as part of that. */
export function attachmentPositions({ attachments, includes }: SoapMessage): number[] {
  const included = new Set(includes?.values());
  return [...(attachments?.parts.keys() ?? [])].filter(
    (position) => !included.has(position) && !attachments?.included.has(position),
  );
}

/** A message with attachments of its own, which can be replaced without changing those of the first. */
export function withOwnAttachments(message: SoapMessage): SoapMessage {
  return message.attachments === undefined ? message : { ...message, attachments: message.attachments.copy() };
}

/**
 * The References of a signature to all attachments (SwA profile 1.1 §4).
 *
 * @throws PartMissingError for one without a Content-ID; XmlError, MimeError for one without a canonical form
 */
export function attachmentReferences(message: SoapMessage, signature: SignatureSettings): Reference[] {
  const part: AttachmentsPart | undefined = signature.attachments;
  if (part === undefined) return [];
  return attachmentPositions(message).flatMap((position) => {
    const attachment = message.attachments?.parts[position];
    if (attachment === undefined) return [];
    const digest = digestAttachment(attachment, part.mode, digests[signature.digest].hash, OWN_LIMITS);
    const id = cidOf(idOf(attachment));
    return [{ id, token: false, prefixes: [], digest: digest.toString('base64'), attachment: part.mode }];
  });
}
