/**
 * The checking side of WS-Security: what a message must prove, in the order in which it is proved.
 *
 * Elements of our Security header are processed from top to bottom, as their sender prepended them (WSS 1.1 §5); elements
 * we do not know are not processed and prove nothing. Whatever the policy demands is then checked on the result, by the
 * absolute place of each part. What the policy does not list is not trusted and not reported.
 */

import type { Certificate } from '../keys/certificate.ts';
import { SpliceEditor } from '../xml/splice.ts';
import { checkAddressing } from './addressing/check.ts';
import { messageIdOf, readAddressing, type Addressing } from './addressing/read.ts';
import { checkAttachments, checkBareAttachments, checkEncryptedAttachments } from './attachments/required.ts';
import { checkBsp } from './bsp/check.ts';
import { anyCovers } from './byte-ranges.ts';
import { callerToken } from './caller-token.ts';
import { decryptAssertion, decryptByKey, decryptByList, decryptToken } from './encryption/decrypt.ts';
import { checkEncryptedParts } from './encryption/required-parts.ts';
import { findEndorsement, isOverSignature } from './endorsing/verify.ts';
import {
  KeyNotFoundError,
  LimitError,
  SecurityHeaderDuplicatedError,
  SecurityHeaderMissingError,
  SignatureConfirmationError,
  WssError,
} from './errors.ts';
import { receivedFacts, type ReceivedFacts } from './evidence.ts';
import type { ExchangeKey, ExchangeState, ReplayEntry } from './exchange-state.ts';
import { hashFields } from './hash-fields.ts';
import type { CallerToken } from './issued-token.ts';
import { checkKerberosToken, ticketReplayEntry, type VerifiedTicket } from './kerberos/token.ts';
import type { KeyProof } from './key-proof.ts';
import { DS, WSU, XENC } from './namespaces.ts';
import type { SamlIdentity } from './saml/identity.ts';
import { checkSaml, samlReplayEntries } from './saml/verify.ts';
import { isEncryptedAssertion } from './saml/versions.ts';
import type { VerifySettings } from './settings.ts';
import { checkSignatureConfirmation } from './signature-confirmation/check.ts';
import { findDecisiveSignature } from './signature/required-parts.ts';
import { verifySignature } from './signature/verify.ts';
import { securityHeaders, type SoapMessage } from './soap.ts';
import { checkTimestamp, type TimestampFacts } from './timestamp/check.ts';
import { checkUsernameToken, type UsernameTokenFacts } from './username-token/check.ts';
import { Verification, type GoodSignature, type VerifyContext } from './verification.ts';

export type { VerifyContext } from './verification.ts';

/** Children that a Security header may have. */
const MAX_HEADER_CHILDREN = 100;

/** A message that proved everything the policy demands. */
export interface Verified {
  /** What goes on: decrypted parts in their places, our Security header removed, every other byte as it came. */
  readonly bytes: Buffer;
  /** The scan of the very bytes that were verified, our Security header still in them: read from this, nothing else. */
  readonly message: SoapMessage;
  /**
   * The exchange with what this message adds to it. For a request, the response needs it; what a response adds is about
   * the backend and must not be used to secure the answer to the client.
   */
  readonly exchange: ExchangeState;
  /** Facts that must be seen for the first time, or the message is a replay. Empty when the policy has no window. */
  readonly replay: readonly ReplayEntry[];
  readonly identity: {
    readonly username?: string;
    readonly certificate?: Certificate;
    readonly saml?: SamlIdentity;
    readonly kerberos?: { readonly principal: string };
  };
  /** With `VerifySettings.caller`: what the caller proved itself with, if that is a token. */
  readonly caller?: CallerToken;
  /** With `VerifyContext.evidence`. */
  readonly evidence?: ReceivedFacts;
  /** Names of accepted algorithms that were used but should no longer be, for metrics and status. */
  readonly legacyAlgorithms: readonly string[];
}

/**
 * Verifies and decrypts a message for one actor.
 *
 * @param message as it came
 * @param settings the policy's `verify`
 * @param context the clock, the exchange so far, and the limits that hold after decryption too
 * @throws WssError a subclass that says why the message is refused; XmlError when a signed part has no canonical form
 */
export function verify(message: SoapMessage, settings: VerifySettings, context: VerifyContext): Verified {
  const [security, ...others] = securityHeaders(message, settings.actor);
  if (others.length > 0) throw new SecurityHeaderDuplicatedError('the message has two Security headers for us');
  if (security === undefined) return verifyBare(message, settings, context);
  const state = new Verification(message, security, settings, context);
  try {
    const strict = settings.bsp?.mode === 'Strict' ? settings.bsp : undefined;
    if (strict) checkBsp(message, security, strict.ignored);
    processHeader(state);
    if (strict && state.message !== message) checkBsp(state.message, state.security, strict.ignored);
    return conclude(state);
  } catch (error) {
    if (state.malleable && error instanceof WssError) error.concealed = true;
    throw error;
  }
}

