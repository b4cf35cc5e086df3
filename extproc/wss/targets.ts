/** Which parts of a policy a message holds, before anything of it is changed. */

import { PartMissingError } from './errors.ts';
import { describePart, findPart } from './parts.ts';
import type { Part } from './settings.ts';
import type { SoapMessage } from './soap.ts';

/** Blocks that we are about to write and that a policy can name as parts. */
export type OwnPart = 'Timestamp' | 'UsernameToken' | 'Token' | 'Assertion' | 'Signature';

export interface FoundParts {
  /** Elements of the message, each with the mode its part asks for; one element can come twice. */
  readonly elements: readonly { readonly element: number; readonly mode: Part['mode'] }[];
  /** Blocks of ours. */
  readonly own: ReadonlyMap<OwnPart, Part['mode']>;
}

export const NO_PARTS: FoundParts = { elements: [], own: new Map() };

/**
 * Finds the parts that are to be protected.
 *
 * @param security our actor's Security header in the message, or -1
 * @param own the blocks that we are about to write and that can be protected
 * @throws {PartMissingError} when a part that is not optional is nowhere
 */
export function findParts(
  message: SoapMessage,
  security: number,
  parts: readonly Part[],
  own: ReadonlySet<OwnPart>,
): FoundParts {
  const elements: { element: number; mode: Part['mode'] }[] = [];
  const blocks = new Map<OwnPart, Part['mode']>();
  for (const part of parts) {
    const isOwn = isOwnPart(part.kind) && own.has(part.kind);
    if (isOwnPart(part.kind) && isOwn) blocks.set(part.kind, part.mode);
    const found = findPart(message, security, part);
    for (const element of found) elements.push({ element, mode: part.mode });
    if (!isOwn && found.length === 0 && !part.optional) {
      throw new PartMissingError(`The message has no ${describePart(part)} to protect`);
    }
  }
  return { elements, own: blocks };
}

const OWN_PARTS: ReadonlySet<Part['kind']> = new Set<OwnPart>([
  'Timestamp',
  'UsernameToken',
  'Token',
  'Assertion',
  'Signature',
]);

function isOwnPart(kind: Part['kind']): kind is OwnPart {
  return OWN_PARTS.has(kind);
}
