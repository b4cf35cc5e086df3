/** Whether what had to be signed was signed. */

import { areAttachmentsSigned } from '../attachments/required.ts';
import { anyCovers, type ByteRange } from '../byte-ranges.ts';
import { PartNotSignedError, SignatureMissingError } from '../errors.ts';
import { describePart, findPart } from '../parts.ts';
import type { Part, VerifySignatureSettings } from '../settings.ts';
import type { GoodSignature, Verification } from '../verification.ts';

/**
 * Finds the one signature that covers every required part; its signer is who sent the message.
 *
 * One signature must cover them all: parts that are signed by several signatures could have been put together from
 * several messages, each genuine, by someone who signed none of them.
 *
 * @throws SignatureMissingError, PartNotSignedError (also when a required part is not in the message)
 */
export function findDecisiveSignature(state: Verification, settings: VerifySignatureSettings): GoodSignature {
  if (state.signatures.length === 0) throw new SignatureMissingError('the Security header has no Signature');
  let missing: string | undefined;
  for (const signature of state.signatures) {
    const unsigned = settings.requiredParts.find((part) => !isPartSigned(state, signature, part));
    const attachments =
      settings.attachments === undefined || areAttachmentsSigned(state, signature, settings.attachments);
    if (unsigned === undefined && attachments) return signature;
    missing ??= unsigned === undefined ? 'Attachments' : describePart(unsigned);
  }
  const name = missing ?? 'a part';
  throw new PartNotSignedError(`no signature covers all required parts: ${name} is not signed`);
}

/** Whether a signature covers every element of a part, whole. */
export function isPartSigned(state: Verification, signature: GoodSignature, part: Part): boolean {
  if (part.kind === 'Token') return signature.tokenSigned;
  const ranges = findPart(state.message, state.security, part).map((element) => state.rangeOf(element));
  // A signature does not cover itself.
  const others = part.kind === 'Signature' ? ranges.filter((range) => !isSame(range, signature.element)) : ranges;
  if (others.length === 0) return part.optional;
  return others.every((range) => anyCovers(signature.signed, range));
}

function isSame(range: ByteRange, other: ByteRange | undefined): boolean {
  return range.start === other?.start;
}
