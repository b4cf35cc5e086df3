/**
 * Puts WS-Security on a message: the order of the steps, and the one splice at the end. What is not ours leaves byte for
 * byte as it came.
 */

import { createSecretKey } from 'node:crypto';
import { scan } from '../xml/scan.ts';
import { SpliceEditor } from '../xml/splice.ts';
import { createBinarySecurityToken } from './binary-security-token/create.ts';
import { arrange, blockText, createPlainBlocks, type Block } from './blocks.ts';
import { encryptElements } from './encryption/encrypt.ts';
import { encryptBlock, encryptText, keyBlocks, prepareEncryption, type Encryption } from './encryption/prepare.ts';
import { InvalidStructureError, KeyNotFoundError } from './errors.ts';
import { sentFacts, type SentFacts } from './evidence.ts';
import type { ExchangeState } from './exchange-state.ts';
import { IdAllocator } from './ids.ts';
import { issuedTokenBlock } from './issued-token-block.ts';
import type { TokenInUse } from './issued-token.ts';
import { namesToken } from './key-info/create.ts';
import { WSU } from './namespaces.ts';
import { OWN_LIMITS } from './own-limits.ts';
import { insertSecurityBlocks, planSecurityHeader, type SecurityHeader } from './security-header.ts';
import type { SecureSettings, SignatureSettings } from './settings.ts';
import { signMessage, type Signed, type SigningKeyInUse } from './signature/sign-message.ts';
import type { Signer } from './signature/signature-value.ts';
import { readSoap, type SoapMessage } from './soap.ts';
import { findParts, NO_PARTS, type FoundParts, type OwnPart } from './targets.ts';

export type { Signer };

export interface SecureContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly exchange: ExchangeState;
  readonly sign: Signer;
  /** For `SecureSettings.securityToken`. */
  readonly token?: TokenInUse;
  /** Whether `Secured.evidence` is wanted. */
  readonly evidence?: true;
}

export interface Secured {
  readonly bytes: Buffer;
  /** The exchange with our signature and our EncryptedKey added. */
  readonly exchange: ExchangeState;
  /** With `SecureContext.evidence`. */
  readonly evidence?: SentFacts;
}

/** What both orders of the steps work on. */
interface Job {
  readonly message: SoapMessage;
  readonly settings: SecureSettings;
  readonly context: SecureContext;
  readonly security: SecurityHeader;
  readonly ids: IdAllocator;
  readonly toSign: FoundParts;
  readonly encryption: Encryption | undefined;
  /** Every block but the Signature. */
  readonly blocks: readonly Block[];
  readonly tokenId: string;
}

/** The message with its edits, and the blocks that go into its header, in order. */
interface Result {
  readonly message: SoapMessage;
  readonly editor: SpliceEditor;
  readonly security: SecurityHeader;
  readonly blocks: readonly Block[];
  readonly texts: readonly string[];
  readonly signatureValue: string | undefined;
}

/**
 * Adds the security that a policy asks for to a message: Timestamp, UsernameToken, issued token, Signature and encryption,
 * in the Security header of one actor (WSS 1.1).
 *
 * @throws {PartMissingError} when a part that is not optional is not in the message; nothing has been computed then
 * @throws {WssError} a subclass for keys, algorithms and headers that do not fit
 * @throws {XmlError} when the message declares a relative namespace name and is to be signed
 */
