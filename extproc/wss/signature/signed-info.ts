/** Strict reading of ds:Signature (XML Signature 1.1 §4): exactly the elements of the schema, once, in its order. */

import { keyOfCid } from '../../mime/content-id.ts';
import type { CanonicalizeOptions } from '../../xml/c14n.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { digests, nameOfUri, signatureAlgorithms, type DigestName, type SignatureAlgorithm } from '../algorithms.ts';
import { AlgorithmNotAcceptedError, InvalidStructureError, LimitError, UnsupportedAlgorithmError } from '../errors.ts';
import { ATTACHMENT_COMPLETE_SIGNATURE, ATTACHMENT_CONTENT_SIGNATURE, DS, STR_TRANSFORM, WSSE } from '../namespaces.ts';
import type { AttachmentMode, VerifySignatureSettings } from '../settings.ts';
import { base64Of, requiredAttribute, requiredChild } from '../structure.ts';
import { canonicalizationOf, readCanonicalization } from './c14n-method.ts';

const MAX_REFERENCES = 32;

export interface SignatureElement {
  readonly signedInfo: number;
  readonly canonicalization: CanonicalizeOptions;
  readonly algorithm: SignatureAlgorithm;
  readonly value: Buffer;
  /** -1 when absent: then the key must follow from the policy alone. */
  readonly keyInfo: number;
  /** Elements; read them with {@link readReference}, after the signature over them proved good. */
  readonly references: readonly number[];
}

export interface SignatureReference {
  /** Id of an element; of an attachment the URL that names it. */
  readonly id: string;
  /** The reference is to an attachment: what of it is digested. */
  readonly attachment?: AttachmentMode;
  /** The reference goes through an STR-Transform: what is digested is the token that its target names. */
  readonly dereference: boolean;
  readonly canonicalization: CanonicalizeOptions;
  readonly digest: DigestName;
  readonly digestValue: Buffer;
}

type Accept = VerifySignatureSettings['accept'];

/**
 * Reads a Signature and its SignedInfo up to the References, without computing anything.
 *
 * Comments and processing instructions are refused anywhere in it, and so are ds:Object and HMACOutputLength.
 *
 * @param attachments of the message: so many References are there beside the usual ones
 * @throws InvalidStructureError, LimitError, UnsupportedAlgorithmError, AlgorithmNotAcceptedError
 */
export function readSignature(index: XmlIndex, signature: number, accept: Accept, attachments = 0): SignatureElement {
  if (index.hasCommentOrPi(signature)) {
    throw new InvalidStructureError('a Signature holds a comment or processing instruction');
  }
  const children = index.children(signature);
  const [signedInfo, signatureValue, keyInfo = -1] = children;
  if (
    children.length > 3 ||
    !isDs(index, signedInfo, 'SignedInfo') ||
    !isDs(index, signatureValue, 'SignatureValue') ||
    (keyInfo !== -1 && !isDs(index, keyInfo, 'KeyInfo'))
  ) {
    throw new InvalidStructureError('a Signature is not SignedInfo, SignatureValue and KeyInfo');
  }
  const [c14nMethod, signatureMethod, ...references] = index.children(signedInfo);
  if (!isDs(index, c14nMethod, 'CanonicalizationMethod') || !isDs(index, signatureMethod, 'SignatureMethod')) {
    throw new InvalidStructureError('SignedInfo does not start with CanonicalizationMethod and SignatureMethod');
  }
  if (references.length === 0) throw new InvalidStructureError('SignedInfo has no Reference');
  if (references.length > MAX_REFERENCES + attachments) {
    throw new LimitError(`a Signature has more than ${MAX_REFERENCES + attachments} References`);
  }
  for (const reference of references) {
    if (!isDs(index, reference, 'Reference')) throw new InvalidStructureError('SignedInfo holds an unknown element');
  }
  if (index.firstChild(signatureMethod) !== -1) {
    // HMACOutputLength (CVE-2009-0217), or parameters of algorithms that are not supported.
    throw new InvalidStructureError('SignatureMethod holds parameters');
  }
  return {
    signedInfo,
    canonicalization: readCanonicalization(index, c14nMethod, accept.canonicalizations),
    algorithm: readAlgorithm(index, signatureMethod, accept),
    value: base64Of(index, signatureValue),
    keyInfo,
    references,
  };
}

