import { createHash, type KeyObject } from 'node:crypto';
import { digestCanonical, type AddedId } from '../../xml/c14n.ts';
import type { SpliceEditor } from '../../xml/splice.ts';
import { canonicalizations, digests } from '../algorithms.ts';
import { arrange, type Block } from '../blocks.ts';
import { KeyNotFoundError, PartMissingError } from '../errors.ts';
import { addedIdText, idOfElement, type IdAllocator } from '../ids.ts';
import { encryptedKeySha1Reference, keyReference } from '../key-info/create.ts';
import { WSSE, X509_V3 } from '../namespaces.ts';
import type { SecurityHeader } from '../security-header.ts';
import type { SecureSettings, SignatureSettings } from '../settings.ts';
import type { SoapMessage } from '../soap.ts';
import { scanBlocks } from './fragment.ts';
import { inclusivePrefixes, prefixList } from './inclusive-prefixes.ts';
import { fillSignature, signatureText, type Reference, type SignaturePlan } from './sign.ts';
import type { Signer } from './signature-value.ts';

/** The key that signs, and the name it has when it is an EncryptedKey's. */
export interface SigningKeyInUse {
  readonly key: KeyObject;
  /** Base64 SHA-1 of the encrypted octets, for keyIdentifier EncryptedKeySHA1. */
  readonly sha1: string;
}

export interface SigningInput {
  readonly message: SoapMessage;
  readonly editor: SpliceEditor;
  readonly security: SecurityHeader;
  readonly settings: SecureSettings;
  readonly signature: SignatureSettings;
  readonly key: SigningKeyInUse;
  /** All other blocks of the header, the signing token included. */
  readonly blocks: readonly Block[];
  /** Elements of the message to be signed. */
  readonly elements: readonly number[];
  /** Blocks to be signed as they stand in the header. */
  readonly signedBlocks: readonly Block[];
  /** Whether to sign the signing token through its reference. */
  readonly signToken: boolean;
  /** wsu:Id of the signing token, for keyIdentifier BinarySecurityToken. */
  readonly tokenId: string;
  readonly ids: IdAllocator;
  readonly sign: Signer;
}

export interface Signed {
  /** The header's blocks with the Signature among them, in their order. */
  readonly blocks: readonly Block[];
  /** The bytes of each. */
  readonly contents: readonly Buffer[];
  /** Base64 SignatureValue. */
  readonly value: string;
}

/**
 * Signs elements of a message and blocks of its Security header (WSS 1.1 §8), and inserts the ids that are missing into
 * the message.
 *
 * @throws {PartMissingError} when there is nothing to sign
 */
export async function signMessage(input: SigningInput): Promise<Signed> {
  const { message, signature, security, editor } = input;
  const canonicalization = canonicalizations[signature.canonicalization];
  const exclusive = canonicalization.mode === 'exclusive';
  const added = new Map<number, AddedId>();
  const elementIds = input.elements.map((element) => idOfElement(message.index, element, added, input.ids));
  for (const [element, id] of added) editor.insert(message.index.tagNameEnd(element), addedIdText(id));

  const referenceId = input.signToken ? input.ids.next('STR') : undefined;
  const plan = planSignature(input, elementIds, added, referenceId);
  const unordered: Block = {
    kind: 'Signature',
    id: plan.id,
    text: signatureText(plan),
    prefixes: ['ds'],
    encrypted: false,
  };
  const blocks = arrange([...input.blocks, unordered], input.settings);
  const fragment = scanBlocks(message, security, blocks, !exclusive);

  const { hash } = digests[signature.digest];
  const { mode } = canonicalization;
  // A same-document reference by id leaves comments out, whatever its transform says (XML Signature 1.1 §4.4.3.3).
  const comments = false;
  const values: Buffer[] = [];
  let next = 0;
  for (const element of input.elements) {
    const options = { mode, comments, added, inclusivePrefixes: plan.references[next++].prefixes };
    values.push(digestCanonical(message.index, element, options, hash));
  }
  for (const block of input.signedBlocks) {
    const options = { mode, comments, inclusivePrefixes: plan.references[next++].prefixes };
    values.push(digestCanonical(fragment.index, fragment.elements[blocks.indexOf(block)], options, hash));
  }
  if (input.signToken) {
    const token = blocks.findIndex((block) => block.kind === 'Token');
    if (token === -1) values.push(createHash(hash).update(impliedToken(signature)).digest());
    else values.push(digestCanonical(fragment.index, fragment.elements[token], TOKEN_OPTIONS, hash));
  }
  const value = await fillSignature(
    fragment.index,
    fragment.elements[blocks.indexOf(unordered)],
    plan,
    values,
    input.sign,
  );
  const { index } = fragment;
  const contents = fragment.elements.map((element) => index.bytes.subarray(index.start(element), index.end(element)));
  return { blocks, contents, value };
}

/** How the STR-Transform canonicalizes a token: a default namespace is always said (WSS 1.1 §8.3). */
const TOKEN_OPTIONS = {
  mode: 'exclusive',
  comments: false,
  inclusivePrefixes: ['#default'],
  augmentDefaultNamespace: true,
} as const;

function planSignature(
  input: SigningInput,
  elementIds: readonly string[],
  added: ReadonlyMap<number, AddedId>,
  referenceId: string | undefined,
): SignaturePlan {
  const { security, signature, ids } = input;
  const references: Reference[] = [];
  const outer = new Map<number, string[]>();
  for (const [i, element] of input.elements.entries()) {
    references.push({ id: elementIds[i], token: false, prefixes: elementPrefixes(input, element, added, outer) });
  }
  const scope = prefixList(security.scope);
  for (const block of input.signedBlocks) {
    const own = security.declarations === '' ? block.prefixes : [...block.prefixes, 'wsse', 'wsu'];
    const prefixes = listFor(signature, () => scope.filter((prefix) => !own.includes(prefix)));
    references.push({ id: block.id, token: false, prefixes });
  }
  if (referenceId !== undefined) references.push({ id: referenceId, token: true, prefixes: [] });
  if (references.length === 0) throw new PartMissingError('None of the optional parts to be signed is in the message');
  const keyInfo =
    signature.keyIdentifier === 'EncryptedKeySHA1'
      ? encryptedKeySha1Reference(input.key.sha1)
      : keyReference(signature.keyIdentifier, signingKey(signature), input.tokenId, referenceId);
  return {
    settings: signature,
    key: input.key.key,
    id: ids.next('SIG'),
    keyInfoId: ids.next('KI'),
    declarations: security.declarations,
    keyInfo,
    prefixes: listFor(signature, () => prefixList(security.headerScope)),
    references,
  };
}

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
