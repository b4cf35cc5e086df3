/** Whether what had to be encrypted was encrypted. */

import { hasClearInclude } from '../attachments/required.ts';
import { anyCovers, type ByteRange } from '../byte-ranges.ts';
import { PartNotEncryptedError } from '../errors.ts';
import { describePart, findPart } from '../parts.ts';
import type { DecryptionSettings, Part } from '../settings.ts';
import type { Verification } from '../verification.ts';

/** @throws PartNotEncryptedError when a required part came in the clear, wholly or partly, or is not in the message */
export function checkEncryptedParts(state: Verification, settings: DecryptionSettings): void {
  for (const part of settings.requiredParts) {
    const elements = findPart(state.message, state.security, part);
    if (elements.length === 0 && part.optional) continue;
    if (elements.length === 0 || !elements.every((element) => isEncrypted(state, element, part))) {
      throw new PartNotEncryptedError(`${describePart(part)} is not encrypted`);
    }
  }
}

function isEncrypted(state: Verification, element: number, part: Part): boolean {
  if (hasClearInclude(state, element)) return false;
  if (anyCovers(state.decrypted, state.rangeOf(element))) return true;
  return part.mode === 'Content' && isContentEncrypted(state, element);
}

/** Whether all there is between start and end tag, but for white space, came out of encrypted data. */
function isContentEncrypted(state: Verification, element: number): boolean {
  const { index } = state.message;
  const content = { start: index.contentStart(element), end: index.contentEnd(element) };
  const inside = state.decrypted.filter((range) => content.start <= range.start && range.end <= content.end);
  if (inside.length === 0) return anyCovers(state.decrypted, content);
  inside.sort((a, b) => a.start - b.start);
  let clear = content.start;
  for (const range of inside) {
    if (range.start > clear && !isWhiteSpace(index.bytes, { start: clear, end: range.start })) return false;
    clear = Math.max(clear, range.end);
  }
  return isWhiteSpace(index.bytes, { start: clear, end: content.end });
}

function isWhiteSpace(bytes: Buffer, range: ByteRange): boolean {
  for (let at = range.start; at < range.end; at++) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return false;
  }
  return true;
}
