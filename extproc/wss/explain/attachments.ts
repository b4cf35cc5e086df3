/** What `explain` says of attachments: how each is protected, and why the digest of one does not match. */

import { hash as hashOf } from 'node:crypto';
import { digests } from '../algorithms.ts';
import { describeAttachment, nameAttachment } from '../attachments/describe.ts';
import { digestAttachment } from '../attachments/digest.ts';
import { checkAttachments } from '../attachments/required.ts';
import type { AttachmentMode } from '../settings.ts';
import { findDecisiveSignature } from '../signature/required-parts.ts';
import type { SignatureReference } from '../signature/signed-info.ts';
import type { GoodSignature, Verification } from '../verification.ts';
import { attempt, type Finding } from './finding.ts';

/** Attachments that are named one by one. */
const MAX_NAMED = 20;

/** One finding on all attachments of a message that has any: how they came, and whether `verify.attachments` lets them in. */
export function explainAttachments(state: Verification, findings: Finding[]): void {
  const { attachments } = state.message;
  if (attachments === undefined || attachments.parts.length === 0) return;
  const positions = [...attachments.parts.keys()];
  const named = positions.slice(0, MAX_NAMED).map((position) => describe(state, position));
  const more = positions.length - named.length;
  const all = [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
  attempt(
    findings,
    'Attachments',
    () => checkAttachments(state, decisiveSignature(state)),
    () => all,
    () => `They came as: ${all}.`,
  );
}

function describe({ message, signatures, decryptedAttachments }: Verification, position: number): string {
  const { attachments } = message;
  const facts = signatures.flatMap(({ attachments: signed }) => {
    const mode = signed?.get(position);
    return mode === undefined ? [] : [`signed (${mode})`];
  });
  const decrypted = decryptedAttachments.get(position);
  if (decrypted !== undefined) facts.push(`encrypted (${decrypted})`);
  if (attachments?.included.has(position)) facts.push('named by an xop:Include, part of the element that holds it');
  return `${nameAttachment(attachments, position)}: ${facts.join(', ') || 'not protected'}`;
}

function decisiveSignature(state: Verification): GoodSignature | undefined {
  const { signature } = state.settings;
  if (signature === undefined) return undefined;
  try {
    return findDecisiveSignature(state, signature);
  } catch {
    // Already said among the required parts.
    return undefined;
  }
}

/** The attachments that good signatures cover. */
export function signedAttachments({ message, signatures }: Verification): string[] {
  return signatures.flatMap(({ attachments = new Map<number, AttachmentMode>() }) =>
    [...attachments].map(([position, mode]) => describeAttachment(message.attachments, position, mode)),
  );
}

/** Why the digest of an attachment does not match: what senders are known to digest instead is tried out. */
export function attachmentCause(
  { message, context }: Verification,
  { id, attachment: mode, digest, digestValue }: SignatureReference,
): string {
  const position = message.attachments?.find(id);
  const part = position === undefined ? undefined : message.attachments?.parts[position];
  if (part !== undefined && mode !== undefined) {
    const { hash } = digests[digest];
    const other = mode === 'Complete' ? 'Content' : 'Complete';
    try {
      if (hashOf(hash, part.content(), 'buffer').equals(digestValue)) {
        return 'The sender digested its octets as they are: neither headers nor the canonical form of text and XML.';
      }
      if (hashOf(hash, part.body, 'buffer').equals(digestValue)) {
        return 'The sender digested it under its Content-Transfer-Encoding, which is to be undone first.';
      }
      if (digestAttachment(part, other, hash, context.limits).equals(digestValue)) {
        return `The transform says ${mode}, and the sender digested what ${other} means.`;
      }
    } catch {
      // Without a canonical form nothing else can be tried.
    }
  }
  const headers = mode === 'Complete' ? ', or its headers were not those that were signed' : '';
  return `The attachment was changed after signing${headers}.`;
}
