import type { Part as PolicyPart } from '../../crds/types.ts';
import type { AttachmentsPart, Part } from '../wss/settings.ts';

/** The parts of a signature: always whole elements. */
export function signedParts(parts: readonly PolicyPart[]): Part[] {
  return parts.filter(({ part }) => part !== 'Attachments').map((part) => compilePart(part, 'Element'));
}

/** The parts of an encryption: of the Body and of elements in it the content, unless the policy says otherwise. */
export function encryptedParts(parts: readonly PolicyPart[]): Part[] {
  return parts.flatMap((part) => {
    if (part.part === 'Attachments') return [];
    const mode = part.part === 'Body' || part.element !== undefined ? 'Content' : 'Element';
    return [compilePart(part, part.mode === 'Content' || part.mode === 'Element' ? part.mode : mode)];
  });
}

/** The part Attachments of a list, which is found in no place of the envelope. */
export function attachmentsPart(parts: readonly PolicyPart[]): { readonly attachments?: AttachmentsPart } {
  const found = parts.find(({ part }) => part === 'Attachments');
  if (found === undefined) return {};
  return { attachments: { mode: found.mode === 'Complete' ? 'Complete' : 'Content', optional: found.optional } };
}

function compilePart({ part, header, element, optional }: PolicyPart, mode: Part['mode']): Part {
  if (header !== undefined) return { kind: 'Header', ...header, mode, optional };
  if (element !== undefined) return { kind: 'Element', ...element, mode, optional };
  return { kind: part === undefined || part === 'Attachments' ? 'Body' : part, mode, optional };
}
