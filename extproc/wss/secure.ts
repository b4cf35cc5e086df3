/**
 * Puts WS-Security on a message: the order of the steps, and the one splice at the end. What is not ours leaves byte for
 * byte as it came.
 */

import { SpliceEditor } from '../xml/splice.ts';
import type { Attachments } from './attachments/attachments.ts';
import { attachmentBlocks, encryptAttachments } from './attachments/encrypt.ts';
import { checkAttachmentParts, withOwnAttachments } from './attachments/protect.ts';
import { arrange, blockText, createPlainBlocks, type Block, type OwnUser } from './blocks.ts';
import { encryptElements } from './encryption/encrypt.ts';
import { encryptBlock, encryptText, keyBlocks, prepareEncryption, type Encryption } from './encryption/prepare.ts';
import { createEndorsers, endorse, type Endorser } from './endorsing/secure.ts';
import { InvalidStructureError } from './errors.ts';
import { sentFacts, type SentFacts } from './evidence.ts';
import type { ExchangeState } from './exchange-state.ts';
import { IdAllocator } from './ids.ts';
import type { TokenInUse } from './issued-token.ts';
import { WSU } from './namespaces.ts';
import { OWN_LIMITS } from './own-limits.ts';
import { insertSecurityBlocks, planSecurityHeader, type SecurityHeader } from './security-header.ts';
import type { SecureSettings } from './settings.ts';
import { signMessage, type SigningInput, type SigningKeyInUse } from './signature/sign-message.ts';
import type { Signer } from './signature/signature-value.ts';
import { chooseSigningKey } from './signature/signing-key.ts';
import { scanSoap, type SoapMessage } from './soap.ts';
import { findParts, NO_PARTS, type FoundParts, type OwnPart } from './targets.ts';
import { encryptableBlocks, issuedBlocks, signableBlocks, signingTokenBlocks } from './token-blocks.ts';
import { createUserKey } from './username-token/user-key.ts';

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
  /** Of a multipart message: encrypted where the policy says so. */
  readonly attachments?: Attachments;
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
  /** What signs; absent without a signature. */
  readonly key: SigningKeyInUse | undefined;
  readonly endorsers: readonly Endorser[];
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
  /** Base64; absent without a signature. */
  readonly signatureValue?: string;
  /** Of the signatures over the Signature. */
  readonly endorsements?: readonly string[];
}

/**
 * Adds the security that a policy asks for to a message: Timestamp, UsernameToken, issued token, Signature and encryption,
 * in the Security header of one actor (WSS 1.1).
 *
 * @throws {PartMissingError} when a part that is not optional is not in the message; nothing has been computed then
 * @throws {WssError} a subclass for keys, algorithms and headers that do not fit
 * @throws {XmlError} when the message declares a relative namespace name and is to be signed
 */
export async function secure(
  original: SoapMessage,
  settings: SecureSettings,
  context: SecureContext,
): Promise<Secured> {
  const message = withOwnAttachments(original);
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
  if (message.attachments !== undefined || settings.signature?.attachments || settings.encryption?.attachments) {
    checkAttachmentParts(message, settings);
  }
  const ids = new IdAllocator();
  const user = ownUser(settings, ids);
  const prepared = prepareEncryption(message, settings, context, toEncrypt, ids, user);
  const { exchange, token } = context;
  const key = signature && chooseSigningKey({ settings, signature, encryption: prepared, exchange, token, user }, ids);
  const endorsers = signature ? createEndorsers(settings, ids) : [];
  const tokenId = signature?.keyIdentifier === 'BinarySecurityToken' ? ids.next('X509') : '';
  const blocks = [
    ...keyBlocks(settings, prepared, ids),
    ...attachmentBlocks(message, settings, prepared),
    ...(key?.derived ? [key.derived] : []),
    ...createPlainBlocks(settings, context.now, context.exchange.verifiedSignatures, ids, user),
    ...signingTokenBlocks(signature, tokenId),
    ...endorsers.flatMap(({ token }) => token ?? []),
    ...issuedBlocks(settings, token, message, toSign, prepared, ids),
  ];
  const job = {
    message,
    settings,
    context,
    security,
    ids,
    toSign,
    encryption: prepared,
    key,
    blocks,
    tokenId,
    endorsers,
  };
  const result = settings.order === 'EncryptThenSign' ? await encryptThenSign(job) : await signThenEncrypt(job);
  return {
    bytes: splice(result, settings),
    ...(message.attachments && { attachments: message.attachments }),
    exchange: { ...remember(exchange, prepared, result), ...sentTicket(token) },
    ...(context.evidence && {
      evidence: sentFacts(message, settings, context, toSign, prepared, result),
    }),
  };
}

