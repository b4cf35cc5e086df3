/** The checking side of endorsing supporting signatures (WS-SecurityPolicy 1.3 §8.3, §8.4). */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { anyCovers } from '../byte-ranges.ts';
import { EndorsementMissingError } from '../errors.ts';
import { DS } from '../namespaces.ts';
import type { VerifyEndorsingSettings } from '../settings.ts';
import type { GoodSignature, Verification } from '../verification.ts';

/**
 * Whether a Signature of our Security header is over another one there. That decides only which section of the policy it is
 * verified by: nothing in it has been verified yet.
 */
export function isOverSignature({ message: { index }, security }: Verification, signature: number): boolean {
  const signedInfo = index.child(signature, DS, 'SignedInfo');
  if (signedInfo === -1) return false;
  for (let child = index.firstChild(signedInfo); child !== -1; child = index.nextSibling(child)) {
    const target = index.is(child, DS, 'Reference') ? targetOf(index, child) : -1;
    if (
      target !== -1 &&
      target !== signature &&
      index.parent(target) === security &&
      index.is(target, DS, 'Signature')
    ) {
      return true;
    }
  }
  return false;
}

function targetOf(index: XmlIndex, reference: number): number {
  const uri = index.attribute(reference, '', 'URI') ?? '';
  const found = uri.startsWith('#') ? index.elementsWithId(uri.slice(1)) : [];
  return found.length === 1 ? found[0] : -1;
}

/**
 * Finds the signature over the very Signature that covers everything required.
 *
 * @param decisive that Signature
 * @throws EndorsementMissingError
 */
export function findEndorsement(
  state: Verification,
  settings: VerifyEndorsingSettings,
  decisive: GoodSignature | undefined,
): GoodSignature {
  const target = decisive?.element;
  if (decisive === undefined || target === undefined) {
    throw new EndorsementMissingError('there is no Signature that another one could be over');
  }
  const over = state.endorsements.filter(({ signed }) =>
    signed.some(({ start, end }) => start === target.start && end === target.end),
  );
  if (over.length === 0) throw new EndorsementMissingError('nobody has signed the Signature of the message');
  const [found] = settings.signed
    ? over.filter(({ token }) => token !== undefined && anyCovers(decisive.signed, token))
    : over;
  if (found === undefined) {
    throw new EndorsementMissingError('the token of the signature over the Signature is not signed by that');
  }
  return found;
}
