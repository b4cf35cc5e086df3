import type { KeyObject } from 'node:crypto';
import { canonicalize } from '../../xml/c14n.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { canonicalizations, digests, signatureAlgorithms } from '../algorithms.ts';
import { KeyNotAcceptedError } from '../errors.ts';
import { DS, EXC_C14N, STR_TRANSFORM } from '../namespaces.ts';
import type { SignatureSettings } from '../settings.ts';
import { signatureLength, signatureValue, type Signer } from './signature-value.ts';

/** One ds:Reference to be. */
export interface Reference {
  /** The id it names. */
  readonly id: string;
  /** Whether it covers the token behind the SecurityTokenReference of that id (STR-Transform, WSS 1.1 §8.3). */
  readonly token: boolean;
  /** InclusiveNamespaces of its transform; counts with exclusive canonicalization only. */
  readonly prefixes: readonly string[];
}

/** Everything about a signature but the values. */
export interface SignaturePlan {
  readonly settings: SignatureSettings;
  readonly key: KeyObject;
  readonly id: string;
  readonly keyInfoId: string;
  /** Namespace declarations of the prefixes `wsse` and `wsu`, where they are not in scope. */
  readonly declarations: string;
  /** Content of ds:KeyInfo. */
  readonly keyInfo: string;
  /** InclusiveNamespaces of the CanonicalizationMethod. */
  readonly prefixes: readonly string[];
  readonly references: readonly Reference[];
}

/** Lengths of the digests in bytes. */
const digestBytes: Readonly<Record<string, number>> = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

/**
 * Writes a ds:Signature (XML Signature 1.1 §4) in which the values are still blank, but already of their length: so it
 * can be scanned once with all around it, and {@link fillSignature} writes the values over the blanks.
 *
 * @throws {KeyNotAcceptedError} when the key is not of the algorithm's kind
 */
export function signatureText(plan: SignaturePlan): string {
  const { settings, references } = plan;
  const canonicalization = canonicalizations[settings.canonicalization];
  const exclusive = canonicalization.mode === 'exclusive';
  const digest = digests[settings.digest];
  const blank = blankBase64(digestBytes[digest.hash]);
  const rest =
    `</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="${digest.uri}"></ds:DigestMethod>` +
    `<ds:DigestValue>${blank}</ds:DigestValue></ds:Reference>`;
  let text =
    `<ds:Signature xmlns:ds="${DS}"${plan.declarations} Id="${plan.id}"><ds:SignedInfo>` +
    `<ds:CanonicalizationMethod Algorithm="${canonicalization.uri}">${exclusive ? inclusiveNamespaces(plan.prefixes) : ''}` +
    `</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="${signatureAlgorithms[settings.algorithm].uri}">` +
    `</ds:SignatureMethod>`;
  for (const reference of references) {
    text += `<ds:Reference URI="#${reference.id}"><ds:Transforms>`;
    text += reference.token ? TOKEN_TRANSFORM : `<ds:Transform Algorithm="${canonicalization.uri}">`;
    if (exclusive && !reference.token) text += inclusiveNamespaces(reference.prefixes);
    text += rest;
  }
  const value = blankBase64(signatureLength(settings.algorithm, plan.key));
  return (
    `${text}</ds:SignedInfo><ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo Id="${plan.keyInfoId}">${plan.keyInfo}</ds:KeyInfo></ds:Signature>`
  );
}

/**
 * The start of the transform that replaces a SecurityTokenReference by its token. It always canonicalizes exclusively:
 * receivers know the STR-Transform with nothing else.
 */
const TOKEN_TRANSFORM =
  `<ds:Transform Algorithm="${STR_TRANSFORM}"><wsse:TransformationParameters>` +
  `<ds:CanonicalizationMethod Algorithm="${EXC_C14N}"></ds:CanonicalizationMethod></wsse:TransformationParameters>`;

/**
 * Writes digests and SignatureValue over the blanks of a signature.
 *
 * @param index the scan of a buffer that is ours to write to
 * @param signature the ds:Signature that {@link signatureText} wrote
 * @param values the digest of each reference
 * @param sign computes asymmetric signatures
 * @returns the SignatureValue in base64
 */
export async function fillSignature(
  index: XmlIndex,
  signature: number,
  plan: SignaturePlan,
  values: readonly Buffer[],
  sign: Signer,
): Promise<string> {
  const signedInfo = index.firstChild(signature);
  let reference = index.child(signedInfo, DS, 'Reference');
  for (const value of values) {
    const digestValue = index.child(reference, DS, 'DigestValue');
    writeOver(index, digestValue, value.toString('base64'));
    reference = index.nextSibling(reference);
  }
  const { mode, comments } = canonicalizations[plan.settings.canonicalization];
  const data = canonicalize(index, signedInfo, { mode, comments, inclusivePrefixes: plan.prefixes });
  const computed = signatureValue(plan.settings.algorithm, plan.key, data, sign);
  const value = (computed instanceof Promise ? await computed : computed).toString('base64');
  writeOver(index, index.nextSibling(signedInfo), value);
  return value;
}

/** Replaces the text of an element by one of the same length, in place. */
function writeOver(index: XmlIndex, element: number, text: string): void {
  const start = index.contentStart(element);
  if (text.length !== index.contentEnd(element) - start) {
    throw new KeyNotAcceptedError('The signing key made a value of another length than its kind has');
  }
  index.bytes.write(text, start, 'latin1');
}

function inclusiveNamespaces(prefixes: readonly string[]): string {
  if (prefixes.length === 0) return '';
  return `<ec:InclusiveNamespaces xmlns:ec="${EXC_C14N}" PrefixList="${prefixes.join(' ')}"></ec:InclusiveNamespaces>`;
}

/** As many characters as the base64 of that many bytes has. */
function blankBase64(bytes: number): string {
  return 'A'.repeat(4 * Math.ceil(bytes / 3));
}
