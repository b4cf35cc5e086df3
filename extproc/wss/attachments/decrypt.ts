/** The checking side of EncryptedData for attachments (SwA profile 1.1 §5). */

import { parseMediaType } from '../../mime/media-type.ts';
import { readPartHeader } from '../../mime/part-header.ts';
import type { MimeHeader, MimePart } from '../../mime/part.ts';
import { covers, type ByteRange } from '../byte-ranges.ts';
import { DecryptionFailedError, InvalidStructureError, ReferenceUnresolvedError } from '../errors.ts';
import { ATTACHMENT_CIPHERTEXT, DS, TYPE_ATTACHMENT_COMPLETE, TYPE_ATTACHMENT_CONTENT, XENC } from '../namespaces.ts';
import type { AttachmentMode } from '../settings.ts';
import { requiredAttribute, requiredChild } from '../structure.ts';
import type { Verification } from '../verification.ts';
import { PROTECTED_HEADERS } from './canonical-headers.ts';

/** An attachment that an EncryptedData is for. */
export interface EncryptedAttachment {
  readonly position: number;
  readonly part: MimePart;
  readonly mode: AttachmentMode;
  /** Content-Type that the attachment had, of mode Content. */
  readonly mimeType?: string;
}

/**
 * Reads which attachment an EncryptedData is for.
 *
 * @returns undefined for one that stands for something in the envelope
 * @throws InvalidStructureError, ReferenceUnresolvedError
 */
export function findEncryptedAttachment(state: Verification, element: number): EncryptedAttachment | undefined {
  const { index, attachments } = state.message;
  const type = index.attribute(element, '', 'Type');
  if (type !== TYPE_ATTACHMENT_CONTENT && type !== TYPE_ATTACHMENT_COMPLETE) return undefined;
  if (index.parent(element) !== state.security) {
    throw new InvalidStructureError('an EncryptedData for an attachment is not in our Security header');
  }
  const data = requiredChild(index, element, XENC, 'CipherData');
  const reference = requiredChild(index, data, XENC, 'CipherReference');
  const transforms = requiredChild(index, reference, XENC, 'Transforms');
  const transform = requiredChild(index, transforms, DS, 'Transform');
  if (
    [data, reference, transforms].some((parent) => index.children(parent).length > 1) ||
    requiredAttribute(index, transform, 'Algorithm') !== ATTACHMENT_CIPHERTEXT
  ) {
    throw new InvalidStructureError('a CipherReference does not go through the Attachment-Ciphertext-Transform alone');
  }
  const position = attachments?.find(requiredAttribute(index, reference, 'URI'));
  const part = position === undefined ? undefined : attachments?.parts[position];
  if (position === undefined || part === undefined) {
    throw new ReferenceUnresolvedError('a CipherReference names an attachment that the message does not have');
  }
  if (state.decryptedAttachments.has(position)) {
    throw new InvalidStructureError('two EncryptedData are for the same attachment');
  }
  const mimeType = index.attribute(element, '', 'MimeType');
  if (type === TYPE_ATTACHMENT_COMPLETE || !mimeType) return { position, part, mode: modeOf(type) };
  // It becomes a header.
  if (!/^[\x20-\x7e]+$/.test(mimeType)) throw new InvalidStructureError('MimeType is not a media type');
  parseMediaType(mimeType);
  return { position, part, mode: 'Content', mimeType };
}

function modeOf(type: string): AttachmentMode {
  return type === TYPE_ATTACHMENT_COMPLETE ? 'Complete' : 'Content';
}

/** Whether one verified signature covers the encrypted attachment and what says how it is encrypted. */
export function isAttachmentSigned({ signatures }: Verification, position: number, source: ByteRange): boolean {
  return signatures.some(
    ({ attachments, signed }) => attachments?.has(position) && signed.some((range) => covers(range, source)),
  );
}

/**
 * Puts what was decrypted in the place of an attachment.
 *
 * A signature over the encrypted attachment covers what comes out of it if nobody else could have chosen that: with GCM,
 * whose tag fits one key alone, and where the signature covers the EncryptedData too.
 *
 * @param source the EncryptedData
 * @throws DecryptionFailedError when it is no part of this message's
 */
export function putAttachment(
  state: Verification,
  { position, part, mode, mimeType }: EncryptedAttachment,
  plaintext: Buffer,
  authenticated: boolean,
  source: ByteRange,
): void {
  const { attachments: present } = state.message;
  // What it stands for may have been found signed already, and without a tag it would now become anything.
  if (!authenticated && present?.included.has(position)) {
    throw new InvalidStructureError('a part that an xop:Include stands for is encrypted without integrity');
  }
  present?.replace(
    position,
    mode === 'Complete' ? completePart(part, plaintext) : part.withContent(typed(part.headers, mimeType), plaintext),
  );
  state.decryptedAttachments.set(position, mode);
  state.signatures = state.signatures.map((signature) => {
    const signed = signature.attachments?.get(position);
    if (signature.attachments === undefined || signed === undefined) return signature;
    const attachments = new Map(signature.attachments);
    const described = signature.signed.some((range) => covers(range, source));
    if (!authenticated && !described) attachments.delete(position);
    else if (mode === 'Complete') attachments.set(position, 'Complete');
    else if (!described) attachments.set(position, 'Content');
    return { ...signature, attachments };
  });
}

function typed(headers: readonly MimeHeader[], mimeType: string | undefined): readonly MimeHeader[] {
  if (mimeType === undefined) return headers;
  const others = headers.filter(({ name }) => name.toLowerCase() !== 'content-type');
  return [...others, { name: 'Content-Type', value: mimeType }];
}

const PROTECTED: ReadonlySet<string> = new Set(PROTECTED_HEADERS.map((name) => name.toLowerCase()));

/** Headers that encryption protects come out of it; the id must be the one by which the attachment was found. */
function completePart(part: MimePart, plaintext: Buffer): MimePart {
  const failed = (cause: unknown) => new DecryptionFailedError('decryption failed', { cause });
  let header;
  try {
    header = readPartHeader(plaintext);
  } catch (error) {
    throw failed(error);
  }
  if (header.contentId !== undefined && header.contentId !== part.contentId) {
    throw failed(new Error('an encrypted attachment has another Content-ID inside'));
  }
  if (header.headers.some(({ name }) => !PROTECTED.has(name.toLowerCase()))) {
    throw failed(new Error('an encrypted attachment has headers inside that do not belong there'));
  }
  const outside = part.headers.filter(({ name }) => {
    const lower = name.toLowerCase();
    return !PROTECTED.has(lower) || (lower === 'content-id' && header.contentId === undefined);
  });
  return part.withContent([...header.headers, ...outside], plaintext.subarray(header.end));
}