async function signThenEncrypt(job: Job): Promise<Result> {
  const { message, settings, security, encryption, ids, toSign } = job;
  const editor = new SpliceEditor(message.index.bytes);
  const elements = toSign.elements.map(({ element }) => element);
  const signed = await sign(job, message, editor, security, job.blocks, elements);
  const blocks = arrange([...job.blocks, ...signed.blocks], settings);
  let texts = blocks.map((block) => blockText(block, security.scope));
  if (encryption !== undefined) {
    encryptAttachments(message, encryption);
    encryptElements(message, editor, encryption.targets, encryption.dataKey, security, ids);
    texts = texts.map((text, i) => {
      const own = encryption.own.get(blocks[i].kind);
      return own === undefined ? text : encryptText(text, own.mode, own.dataId, encryption.dataKey);
    });
  }
  return { message, editor, security, blocks, texts, ...signed.values };
}

async function encryptThenSign(job: Job): Promise<Result> {
  const { settings, encryption, ids } = job;
  let { message, security, blocks } = job;
  let elements = job.toSign.elements.map(({ element }) => element);
  if (encryption !== undefined) {
    encryptAttachments(message, encryption);
    blocks = blocks.map((block) => {
      const own = encryption.own.get(block.kind);
      return own === undefined ? block : encryptBlock(block, own.mode, own.dataId, encryption.dataKey, security.scope);
    });
    if (encryption.targets.length > 0) {
      const encryptEditor = new SpliceEditor(message.index.bytes);
      const replaced = encryptElements(message, encryptEditor, encryption.targets, encryption.dataKey, security, ids);
      const before = message.index;
      message = scanSoap(encryptEditor.toBuffer(), OWN_LIMITS, message.attachments);
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
  const arranged = arrange([...blocks, ...signed.blocks], settings);
  const texts = arranged.map((block) => blockText(block, security.scope));
  return { message, editor, security, blocks: arranged, texts, ...signed.values };
}

async function sign(
  { settings, context, ids, toSign, key, tokenId, endorsers }: Job,
  message: SoapMessage,
  editor: SpliceEditor,
  security: SecurityHeader,
  blocks: readonly Block[],
  elements: readonly number[],
): Promise<Signatures> {
  const { signature } = settings;
  if (signature === undefined || key === undefined) return NO_SIGNATURES;
  const signedBlocks = blocks.filter(
    ({ kind, signed, encrypted }) =>
      signed ||
      kind === 'SignatureConfirmation' ||
      kind === 'AssertionReference' ||
      (kind === 'IssuedToken' && encrypted !== undefined && toSign.own.has('Assertion')) ||
      (kind !== 'Token' && toSign.own.has(kind as OwnPart)),
  );
  const input: SigningInput = {
    message,
    editor,
    security,
    signature,
    key,
    blocks,
    elements: [...new Set(elements)],
    signedBlocks,
    signToken: toSign.own.has('Token') || (toSign.own.has('Assertion') && signature.keyIdentifier === 'SAMLAssertion'),
    tokenId,
    ...(context.token && { issued: context.token.token }),
    ids,
    sign: context.sign,
  };
  const { block, value } = await signMessage(input);
  if (endorsers.length === 0) return { blocks: [block], values: { signatureValue: value } };
  const endorsements = await endorse(endorsers, input, block);
  return {
    blocks: [block, ...endorsements.map((made) => made.block)],
    values: { signatureValue: value, endorsements: endorsements.map((made) => made.value) },
  };
}

/** The Signature and those over it, which go into the header. */
interface Signatures {
  readonly blocks: readonly Block[];
  readonly values: Pick<Result, 'signatureValue' | 'endorsements'>;
}

const NO_SIGNATURES: Signatures = { blocks: [], values: {} };

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

/** A key that is derived from the password needs the token's id before there is a token. */
function ownUser({ usernameToken }: SecureSettings, ids: IdAllocator): OwnUser | undefined {
  if (usernameToken?.derivedKey === undefined) return undefined;
  const id = ids.next('UT');
  return { id, key: createUserKey(usernameToken, usernameToken.derivedKey, id) };
}

/** The receiver may sign its answer with the key of the ticket that it got. */
function sentTicket(token: TokenInUse | undefined): Pick<ExchangeState, 'kerberosKey'> {
  if (token?.kerberosSha1 === undefined || token.token.secret === undefined) return {};
  return { kerberosKey: { sha1: token.kerberosSha1, key: token.token.secret } };
}

function remember(
  exchange: ExchangeState,
  encryption: Encryption | undefined,
  { signatureValue, endorsements = [] }: Result,
): ExchangeState {
  const { sentSignatures, encryptedKeys } = exchange;
  const encryptedKey = encryption?.encryptedKey;
  return {
    ...exchange,
    sentSignatures:
      signatureValue === undefined ? sentSignatures : [...sentSignatures, signatureValue, ...endorsements],
    encryptedKeys:
      encryptedKey === undefined
        ? encryptedKeys
        : [...encryptedKeys, { sha1: encryptedKey.sha1, key: encryptedKey.key }],
  };
}