export async function secure(message: SoapMessage, settings: SecureSettings, context: SecureContext): Promise<Secured> {
  const security = planSecurityHeader(message, settings.actor, settings.mustUnderstand);
  if (settings.timestamp !== undefined && hasTimestamp(message, security)) {
    throw new InvalidStructureError('The Security header has a Timestamp already, and must have only one');
  }
  const { signature, encryption } = settings;
  const toSign = signature
    ? findParts(message, security.existing, signature.parts, signableBlocks(settings, signature))
    : NO_PARTS;
  const toEncrypt = encryption
    ? findParts(message, security.existing, encryption.parts, encryptableBlocks(settings))
    : NO_PARTS;
  const ids = new IdAllocator();
  const prepared = prepareEncryption(message, settings, context.exchange, toEncrypt, ids);
  const tokenId = signature?.keyIdentifier === 'BinarySecurityToken' ? ids.next('X509') : '';
  const blocks = [
    ...keyBlocks(settings, prepared, ids),
    ...createPlainBlocks(settings, context.now, context.exchange.verifiedSignatures, ids),
    ...signingTokenBlocks(signature, tokenId),
    ...(settings.securityToken ? [issuedTokenBlock(context.token?.token, message)] : []),
  ];
  const job = { message, settings, context, security, ids, toSign, encryption: prepared, blocks, tokenId };
  const result = settings.order === 'EncryptThenSign' ? await encryptThenSign(job) : await signThenEncrypt(job);
  return {
    bytes: splice(result, settings),
    exchange: remember(context.exchange, prepared, result.signatureValue),
    ...(context.evidence && {
      evidence: sentFacts(message, settings, context, toSign, prepared, result.signatureValue),
    }),
  };
}

async function signThenEncrypt(job: Job): Promise<Result> {
  const { message, settings, security, encryption, ids, toSign } = job;
  const editor = new SpliceEditor(message.index.bytes);
  const elements = toSign.elements.map(({ element }) => element);
  const signed = await sign(job, message, editor, security, job.blocks, elements);
  const blocks = arrange(signed === undefined ? job.blocks : [...job.blocks, signed.block], settings);
  let texts = blocks.map((block) => blockText(block, security.scope));
  if (encryption !== undefined) {
    encryptElements(message, editor, encryption.targets, encryption.dataKey, security, ids);
    texts = texts.map((text, i) => {
      const own = encryption.own.get(blocks[i].kind);
      return own === undefined ? text : encryptText(text, own.mode, own.dataId, encryption.dataKey);
    });
  }
  return { message, editor, security, blocks, texts, signatureValue: signed?.value };
}

async function encryptThenSign(job: Job): Promise<Result> {
  const { settings, encryption, ids } = job;
  let { message, security, blocks } = job;
  let elements = job.toSign.elements.map(({ element }) => element);
  if (encryption !== undefined) {
    blocks = blocks.map((block) => {
      const own = encryption.own.get(block.kind);
      return own === undefined ? block : encryptBlock(block, own.mode, own.dataId, encryption.dataKey, security.scope);
    });
    if (encryption.targets.length > 0) {
      const encryptEditor = new SpliceEditor(message.index.bytes);
      const replaced = encryptElements(message, encryptEditor, encryption.targets, encryption.dataKey, security, ids);
      const before = message.index;
      message = readSoap(scan(encryptEditor.toBuffer(), { limits: OWN_LIMITS }));
      security = planSecurityHeader(message, settings.actor, settings.mustUnderstand);
      const hidden: number[] = [];
      for (const element of elements) {
        const by = replaced.find(
          (r) =>
            r.element <= element && element < before.subtreeEnd(r.element) && !(r.content && r.element === element),
        );
        if (by !== undefined) hidden.push(message.index.elementsWithId(by.id)[0]);
      }
      // What is still to be seen is found again by its place; for the rest, what now stands for it is signed.
      const parts = (settings.signature?.parts ?? []).map((part) => ({ ...part, optional: true }));
      const visible = findParts(message, security.existing, parts, new Set()).elements;
      elements = [...visible.map(({ element }) => element), ...hidden];
    }
  }
  const editor = new SpliceEditor(message.index.bytes);
  const signed = await sign(job, message, editor, security, blocks, elements);
  const arranged = arrange(signed === undefined ? blocks : [...blocks, signed.block], settings);
  const texts = arranged.map((block) => blockText(block, security.scope));
  return { message, editor, security, blocks: arranged, texts, signatureValue: signed?.value };
}

async function sign(
  { settings, context, ids, toSign, encryption, tokenId }: Job,
  message: SoapMessage,
  editor: SpliceEditor,
  security: SecurityHeader,
  blocks: readonly Block[],
  elements: readonly number[],
): Promise<Signed | undefined> {
  const { signature } = settings;
  if (signature === undefined) return undefined;
  const signedBlocks = blocks.filter(
    ({ kind }) => kind === 'SignatureConfirmation' || (kind !== 'Token' && toSign.own.has(kind as OwnPart)),
  );
  return signMessage({
    message,
    editor,
    security,
    signature,
    key: signingKey(settings, signature, encryption, context),
    blocks,
    elements: [...new Set(elements)],
    signedBlocks,
    signToken: toSign.own.has('Token'),
    tokenId,
    ...(context.token && { issued: context.token.token }),
    ids,
    sign: context.sign,
  });
}