function readAlgorithm(index: XmlIndex, signatureMethod: number, accept: Accept): SignatureAlgorithm {
  const name = nameOfUri(signatureAlgorithms, requiredAttribute(index, signatureMethod, 'Algorithm'));
  if (name === undefined) throw new UnsupportedAlgorithmError('the signature algorithm is not supported');
  if (!accept.algorithms.includes(name)) throw new AlgorithmNotAcceptedError(`the policy does not accept ${name}`);
  return name;
}

/**
 * Reads a Reference of a SignedInfo.
 *
 * Only `#id`, and `cid:` for an attachment, is taken: nothing outside this message is ever fetched, and neither the empty
 * URI nor XPointer name one element. At most one transform is taken, a canonicalization or the STR-Transform; without any, XML Signature §4.4.3.2
 * means Canonical XML 1.0.
 *
 * @throws InvalidStructureError, UnsupportedAlgorithmError, AlgorithmNotAcceptedError, LimitError
 */
export function readReference(index: XmlIndex, reference: number, accept: Accept): SignatureReference {
  const uri = requiredAttribute(index, reference, 'URI');
  const toAttachment = keyOfCid(uri) !== undefined;
  if (!toAttachment && (uri.length < 2 || !uri.startsWith('#') || uri.includes('('))) {
    throw new InvalidStructureError('a Reference does not name an element of this message by its id');
  }
  const children = index.children(reference);
  const transforms = isDs(index, children[0], 'Transforms') ? children[0] : -1;
  const [digestMethod, digestValue, ...more] = transforms === -1 ? children : children.slice(1);
  if (!isDs(index, digestMethod, 'DigestMethod') || !isDs(index, digestValue, 'DigestValue') || more.length > 0) {
    throw new InvalidStructureError('a Reference is not Transforms, DigestMethod and DigestValue');
  }
  const digest = nameOfUri(digests, requiredAttribute(index, digestMethod, 'Algorithm'));
  if (digest === undefined) throw new UnsupportedAlgorithmError('the digest algorithm is not supported');
  if (!accept.digests.includes(digest)) throw new AlgorithmNotAcceptedError(`the policy does not accept ${digest}`);
  const rest = { digest, digestValue: base64Of(index, digestValue) };
  if (toAttachment) return { id: uri, ...readAttachmentTransform(index, transforms), ...rest };
  return { id: uri.slice(1), ...readTransform(index, transforms, accept), ...rest };
}

/** SwA profile 1.1 §4.3, §4.4: exactly one of its two transforms, without parameters. */
function readAttachmentTransform(
  index: XmlIndex,
  transforms: number,
): Pick<SignatureReference, 'attachment' | 'dereference' | 'canonicalization'> {
  const transform = transforms === -1 ? -1 : requiredChild(index, transforms, DS, 'Transform');
  if (transform === -1 || index.children(transforms).length > 1 || index.firstChild(transform) !== -1) {
    throw new InvalidStructureError('a Reference to an attachment does not have one transform without parameters');
  }
  const canonicalization = { mode: 'exclusive', comments: false } as const;
  switch (requiredAttribute(index, transform, 'Algorithm')) {
    case ATTACHMENT_CONTENT_SIGNATURE:
      return { attachment: 'Content', dereference: false, canonicalization };
    case ATTACHMENT_COMPLETE_SIGNATURE:
      return { attachment: 'Complete', dereference: false, canonicalization };
    default:
      throw new UnsupportedAlgorithmError('the transform of an attachment is not supported');
  }
}

function readTransform(
  index: XmlIndex,
  transforms: number,
  accept: Accept,
): Pick<SignatureReference, 'dereference' | 'canonicalization'> {
  if (transforms === -1) {
    return { dereference: false, canonicalization: canonicalizationOf('C14N10', accept.canonicalizations) };
  }
  const transform = requiredChild(index, transforms, DS, 'Transform');
  if (index.children(transforms).length > 1) throw new InvalidStructureError('Transforms holds an unknown element');
  if (requiredAttribute(index, transform, 'Algorithm') !== STR_TRANSFORM) {
    return { dereference: false, canonicalization: readCanonicalization(index, transform, accept.canonicalizations) };
  }
  const parameters = requiredChild(index, transform, WSSE, 'TransformationParameters');
  const method = requiredChild(index, parameters, DS, 'CanonicalizationMethod');
  if (index.children(transform).length > 1 || index.children(parameters).length > 1) {
    throw new InvalidStructureError('the STR-Transform holds unknown parameters');
  }
  return { dereference: true, canonicalization: readCanonicalization(index, method, accept.canonicalizations) };
}

function isDs(index: XmlIndex, element: number | undefined, localName: string): boolean {
  return element !== undefined && index.is(element, DS, localName);
}
