/** The enveloped signature by which the issuer vouches for its assertion (SAML 2.0 Core §5.4, SAML 1.1 Core §5.4). */

import { timingSafeEqual, type KeyObject } from 'node:crypto';
import { canonicalize, digestCanonical, type CanonicalizeOptions } from '../../xml/c14n.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { digests, nameOfUri, signatureAlgorithms, type DigestName, type SignatureAlgorithm } from '../algorithms.ts';
import {
  AlgorithmNotAcceptedError,
  DigestMismatchError,
  InvalidStructureError,
  KeyNotFoundError,
  SignatureInvalidError,
  UnsupportedAlgorithmError,
} from '../errors.ts';
import { elementById, readKeyInfo } from '../key-info/read.ts';
import { DS } from '../namespaces.ts';
import { readCanonicalization } from '../signature/c14n-method.ts';
import { readSignature } from '../signature/signed-info.ts';
import { checkKeyType, findChain } from '../signature/signer.ts';
import { isSignatureValid } from '../signature/verify-value.ts';
import { base64Of, requiredAttribute } from '../structure.ts';
import type { Verification } from '../verification.ts';
import type { Assertion } from './assertion.ts';
import type { VerifySamlSettings } from './settings.ts';

const ENVELOPED_SIGNATURE = `${DS}enveloped-signature`;

type Accept = VerifySamlSettings['accept'];

/**
 * Verifies that a trusted issuer signed exactly this assertion: by one Reference to its own identifier, with the
 * enveloped signature transform and exclusive canonicalization and no other (SAML 2.0 Core §5.4.2 to §5.4.4).
 *
 * @param element the assertion, which has a Signature
 * @throws KeyNotFoundError, KeyNotAcceptedError and what `TrustStore.validate` throws; SignatureInvalidError,
 *   DigestMismatchError, DuplicateIdError, InvalidStructureError, UnsupportedAlgorithmError, AlgorithmNotAcceptedError
 */
export function verifyIssuerSignature(
  state: Verification,
  settings: VerifySamlSettings,
  element: number,
  assertion: Assertion,
): void {
  const { index } = state.message;
  const accept = exclusiveOnly(settings.accept);
  const signature = readSignature(index, assertion.signature, accept);
  const key = issuerKey(state, settings, signature.algorithm, signature.keyInfo);
  const signedInfo = canonicalize(index, signature.signedInfo, signature.canonicalization);
  if (!isSignatureValid(signature.algorithm, key, signedInfo, signature.value)) {
    throw new SignatureInvalidError(
      "the SignatureValue of the assertion does not belong to SignedInfo and issuer's key",
    );
  }
  if (signature.references.length > 1) {
    throw new InvalidStructureError('the Signature of the assertion has more than one Reference');
  }
  const reference = readEnvelopedReference(index, signature.references[0], accept);
  if (reference.id !== assertion.id || elementById(index, assertion.id) !== element) {
    throw new InvalidStructureError('the Signature of the assertion is not over the assertion');
  }
  const options = { ...reference.canonicalization, comments: false, omitted: assertion.signature };
  const digest = digestCanonical(index, element, options, digests[reference.digest].hash);
  if (digest.length !== reference.digestValue.length || !timingSafeEqual(digest, reference.digestValue)) {
    throw new DigestMismatchError('the digest of the assertion does not match');
  }
  if (signatureAlgorithms[signature.algorithm].hash === 'sha1') state.legacyAlgorithms.add(signature.algorithm);
  if (digests[reference.digest].hash === 'sha1') state.legacyAlgorithms.add(reference.digest);
}

/** Inclusive canonicalization would make the assertion mean something else in every message. */
function exclusiveOnly(accept: Accept): Accept {
  return { ...accept, canonicalizations: accept.canonicalizations.filter((name) => name.startsWith('Exclusive')) };
}

/** A certificate, always: a secret that issuer and receivers share would let each of them issue. */
function issuerKey(
  state: Verification,
  { trust }: VerifySamlSettings,
  algorithm: SignatureAlgorithm,
  keyInfo: number,
): KeyObject {
  if (signatureAlgorithms[algorithm].keyType === 'secret') {
    throw new AlgorithmNotAcceptedError('an assertion is not signed with a secret');
  }
  if (trust === undefined) throw new KeyNotFoundError('the policy trusts no issuer of assertions');
  for (const hint of keyInfo === -1 ? [] : readKeyInfo(state.message.index, keyInfo)) {
    const chain = findChain(trust, hint);
    if (chain === undefined) continue;
    checkKeyType(chain[0].publicKey, algorithm);
    trust.validate(chain, state.context.now, state.context.revocation);
    return chain[0].publicKey;
  }
  throw new KeyNotFoundError('the policy holds no certificate that the KeyInfo of the assertion names');
}

interface EnvelopedReference {
  readonly id: string;
  readonly canonicalization: CanonicalizeOptions;
  readonly digest: DigestName;
  readonly digestValue: Buffer;
}

function readEnvelopedReference(index: XmlIndex, reference: number, accept: Accept): EnvelopedReference {
  const uri = requiredAttribute(index, reference, 'URI');
  const [transforms, digestMethod, digestValue, ...more] = index.children(reference);
  const names = ['Transforms', 'DigestMethod', 'DigestValue'];
  const complete = [transforms, digestMethod, digestValue].every(
    (child, position) => child !== undefined && index.is(child, DS, names[position]),
  );
  if (!complete || more.length > 0 || !uri.startsWith('#')) {
    throw new InvalidStructureError('the Reference of the assertion is not one to an element with its transforms');
  }
  const [enveloped, canonicalization, ...others] = index.children(transforms);
  const known = [enveloped, canonicalization].every((child) => child !== undefined && index.is(child, DS, 'Transform'));
  if (!known || others.length > 0 || requiredAttribute(index, enveloped, 'Algorithm') !== ENVELOPED_SIGNATURE) {
    throw new UnsupportedAlgorithmError(
      'the assertion is signed with other transforms than enveloped signature and canonicalization',
    );
  }
  if (index.firstChild(enveloped) !== -1) throw new InvalidStructureError('unknown parameter in Transform');
  const digest = nameOfUri(digests, requiredAttribute(index, digestMethod, 'Algorithm'));
  if (digest === undefined) throw new UnsupportedAlgorithmError('the digest algorithm is not supported');
  if (!accept.digests.includes(digest)) throw new AlgorithmNotAcceptedError(`the policy does not accept ${digest}`);
  return {
    id: uri.slice(1),
    canonicalization: readCanonicalization(index, canonicalization, accept.canonicalizations),
    digest,
    digestValue: base64Of(index, digestValue),
  };
}
