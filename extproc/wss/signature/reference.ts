/** The digest of one ds:Reference, and what of the message it proves. */

import { hash as hashOf, timingSafeEqual } from 'node:crypto';
import { canonicalize, digestCanonical } from '../../xml/c14n.ts';
import { digests } from '../algorithms.ts';
import type { ByteRange } from '../byte-ranges.ts';
import { DigestMismatchError, InvalidStructureError, KeyNotFoundError } from '../errors.ts';
import { findTokenByHash } from '../kerberos/token.ts';
import { elementById, readTokenReference, type KeyHint } from '../key-info/read.ts';
import { assertionElement } from '../saml/token.ts';
import { WSSE } from '../namespaces.ts';
import { checkAttachmentReference } from '../attachments/check-reference.ts';
import type { AttachmentMode, VerifySignatureSettings } from '../settings.ts';
import type { Verification } from '../verification.ts';
import type { SignatureReference } from './signed-info.ts';
import { findChain } from './signer.ts';
import { externalTokenOctets, tokenCanonicalization } from './str-transform.ts';

/** What a good Reference proves to be signed. */
export interface SignedTarget {
  /** A whole element of the message; absent for a token that is not in the message. */
  readonly range?: ByteRange;
  /** SHA-256 fingerprint of the certificate that an STR-Transform came to. */
  readonly fingerprint?: string;
  readonly attachment?: { readonly position: number; readonly mode: AttachmentMode };
}

/**
 * Resolves a Reference to one element of this message and compares its digest.
 *
 * @throws DigestMismatchError; ReferenceUnresolvedError, DuplicateIdError when the id does not name exactly one element;
 *   KeyNotFoundError when an STR-Transform names a token that nobody has; XmlError when there is no canonical form
 */
export function checkReference(
  state: Verification,
  settings: VerifySignatureSettings,
  reference: SignatureReference,
): SignedTarget {
  if (reference.attachment !== undefined) return checkAttachmentReference(state, reference, reference.attachment);
  const element = elementById(state.message.index, reference.id);
  const { digest, target } = reference.dereference
    ? digestToken(state, settings, reference, element)
    : digestElement(state, reference, element);
  if (digest.length !== reference.digestValue.length || !timingSafeEqual(digest, reference.digestValue)) {
    throw new DigestMismatchError(`the digest of the element with id ${JSON.stringify(reference.id)} does not match`);
  }
  return target;
}

interface Digested {
  readonly digest: Buffer;
  readonly target: SignedTarget;
}

function digestElement(state: Verification, reference: SignatureReference, element: number): Digested {
  // A same-document reference by id leaves comments out, whatever its transform says (XML Signature 1.1 §4.4.3.3).
  const options = { ...reference.canonicalization, comments: false };
  const digest = digestCanonical(state.message.index, element, options, digests[reference.digest].hash);
  return { digest, target: { range: state.rangeOf(element) } };
}

function digestToken(
  state: Verification,
  settings: VerifySignatureSettings,
  reference: SignatureReference,
  element: number,
): Digested {
  const { index } = state.message;
  const { hash } = digests[reference.digest];
  if (!index.is(element, WSSE, 'SecurityTokenReference')) {
    throw new InvalidStructureError('an STR-Transform is applied to something that is no SecurityTokenReference');
  }
  for (const hint of readTokenReference(index, element)) {
    const token = hint.kind === 'certificates' ? hint.token : elementOf(state, hint);
    const chain = settings.trust === undefined ? undefined : findChain(settings.trust, hint);
    const fingerprint = chain?.[0].fingerprint;
    if (token !== -1) {
      const options = tokenCanonicalization(reference.canonicalization);
      const digest = hashOf(hash, canonicalize(index, token, options), 'buffer');
      return { digest, target: { range: state.rangeOf(token), fingerprint } };
    }
    if (chain !== undefined) {
      return { digest: hashOf(hash, externalTokenOctets(index, element, chain[0]), 'buffer'), target: { fingerprint } };
    }
  }
  throw new KeyNotFoundError('an STR-Transform names a token that neither the message nor the policy holds');
}

/** The token of this message that a hint means, where it is no certificate; or -1. */
function elementOf(state: Verification, hint: KeyHint): number {
  switch (hint.kind) {
    case 'encryptedKey':
    case 'kerberosTicket':
      return hint.element;
    case 'kerberosSha1':
      return findTokenByHash(state, hint.sha1);
    case 'samlAssertion':
    case 'samlAssertionId':
      return assertionElement(state, hint);
    default:
      return -1;
  }
}