/** A message without a Security header proves nothing, which is enough if nothing is demanded. */
function verifyBare(message: SoapMessage, settings: VerifySettings, context: VerifyContext): Verified {
  const { timestamp, decryption, signature, endorsing, usernameToken, signatureConfirmation } = settings;
  const demanding =
    timestamp?.required === true ||
    (decryption !== undefined && decryption.requiredParts.some((part) => !part.optional)) ||
    decryption?.attachments?.optional === false ||
    signature !== undefined ||
    endorsing !== undefined ||
    usernameToken !== undefined ||
    settings.kerberos !== undefined ||
    settings.saml !== undefined ||
    signatureConfirmation;
  if (demanding) throw new SecurityHeaderMissingError('the message has no Security header for us');
  checkBareAttachments(message, settings);
  const addressing = addressingOf(message, settings, context);
  return {
    bytes: message.index.bytes,
    message,
    exchange: { ...context.exchange, ...receivedMessageId(message, context) },
    replay: addressing === undefined ? [] : messageIdEntries(addressing, settings, context, {}),
    identity: {},
    legacyAlgorithms: [],
  };
}

/** The addressing headers of a message that holds what the policy demands of them; undefined when it demands nothing. */
function addressingOf(message: SoapMessage, settings: VerifySettings, context: VerifyContext): Addressing | undefined {
  if (settings.addressing === undefined) return undefined;
  const addressing = readAddressing(message);
  const { soapActions = [], isResponse = false, exchange } = context;
  checkAddressing(addressing, settings.addressing, { soapActions, isResponse, sentMessageId: exchange.sentMessageId });
  return addressing;
}

/** Of a request: its answer may have to say what it answers. */
function receivedMessageId(message: SoapMessage, context: VerifyContext): Pick<ExchangeState, 'receivedMessageId'> {
  const id = context.isResponse ? undefined : messageIdOf(message);
  return id === undefined ? {} : { receivedMessageId: id };
}

/** Decrypts and verifies signatures from top to bottom; what decryption reveals is processed in its place. */
function processHeader(state: Verification): void {
  for (let child = nextChild(state); child !== -1; child = nextChild(state)) {
    state.processed.push(state.rangeOf(child));
    processChild(state, child);
  }
}

function nextChild(state: Verification): number {
  const { index } = state.message;
  let count = 0;
  for (let child = index.firstChild(state.security); child !== -1; child = index.nextSibling(child)) {
    if (++count > MAX_HEADER_CHILDREN) {
      throw new LimitError(`the Security header has more than ${MAX_HEADER_CHILDREN} children`);
    }
    const start = index.start(child);
    if (!state.processed.some((range) => range.start === start)) return child;
  }
  return -1;
}

function processChild(state: Verification, child: number): void {
  const { index } = state.message;
  const { signature, endorsing, decryption, removeSecurityHeader } = state.settings;
  if (index.is(child, DS, 'Signature')) {
    if (endorsing !== undefined && isOverSignature(state, child)) verifySignature(state, endorsing, child, true);
    else if (signature !== undefined) verifySignature(state, signature, child);
    return;
  }
  if (state.settings.saml !== undefined && decryption !== undefined && isEncryptedAssertion(index, child)) {
    decryptAssertion(state, decryption, child);
    return;
  }
  if (index.namespaceUri(child) !== XENC) return;
  if (decryption === undefined) {
    // Left in place, another receiver may decrypt it; removed with the header, the key would be lost.
    if (removeSecurityHeader)
      throw new KeyNotFoundError('the message is encrypted and the policy has no decryption key');
    return;
  }
  if (index.is(child, XENC, 'EncryptedKey')) decryptByKey(state, decryption, child);
  else if (index.is(child, XENC, 'ReferenceList')) decryptByList(state, decryption, child);
  else if (index.is(child, XENC, 'EncryptedData')) decryptToken(state, decryption, child);
}

