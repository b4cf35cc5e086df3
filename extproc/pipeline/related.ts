/** Multipart messages on their way into the engine and out of it. */

import { MultipartLimitError } from '../mime/errors.ts';
import type { MediaType } from '../mime/media-type.ts';
import { parseMediaType } from '../mime/media-type.ts';
import { parseRelated, writeRelated, type RelatedMessage, type WrittenMessage } from '../mime/multipart.ts';
import type { RelatedType } from '../mime/related.ts';
import { Attachments } from '../wss/attachments/attachments.ts';
import { keptAttachments } from '../wss/attachments/kept.ts';
import type { SoapMessage, SoapVersion } from '../wss/soap.ts';
import { charsetProblem, soapVersionOfType } from './entity.ts';
import { CharsetError, ContentTypeError } from './errors.ts';

/** Bounds on the attachments of a message. */
export interface AttachmentLimits {
  readonly maxAttachments: number;
  /** Octets of one, as it came. */
  readonly maxAttachmentBytes: number;
}

/** A multipart message taken apart. */
export interface OpenedMessage extends RelatedMessage {
  readonly type: RelatedType;
  /** What the type of the root part says of its envelope. */
  readonly soapVersion: SoapVersion;
  readonly opened: Attachments;
}

/**
 * Takes a multipart message apart, and looks what its root part is: an envelope (SOAP with Attachments), or one whose
 * binary content is in parts of its own (XOP), which says in its `type` what it is without that.
 *
 * @throws MimeError, ContentTypeError, CharsetError
 */
export function openRelated(body: Buffer, type: RelatedType, limits: AttachmentLimits): OpenedMessage {
  const message = parseRelated(body, type, limits.maxAttachments);
  const { rootType, attachments } = message;
  if (attachments.some((part) => part.body.length > limits.maxAttachmentBytes)) {
    throw new MultipartLimitError(`an attachment is larger than ${limits.maxAttachmentBytes} bytes`);
  }
  const problem = charsetProblem(rootType.parameters.get('charset'));
  if (problem !== undefined) throw new CharsetError(problem);
  return { ...message, type, soapVersion: versionOf(rootType, type), opened: new Attachments(attachments) };
}

const XOP_PACKAGE = 'application/xop+xml';

function versionOf(rootType: MediaType, type: RelatedType): SoapVersion {
  const said = rootType.essence === XOP_PACKAGE ? rootType.parameters.get('type') : rootType.essence;
  const essence = said === undefined ? '' : parseMediaType(said).essence;
  const startInfo = type.parameters.get('start-info');
  if (rootType.essence === XOP_PACKAGE && startInfo !== undefined && parseMediaType(startInfo).essence !== essence) {
    throw new ContentTypeError('the start-info of the multipart message and the type of its root part differ');
  }
  const version = soapVersionOfType(essence);
  if (version === undefined) throw new ContentTypeError('the root part of the multipart message is not SOAP');
  return version;
}

/**
 * Puts a multipart message together again.
 *
 * @param final the scan of what its root part is now, with the attachments as they are now
 */
export function closeRelated({ root, type }: OpenedMessage, final: SoapMessage): WrittenMessage {
  const { attachments, index } = final;
  const kept = new Set(keptAttachments(final, -1).kept);
  const others = attachments?.parts.filter((_part, position) => kept.has(position)) ?? [];
  return writeRelated([root.withContent(root.headers, index.bytes), ...others], type);
}
