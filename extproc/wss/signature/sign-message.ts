import { hash, type KeyObject } from 'node:crypto';
import { digestCanonical, type AddedId } from '../../xml/c14n.ts';
import type { SpliceEditor } from '../../xml/splice.ts';
import { attachmentReferences } from '../attachments/protect.ts';
import { canonicalizations, digests } from '../algorithms.ts';
import type { Block } from '../blocks.ts';
import { KeyNotFoundError, PartMissingError } from '../errors.ts';
import { addedIdText, idOfElement, type IdAllocator } from '../ids.ts';
import { issuedTokenReference, keyReference } from '../key-info/create.ts';
import type { IssuedToken } from '../issued-token.ts';
import { WSSE, X509_V3 } from '../namespaces.ts';
import { issuedTokenDigest, referenceToAssertion } from '../saml/sign-through-reference.ts';
import type { SecurityHeader } from '../security-header.ts';
import type { SignatureSettings } from '../settings.ts';
import type { SoapMessage } from '../soap.ts';
import { canonicalElement, canonicalText, headerContext, type HeaderContext } from './canonical-block.ts';
import { inclusivePrefixes, prefixList } from './inclusive-prefixes.ts';
import { createSignature, type Reference } from './sign.ts';
import { algorithmFor, type Signer } from './signature-value.ts';

/** The key that signs, and its name when the settings have none for it. */
export interface SigningKeyInUse {
  readonly key: KeyObject;
  /** Content of ds:KeyInfo, for a key that the receiver has from elsewhere. */
  readonly reference?: string;
}

export interface SigningInput {
  readonly message: SoapMessage;
  readonly editor: SpliceEditor;
  readonly security: SecurityHeader;
  readonly signature: SignatureSettings;
  readonly key: SigningKeyInUse;
  /** All other blocks of the header, the signing token included. */
  readonly blocks: readonly Block[];
  /** Elements of the message to be signed. */
  readonly elements: readonly number[];
  /** Blocks to be signed as they stand in the header; of what leads to an assertion, the assertion. */
  readonly signedBlocks: readonly Block[];
  /** Whether to sign the signing token through its reference. */
  readonly signToken: boolean;
  /** wsu:Id of the signing token, for keyIdentifier BinarySecurityToken. */
  readonly tokenId: string;
  /** For keyIdentifier SAMLAssertion. */
  readonly issued?: IssuedToken;
  readonly ids: IdAllocator;
  readonly sign: Signer;
}

export interface Signed {
  readonly block: Block;
  /** Base64 SignatureValue. */
  readonly value: string;
}

/**
 * Signs elements of a message and blocks of its Security header (WSS 1.1 §8), and inserts the ids that are missing into
 * the message.
 *
 * @returns the Signature, which is to go into the header
 * @throws {PartMissingError} when there is nothing to sign
 */
export async function signMessage(input: SigningInput): Promise<Signed> {
  const { message, signature, security, ids } = input;
  const header = headerContext(message, security);
  const references = [
    ...referencesToElements(input),
    ...referencesToBlocks(input, header),
    ...referenceToAssertion(input),
  ];
  const referenceId = input.signToken ? ids.next('STR') : undefined;
  if (referenceId !== undefined) {
    references.push({ id: referenceId, token: true, prefixes: [], digest: digestToken(input, header) });
  }
  references.push(...attachmentReferences(message, signature));
  if (references.length === 0) throw new PartMissingError('None of the optional parts to be signed is in the message');
  const id = ids.next('SIG');
  const { element, value } = await createSignature(
    header,
    {
      settings: signature,
      key: input.key.key,
      algorithm: signature.algorithm ?? algorithmFor(input.key.key),
      id,
      keyInfoId: ids.next('KI'),
      keyInfo: keyInfoFor(input, referenceId),
      prefixes: listFor(signature, () => prefixList(security.headerScope)),
      references,
    },
    input.sign,
  );
  return { block: { kind: 'Signature', id, element }, value };
}

function keyInfoFor({ signature, key, tokenId, issued }: SigningInput, referenceId: string | undefined): string {
  if (key.reference !== undefined) return key.reference;
  if (signature.keyIdentifier === 'SAMLAssertion') return issuedTokenReference(issued?.reference, referenceId);
  return keyReference(signature.keyIdentifier, signingKey(signature), tokenId, referenceId, signature.tokenType);
}

