import type { KeyObject } from 'node:crypto';
import { escapeAttribute } from '../../xml/escape.ts';
import { canonicalizations, digests, signatureAlgorithms, type SignatureAlgorithm } from '../algorithms.ts';
import { elementText, type ElementText } from '../element-text.ts';
import {
  ATTACHMENT_COMPLETE_SIGNATURE,
  ATTACHMENT_CONTENT_SIGNATURE,
  DS,
  EXC_C14N,
  STR_TRANSFORM,
  WSSE,
} from '../namespaces.ts';
import type { AttachmentMode, SignatureSettings } from '../settings.ts';
import { canonicalElement, SIGNATURE_NAMESPACES, type HeaderContext } from './canonical-block.ts';
import { checkSigningKey, signatureValue, type Signer } from './signature-value.ts';

/** One ds:Reference. */
export interface Reference {
  /** The id it names. */
  readonly id: string;
  /** Whether it covers the token behind the SecurityTokenReference of that id (STR-Transform, WSS 1.1 §8.3). */
  readonly token: boolean;
  /** InclusiveNamespaces of its transform; counts with exclusive canonicalization only. */
  readonly prefixes: readonly string[];
  /** Base64 digest of what the transform gives. */
  readonly digest: string;
  /** It covers an attachment; then `id` is the URL that names it. */
  readonly attachment?: AttachmentMode;
}

/** Everything that a Signature says but its value. */
export interface SignatureInput {
  readonly settings: SignatureSettings;
  readonly key: KeyObject;
  readonly algorithm: SignatureAlgorithm;
  readonly id: string;
  readonly keyInfoId: string;
  /** Content of ds:KeyInfo. */
  readonly keyInfo: string;
  /** InclusiveNamespaces of the CanonicalizationMethod; counts with exclusive canonicalization only. */
  readonly prefixes: readonly string[];
  readonly references: readonly Reference[];
}

/**
 * Makes a ds:Signature (XML Signature 1.1 §4).
 *
 * @param header where it will stand
 * @param sign computes asymmetric signatures
 * @returns the element, and its SignatureValue in base64
 * @throws {KeyNotAcceptedError} when the key is not of the algorithm's kind
 */
export async function createSignature(
  header: HeaderContext,
  input: SignatureInput,
  sign: Signer,
): Promise<{ element: ElementText; value: string }> {
  const { settings, key, algorithm } = input;
  checkSigningKey(algorithm, key);
  const signedInfo = createSignedInfo(input);
  const { mode, comments } = canonicalizations[settings.canonicalization];
  const options = { mode, comments, inclusivePrefixes: input.prefixes };
  const canonical = canonicalElement(header, signedInfo, 'Signature', options, declareInside(signedInfo, input));
  const data = typeof canonical === 'string' ? Buffer.from(canonical) : canonical;
  const computed = signatureValue(algorithm, key, data, sign);
  const value = (computed instanceof Promise ? await computed : computed).toString('base64');
  const rest =
    ` Id="${input.id}">${elementText(signedInfo, IN_SIGNATURE)}<ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo Id="${input.keyInfoId}">${input.keyInfo}</ds:KeyInfo></ds:Signature>`;
  return { element: { name: 'ds:Signature', rest, namespaces: SIGNATURE_NAMESPACES }, value };
}

const IN_SIGNATURE: ReadonlyMap<string, string> = new Map([['ds', DS]]);

function createSignedInfo({ settings, algorithm, prefixes, references }: SignatureInput): ElementText {
  const canonicalization = canonicalizations[settings.canonicalization];
  const exclusive = canonicalization.mode === 'exclusive';
  const digestMethod =
    `</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="${digests[settings.digest].uri}"></ds:DigestMethod>` +
    `<ds:DigestValue>`;
  let rest =
    `><ds:CanonicalizationMethod Algorithm="${canonicalization.uri}">${exclusive ? inclusiveNamespaces(prefixes) : ''}` +
    `</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="${signatureAlgorithms[algorithm].uri}">` +
    `</ds:SignatureMethod>`;
  for (const reference of references) {
    const { attachment } = reference;
    const uri = attachment === undefined ? `#${reference.id}` : escapeAttribute(reference.id);
    rest += `<ds:Reference URI="${uri}"><ds:Transforms>`;
    if (attachment !== undefined) rest += `<ds:Transform Algorithm="${ATTACHMENT_TRANSFORMS[attachment]}">`;
    else if (reference.token) rest += TOKEN_TRANSFORM;
    else {
      rest += `<ds:Transform Algorithm="${canonicalization.uri}">`;
      if (exclusive) rest += inclusiveNamespaces(reference.prefixes);
    }
    rest += `${digestMethod}${reference.digest}</ds:DigestValue></ds:Reference>`;
  }
  return { name: 'ds:SignedInfo', rest: `${rest}</ds:SignedInfo>`, namespaces: SIGNED_INFO_NAMESPACES };
}

const ATTACHMENT_TRANSFORMS: Readonly<Record<AttachmentMode, string>> = {
  Content: ATTACHMENT_CONTENT_SIGNATURE,
  Complete: ATTACHMENT_COMPLETE_SIGNATURE,
};
const SIGNED_INFO_NAMESPACES = [['ds', DS]] as const;
const PARAMETERS_START = '<wsse:TransformationParameters';
/**
 * The start of the transform that replaces a SecurityTokenReference by its token. It always canonicalizes exclusively:
 * receivers know the STR-Transform with nothing else.
 */
const TOKEN_TRANSFORM =
  `<ds:Transform Algorithm="${STR_TRANSFORM}">${PARAMETERS_START}>` +
  `<ds:CanonicalizationMethod Algorithm="${EXC_C14N}"></ds:CanonicalizationMethod></wsse:TransformationParameters>`;

/** In the exclusive canonical form the prefix `wsse` is declared where it is first used, unless it is listed. */
function declareInside(signedInfo: ElementText, { prefixes, references }: SignatureInput): string {
  if (prefixes.includes('wsse') || !references.some((reference) => reference.token)) return signedInfo.rest;
  return signedInfo.rest.replaceAll(PARAMETERS_START, `${PARAMETERS_START} xmlns:wsse="${WSSE}"`);
}

function inclusiveNamespaces(prefixes: readonly string[]): string {
  if (prefixes.length === 0) return '';
  return `<ec:InclusiveNamespaces xmlns:ec="${EXC_C14N}" PrefixList="${prefixes.join(' ')}"></ec:InclusiveNamespaces>`;
}
