/** Attachments in words, for decision logs and explanations. */

import { cidOf } from '../../mime/content-id.ts';
import type { AttachmentMode } from '../settings.ts';
import type { Attachments } from './attachments.ts';

/** Names an attachment by its URL, or by its number where it has none, e.g. `attachment cid:photo@x`. */
export function nameAttachment(attachments: Attachments | undefined, position: number): string {
  const id = attachments?.parts[position]?.contentId;
  return id === undefined ? `attachment ${position + 1}` : `attachment ${cidOf(id)}`;
}

/** The same with how much of it is meant, e.g. `attachment cid:photo@x (Complete)`. */
export function describeAttachment(
  attachments: Attachments | undefined,
  position: number,
  mode: AttachmentMode,
): string {
  return `${nameAttachment(attachments, position)} (${mode})`;
}
