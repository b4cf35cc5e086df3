import type { Part as PolicyPart } from '../../crds/types.ts';
import type { Part } from '../wss/settings.ts';

/** The parts of a signature: always whole elements. */
export function signedParts(parts: readonly PolicyPart[]): Part[] {
  return parts.map((part) => compilePart(part, 'Element'));
}

/** The parts of an encryption: of the Body and of elements in it the content, unless the policy says otherwise. */
export function encryptedParts(parts: readonly PolicyPart[]): Part[] {
  return parts.map((part) =>
    compilePart(part, part.mode ?? (part.part === 'Body' || part.element !== undefined ? 'Content' : 'Element')),
  );
}

function compilePart({ part, header, element, optional }: PolicyPart, mode: Part['mode']): Part {
  if (header !== undefined) return { kind: 'Header', ...header, mode, optional };
  if (element !== undefined) return { kind: 'Element', ...element, mode, optional };
  return { kind: part ?? 'Body', mode, optional };
}