function referencesToElements(input: SigningInput): Reference[] {
  const { message, signature, editor, ids } = input;
  const { index } = message;
  const added = new Map<number, AddedId>();
  const elementIds = input.elements.map((element) => idOfElement(index, element, added, ids));
  for (const [element, id] of added) editor.insert(index.tagNameEnd(element), addedIdText(id));
  const { mode } = canonicalizations[signature.canonicalization];
  const { hash: digest } = digests[signature.digest];
  const outer = new Map<number, string[]>();
  return input.elements.map((element, i) => {
    const prefixes = elementPrefixes(input, element, added, outer);
    const options = { mode, comments: COMMENTS, added, inclusivePrefixes: prefixes };
    const value = digestCanonical(index, element, options, digest).toString('base64');
    return { id: elementIds[i], token: false, prefixes, digest: value };
  });
}

/** A same-document reference by id leaves comments out, whatever its transform says (XML Signature 1.1 §4.4.3.3). */
const COMMENTS = false;

function referencesToBlocks(
  { message, signature, security, signedBlocks }: SigningInput,
  header: HeaderContext,
): Reference[] {
  const { mode } = canonicalizations[signature.canonicalization];
  const { hash: digest } = digests[signature.digest];
  const asTheyStand = signedBlocks.filter(({ kind }) => kind !== 'AssertionReference');
  return asTheyStand.map(({ id, element, encrypted }) => {
    const own = encrypted?.prefixes ?? element.namespaces.map(([prefix]) => prefix);
    const prefixes = listFor(signature, () => prefixList(security.scope).filter((prefix) => !own.includes(prefix)));
    const options = { mode, comments: COMMENTS, inclusivePrefixes: prefixes };
    const canonical =
      encrypted === undefined
        ? canonicalElement(header, element, 'Security', options)
        : canonicalText(message, security, encrypted.text, 'Security', options);
    return { id, token: false, prefixes, digest: hash(digest, canonical, 'base64') };
  });
}

/**
 * The digest of the signing token, which the STR-Transform canonicalizes so that it always says its default namespace
 * (WSS 1.1 §8.3).
 */
function digestToken({ message, security, blocks, signature }: SigningInput, header: HeaderContext): string {
  const { hash: digest } = digests[signature.digest];
  const issued = blocks.find((block) => block.kind === 'IssuedToken');
  if (issued !== undefined && signature.keyIdentifier === 'SAMLAssertion') {
    return issuedTokenDigest(issued, { message, security, signature });
  }
  const token = blocks.find((block) => block.kind === 'Token');
  if (token === undefined) return hash(digest, impliedToken(signature), 'base64');
  return hash(digest, canonicalElement(header, token.element, 'Security', TOKEN_OPTIONS), 'base64');
}

const TOKEN_OPTIONS = {
  mode: 'exclusive',
  comments: false,
  inclusivePrefixes: ['#default'],
  augmentDefaultNamespace: true,
} as const;

function elementPrefixes(
  input: SigningInput,
  element: number,
  added: ReadonlyMap<number, AddedId>,
  outer: Map<number, string[]>,
): readonly string[] {
  const { index } = input.message;
  return listFor(input.signature, () => {
    const parent = index.parent(element);
    let prefixes = outer.get(parent);
    if (prefixes === undefined) {
      prefixes = prefixList(index.namespacesInScope(parent));
      outer.set(parent, prefixes);
    }
    return inclusivePrefixes(index, element, prefixes, added.get(element));
  });
}

function listFor(signature: SignatureSettings, auto: () => readonly string[]): readonly string[] {
  if (canonicalizations[signature.canonicalization].mode !== 'exclusive') return [];
  if (signature.inclusiveNamespaces === 'Auto') return auto();
  return signature.inclusiveNamespaces === 'None' ? [] : signature.inclusiveNamespaces;
}

function signingKey(signature: SignatureSettings): NonNullable<SignatureSettings['key']> {
  if (signature.key === undefined) throw new KeyNotFoundError('The policy has no key to sign with');
  return signature.key;
}

/**
 * The canonical form of the token that a reference without a token in the message stands for: a BinarySecurityToken in
 * the prefix of the reference, made for the digest only (WSS 1.1 §8.3).
 */
function impliedToken(signature: SignatureSettings): string {
  const base64 = signingKey(signature).certificate?.base64 ?? '';
  return (
    `<wsse:BinarySecurityToken xmlns="" xmlns:wsse="${WSSE}" ValueType="${X509_V3}">${base64}` +
    `</wsse:BinarySecurityToken>`
  );
}