function splice({ message, editor, security, blocks, texts }: Result, settings: SecureSettings): Buffer {
  if (texts.length > 0) {
    const timestampLast = settings.layout === 'LaxTimestampLast' && blocks.at(-1)?.kind === 'Timestamp';
    const split = timestampLast ? texts.length - 1 : texts.length;
    insertSecurityBlocks(editor, message, security, texts.slice(0, split).join(''), texts.slice(split).join(''));
  }
  return editor.toBuffer();
}

function hasTimestamp(message: SoapMessage, security: SecurityHeader): boolean {
  return security.existing !== -1 && message.index.child(security.existing, WSU, 'Timestamp') !== -1;
}

function signableBlocks(settings: SecureSettings, signature: SignatureSettings): Set<OwnPart> {
  const own = new Set<OwnPart>();
  if (settings.timestamp !== undefined) own.add('Timestamp');
  if (settings.usernameToken !== undefined) own.add('UsernameToken');
  if (namesToken(signature.keyIdentifier)) own.add('Token');
  return own;
}

function encryptableBlocks(settings: SecureSettings): Set<OwnPart> {
  const own = new Set<OwnPart>();
  if (settings.timestamp !== undefined) own.add('Timestamp');
  if (settings.usernameToken !== undefined) own.add('UsernameToken');
  // One that the signature needs could not be found by its receiver.
  if (settings.securityToken && settings.signature?.keyIdentifier !== 'SAMLAssertion') own.add('Token');
  // When encryption comes first, there is no signature yet, and its token must stay readable.
  if (settings.signature === undefined || settings.order === 'EncryptThenSign') return own;
  own.add('Signature');
  if (settings.signature.keyIdentifier === 'BinarySecurityToken') own.add('Token');
  return own;
}

function signingTokenBlocks(signature: SignatureSettings | undefined, tokenId: string): Block[] {
  const certificate = signature?.key?.certificate;
  if (tokenId === '' || certificate === undefined) return [];
  return [{ kind: 'Token', id: tokenId, element: createBinarySecurityToken(certificate, tokenId) }];
}

function signingKey(
  settings: SecureSettings,
  signature: SignatureSettings,
  encryption: Encryption | undefined,
  { exchange, token }: SecureContext,
): SigningKeyInUse {
  if (signature.keyIdentifier === 'SAMLAssertion') {
    if (!settings.securityToken || token?.key === undefined) {
      throw new KeyNotFoundError('There is no issued token with a key to sign with');
    }
    return { key: token.key, sha1: '' };
  }
  if (signature.keyIdentifier !== 'EncryptedKeySHA1') {
    if (signature.key === undefined) throw new KeyNotFoundError('The policy has no key to sign with');
    return { key: signature.key.key, sha1: '' };
  }
  if (encryption !== undefined) {
    return { key: encryption.dataKey.key, sha1: encryption.encryptedKey.sha1 };
  }
  // Without a key of its own an answer is signed with the key that came with the request.
  const shared = exchange.encryptedKeys.find(({ received }) => received);
  if (shared === undefined) throw new KeyNotFoundError('Neither this message nor its request has an EncryptedKey');
  return { key: createSecretKey(shared.key), sha1: shared.sha1 };
}

function remember(
  exchange: ExchangeState,
  encryption: Encryption | undefined,
  signatureValue: string | undefined,
): ExchangeState {
  const { sentSignatures, encryptedKeys } = exchange;
  return {
    ...exchange,
    sentSignatures: signatureValue === undefined ? sentSignatures : [...sentSignatures, signatureValue],
    encryptedKeys:
      encryption === undefined
        ? encryptedKeys
        : [...encryptedKeys, { sha1: encryption.encryptedKey.sha1, key: encryption.encryptedKey.key }],
  };
}