/** Checks everything the policy demands against what was found. */
function conclude(state: Verification): Verified {
  const { settings, context, security } = state;
  const { index } = state.message;
  if (settings.decryption !== undefined) {
    if (index.child(security, XENC, 'EncryptedData') !== -1) {
      throw new KeyNotFoundError('the Security header holds EncryptedData that no key of the message is for');
    }
    checkEncryptedParts(state, settings.decryption);
    checkEncryptedAttachments(state, settings.decryption.attachments);
  }
  const timestamp = settings.timestamp && checkTimestamp(index, security, settings.timestamp, context.now);
  const decisive = settings.signature && findDecisiveSignature(state, settings.signature);
  checkAttachments(state, decisive);
  const user =
    settings.usernameToken && checkUsernameToken(index, security, settings.usernameToken, context.now, decisive?.proof);
  const ticket = settings.kerberos && checkKerberosToken(state);
  const endorsement = settings.endorsing && findEndorsement(state, settings.endorsing, decisive);
  // Where the message's signature says nothing of who made it, whoever signed it in turn is the sender.
  const signer = decisive?.certificate === undefined ? (endorsement ?? decisive) : decisive;
  const saml = settings.saml && checkSaml(state, settings.saml);
  if (settings.signatureConfirmation) checkConfirmed(state, decisive);
  const addressing = addressingOf(state.message, settings, context);
  const identity = {
    username: user?.username,
    certificate: signer?.certificate,
    ...(ticket && { kerberos: { principal: ticket.client } }),
    ...(saml && { saml: saml.identity }),
  };
  const replay = replayEntries(state, timestamp, user, ticket);
  if (saml !== undefined) replay.push(...samlReplayEntries(saml.verified, context.now));
  if (addressing !== undefined) replay.push(...messageIdEntries(addressing, settings, context, identity));
  const caller = settings.caller && callerToken(state, user, signer, saml?.verified);
  return {
    bytes: forwardedBytes(state),
    message: state.message,
    exchange: exchangeAfter(state, decisive?.proof, signer?.certificate, ticket),
    replay,
    identity,
    ...(caller && { caller }),
    ...(context.evidence && { evidence: receivedFacts(state, identity) }),
    legacyAlgorithms: [...state.legacyAlgorithms],
  };
}

function checkConfirmed(state: Verification, decisive: GoodSignature | undefined): void {
  const { index } = state.message;
  const sent = state.context.exchange.sentSignatures;
  for (const element of checkSignatureConfirmation(index, state.security, sent)) {
    if (decisive === undefined || !anyCovers(decisive.signed, state.rangeOf(element))) {
      throw new SignatureConfirmationError('a SignatureConfirmation is not signed');
    }
  }
}

function forwardedBytes(state: Verification): Buffer {
  const { bytes } = state.message.index;
  if (!state.settings.removeSecurityHeader) return bytes;
  const editor = new SpliceEditor(bytes);
  const { start, end } = state.rangeOf(state.security);
  editor.remove(start, end);
  return editor.toBuffer();
}

/** @param proof of the key that made the decisive signature */
function exchangeAfter(
  state: Verification,
  proof?: KeyProof,
  signer?: Certificate,
  ticket?: VerifiedTicket,
): ExchangeState {
  const { exchange } = state.context;
  // With one of several the message was signed: somebody on the way may have added another, to read the answer.
  const proved = proof?.kind === 'receivedKey' ? proof.sha1 : undefined;
  const received = state.sessionKeys.flatMap(({ sha1, octets }): ExchangeKey[] =>
    octets === undefined || sha1 !== (proved ?? sha1) ? [] : [{ sha1, key: octets, received: true }],
  );
  return {
    ...exchange,
    ...receivedMessageId(state.message, state.context),
    verifiedSignatures: [...state.signatures, ...state.endorsements].map(({ value }) => value.toString('base64')),
    signerCertificate: signer?.der ?? exchange.signerCertificate,
    encryptedKeys: [...exchange.encryptedKeys, ...received],
    ...(ticket && { kerberosKey: { sha1: ticket.sha1, key: ticket.key, received: true } }),
  };
}

/**
 * What makes this message this message: each signature over the Timestamp, and the nonce of the UsernameToken. A
 * signature without a Timestamp is none, because the same content may rightly be signed the same way again.
 */
function replayEntries(
  state: Verification,
  timestamp: TimestampFacts | undefined,
  user: UsernameTokenFacts | undefined,
  ticket: VerifiedTicket | undefined,
): ReplayEntry[] {
  const { window } = state.settings.replay;
  if (window === 0) return [];
  const ttl = (acceptedUntil: number) => Math.max(window, acceptedUntil - state.context.now);
  const entries: ReplayEntry[] = ticket === undefined ? [] : [ticketReplayEntry(ticket, state.context.now, window)];
  if (timestamp !== undefined) {
    const range = state.rangeOf(state.message.index.child(state.security, WSU, 'Timestamp'));
    for (const { signed, value } of state.signatures) {
      if (!anyCovers(signed, range)) continue;
      entries.push({
        kind: 'signature',
        key: hashFields(value, timestamp.createdText),
        ttl: ttl(timestamp.acceptedUntil),
      });
    }
  }
  if (user?.nonce !== undefined) {
    const key = hashFields(user.username, user.createdText ?? '', user.nonce);
    entries.push({ kind: 'nonce', key, ttl: ttl(user.acceptedUntil ?? 0) });
  }
  return entries;
}

/** The MessageID, which its sender must not use again: another sender may happen to use the same. */
function messageIdEntries(
  { messageId }: Addressing,
  { replay: { window } }: VerifySettings,
  { isResponse }: VerifyContext,
  { username = '', certificate }: Verified['identity'],
): ReplayEntry[] {
  if (messageId === undefined || window === 0) return [];
  // A backend that echoes what it got must not have its answer taken for its request.
  const direction = isResponse ? 'response' : 'request';
  return [{ kind: 'messageId', key: hashFields(direction, messageId, username, certificate?.der ?? ''), ttl: window }];
}
