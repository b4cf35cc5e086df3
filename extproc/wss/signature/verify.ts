/** The checking side of ds:Signature in a Security header. */

import { canonicalize } from '../../xml/c14n.ts';
import { digests, signatureAlgorithms } from '../algorithms.ts';
import { anyCovers, type ByteRange } from '../byte-ranges.ts';
import { LimitError, SignatureInvalidError } from '../errors.ts';
import { readKeyInfo } from '../key-info/read.ts';
import type { AttachmentMode, VerifySignatureSettings } from '../settings.ts';
import type { Verification } from '../verification.ts';
import { checkReference } from './reference.ts';
import { readReference, readSignature } from './signed-info.ts';
import { findSigners } from './signer.ts';
import { isSignatureValid } from './verify-value.ts';

const MAX_SIGNATURES = 4;

/**
 * Verifies one Signature and adds what it covers to the state.
 *
 * The order is that of least work for a stranger: structure and algorithms, then a key that the policy trusts, then the
 * signature over SignedInfo, then whether the key is revoked, and only then the digests of what its References name.
 *
 * @param endorsing whether it is over another Signature: it then proves nothing but that
 * @throws every refusal that has to do with signatures, see `errors.ts`; RevocationNeededError when a responder has to be asked
 */
export function verifySignature(
  state: Verification,
  settings: VerifySignatureSettings,
  element: number,
  endorsing = false,
): void {
  if (state.signatures.length + state.endorsements.length === MAX_SIGNATURES) {
    throw new LimitError(`the message has more than ${MAX_SIGNATURES} Signatures`);
  }
  const { index } = state.message;
  const signature = readSignature(index, element, settings.accept, state.message.attachments?.parts.length);
  const hints = signature.keyInfo === -1 ? [] : readKeyInfo(index, signature.keyInfo);
  const signers = findSigners(state, settings, signature.algorithm, hints);
  const signedInfo = canonicalize(index, signature.signedInfo, signature.canonicalization);
  const signer = signers.find(({ key }) => isSignatureValid(signature.algorithm, key, signedInfo, signature.value));
  if (signer === undefined) throw new SignatureInvalidError('the SignatureValue does not belong to SignedInfo and key');
  if (signer.unasked !== undefined) throw signer.unasked;

  if (signatureAlgorithms[signature.algorithm].hash === 'sha1') state.legacyAlgorithms.add(signature.algorithm);
  const signed: ByteRange[] = [];
  const fingerprints: string[] = [];
  const attachments = new Map<number, AttachmentMode>();
  for (const referenceElement of signature.references) {
    const reference = readReference(index, referenceElement, settings.accept);
    const { range, fingerprint, attachment } = checkReference(state, settings, reference);
    if (attachment !== undefined && attachments.get(attachment.position) !== 'Complete') {
      attachments.set(attachment.position, attachment.mode);
    }
    if (digests[reference.digest].hash === 'sha1') state.legacyAlgorithms.add(reference.digest);
    if (range !== undefined) signed.push(range);
    if (fingerprint !== undefined) fingerprints.push(fingerprint);
  }
  const { certificate, token, proof } = signer;
  const found = endorsing ? state.endorsements : state.signatures;
  found.push({
    element: state.rangeOf(element),
    value: signature.value,
    algorithm: signature.algorithm,
    signed,
    ...(attachments.size > 0 && { attachments }),
    tokenSigned:
      (token !== -1 && anyCovers(signed, state.rangeOf(token))) ||
      (certificate !== undefined && fingerprints.includes(certificate.fingerprint)),
    certificate,
    proof,
    ...(token !== -1 && { token: state.rangeOf(token) }),
  });
}
