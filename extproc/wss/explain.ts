/**
 * Why a message verifies or not: every token, reference and digest is looked at, and nothing stops at the first failure.
 *
 * For operators at a command line, never for the message path: it tells things (which data could be decrypted, what a
 * digest would match) that a peer must not learn.
 */

import { RevocationNeededError } from '../keys/ocsp/status.ts';
import { checkAddressing } from './addressing/check.ts';
import { readAddressing } from './addressing/read.ts';
import { bspViolations } from './bsp/check.ts';
import { decryptAssertion, decryptByKey, decryptByList, decryptToken } from './encryption/decrypt.ts';
import { checkEncryptedParts } from './encryption/required-parts.ts';
import {
  ActionMismatchError,
  RelatesToMismatchError,
  ReplyToNotAllowedError,
  TimestampExpiredError,
  TimestampInFutureError,
  TimestampLifetimeError,
  UsernameTokenExpiredError,
} from './errors.ts';
import { isOverSignature } from './endorsing/verify.ts';
import { explainAttachments, signedAttachments } from './explain/attachments.ts';
import { explainSaml } from './explain/saml.ts';
import { explainSignature } from './explain/signature.ts';
import { attempt, pathOf, reasonOf, type Finding } from './explain/finding.ts';
import { classifyFailure } from './faults.ts';
import { DS, XENC } from './namespaces.ts';
import { isEncryptedAssertion } from './saml/versions.ts';
import type { DecryptionSettings, VerifySettings } from './settings.ts';
import { checkSignatureConfirmation } from './signature-confirmation/check.ts';
import { findDecisiveSignature } from './signature/required-parts.ts';
import { verifySignature } from './signature/verify.ts';
import { actorOf, securityHeaders, type SoapMessage } from './soap.ts';
import { checkTimestamp } from './timestamp/check.ts';
import { checkUsernameToken } from './username-token/check.ts';
import { Verification, type VerifyContext } from './verification.ts';
import { verify } from './verify.ts';

export type { Finding } from './explain/finding.ts';

export interface Explanation {
  readonly accepted: boolean;
  /** What `verify` threw, when it did. */
  readonly refusal?: { readonly code: string; readonly reason: string };
  readonly findings: readonly Finding[];
}

/**
 * Explains the verdict on a message.
 *
 * @param message as it came
 * @param settings the policy's `verify`
 * @param context as for {@link verify}
 * @throws RevocationNeededError when an OCSP responder has to be asked first
 */
export function explain(message: SoapMessage, settings: VerifySettings, context: VerifyContext): Explanation {
  const findings: Finding[] = [];
  const security = explainHeaders(message, settings, findings);
  let decrypted = message;
  if (security !== undefined) {
    const state = new Verification(message, security, settings, context);
    if (settings.bsp) explainBsp(message, security, settings.bsp, findings);
    explainChildren(state, findings);
    explainDemands(state, findings);
    decrypted = state.message;
  }
  explainAddressing(decrypted, settings, context, findings);
  try {
    verify(message, settings, context);
    return { accepted: true, findings };
  } catch (error) {
    if (error instanceof RevocationNeededError) throw error;
    return { accepted: false, refusal: { code: classifyFailure(error).code, reason: reasonOf(error) }, findings };
  }
}

/** @returns our Security header */
function explainHeaders(message: SoapMessage, settings: VerifySettings, findings: Finding[]): number | undefined {
  const ours = securityHeaders(message, settings.actor);
  const { index, header } = message;
  const actors = header === -1 ? [] : index.children(header).filter((child) => index.localName(child) === 'Security');
  const names = actors.map((child) => actorOf(message, child) ?? 'the ultimate receiver');
  const elsewhere = ours.length === 0 && actors.length > 0;
  findings.push({
    about: 'Security header',
    ok: ours.length === 1,
    detail: actors.length === 0 ? 'there is none' : `for ${names.join(', ')}; ${ours.length} for us`,
    ...(elsewhere && { cause: 'The header is for another actor: set verify.actor, or have the sender leave it out.' }),
  });
  return ours[0];
}

/** Each rule that is broken: a fault where the policy is Strict, else only a remark. */
function explainBsp(
  message: SoapMessage,
  security: number,
  { mode, ignored }: NonNullable<VerifySettings['bsp']>,
  findings: Finding[],
): void {
  for (const { id, text } of bspViolations(message, security, ignored)) {
    findings.push({
      about: `Basic Security Profile ${id}`,
      detail: `broken: ${text}`,
      ...(mode === 'Strict' && { ok: false }),
    });
  }
}

/** The children of the Security header in their order, as decryption reveals them. */
function explainChildren(state: Verification, findings: Finding[]): void {
  const { decryption } = state.settings;
  let signatures = 0;
  for (let child = nextChild(state); child !== -1; child = nextChild(state)) {
    const { index } = state.message;
    state.processed.push(state.rangeOf(child));
    if (index.is(child, DS, 'Signature')) {
      signatures++;
      const endorsing = state.settings.endorsing !== undefined && isOverSignature(state, child);
      const signature = endorsing ? state.settings.endorsing : state.settings.signature;
      if (signature === undefined) {
        findings.push({ about: `Signature ${signatures}`, detail: 'the policy does not ask for one: not looked at' });
        continue;
      }
      findings.push(...explainSignature(state, signature, child, signatures));
      try {
        verifySignature(state, signature, child, endorsing);
      } catch {
        // Already said, in more detail.
      }
    } else if (index.namespaceUri(child) === XENC || isEncryptedAssertion(index, child)) {
      explainEncryption(state, decryption, child, findings);
    } else {
      findings.push({ about: index.localName(child), detail: `found at ${pathOf(index, child)}` });
    }
  }
}

function nextChild({ message, security, processed }: Verification): number {
  const { index } = message;
  return index.children(security).find((child) => !processed.some((range) => range.start === index.start(child))) ?? -1;
}

function explainEncryption(
  state: Verification,
  decryption: DecryptionSettings | undefined,
  child: number,
  findings: Finding[],
): void {
  const about = state.message.index.localName(child);
  if (decryption === undefined) {
    findings.push({ about, ok: false, detail: 'the policy has no decryption key', cause: 'Add verify.decryption.' });
    return;
  }
  const before = state.encryptedDataCount;
  attempt(
    findings,
    about,
    () => {
      if (about === 'EncryptedKey') decryptByKey(state, decryption, child);
      else if (about === 'ReferenceList') decryptByList(state, decryption, child);
      else if (about === 'EncryptedData') decryptToken(state, decryption, child);
      else if (about === 'EncryptedAssertion') decryptAssertion(state, decryption, child);
    },
    () => `decrypted ${state.encryptedDataCount - before} EncryptedData`,
    (error) =>
      error instanceof Error && error.cause !== undefined
        ? `It was decrypted, but: ${reasonOf(error.cause)}.`
        : decryptionCause(state),
  );
}

function decryptionCause({ sessionKeys }: Verification): string | undefined {
  if (!sessionKeys.some(({ octets }) => octets === undefined)) return undefined;
  return 'No decryption key of the policy unwraps the EncryptedKey: the sender may use another certificate of ours, or other OAEP parameters than it says.';
}

/** What the policy demands, on what was found. */
function explainDemands(state: Verification, findings: Finding[]): void {
  const { settings, context, security } = state;
  const { index } = state.message;
  const { timestamp, signature, decryption, usernameToken } = settings;
  const ourTime = `Our clock says ${new Date(context.now).toISOString()}`;
  if (timestamp !== undefined) {
    attempt(
      findings,
      'Timestamp',
      () => checkTimestamp(index, security, timestamp, context.now),
      (facts) => (facts === undefined ? 'there is none, and none is required' : `created ${facts.createdText}`),
      (error) => timeCause(error, ourTime),
    );
  }
  if (usernameToken !== undefined) {
    attempt(
      findings,
      'UsernameToken',
      () => checkUsernameToken(index, security, usernameToken, context.now),
      ({ username }) => `the password of ${username} is right`,
      (error) => timeCause(error, ourTime),
    );
  }
  if (decryption !== undefined) {
    attempt(
      findings,
      'Required encrypted parts',
      () => checkEncryptedParts(state, decryption),
      () => 'all encrypted',
    );
  }
  if (signature !== undefined && state.signatures.length === 0) {
    findings.push({ about: 'Required signed parts', ok: false, detail: 'no signature proved good' });
  } else if (signature !== undefined) {
    attempt(
      findings,
      'Required signed parts',
      () => findDecisiveSignature(state, signature),
      ({ certificate }) => `all covered by the signature of ${certificate?.subject ?? 'a shared secret'}`,
      () => `Good signatures cover: ${signedPaths(state)}.`,
    );
  }
  explainAttachments(state, findings);
  if (settings.saml !== undefined) explainSaml(state, settings.saml, findings);
  if (settings.signatureConfirmation) {
    attempt(
      findings,
      'SignatureConfirmation',
      () => checkSignatureConfirmation(index, security, context.exchange.sentSignatures),
      (elements) => `${elements.length} confirm what we sent`,
    );
  }
}

function explainAddressing(
  message: SoapMessage,
  { addressing: demanded }: VerifySettings,
  { soapActions = [], isResponse = false, exchange }: VerifyContext,
  findings: Finding[],
): void {
  if (demanded === undefined) return;
  attempt(
    findings,
    'WS-Addressing',
    () => {
      const addressing = readAddressing(message);
      checkAddressing(addressing, demanded, { soapActions, isResponse, sentMessageId: exchange.sentMessageId });
      return addressing;
    },
    ({ version, action }) =>
      version === undefined
        ? 'there is none, and none is required'
        : `version ${version}, Action ${action ?? 'absent'}`,
    (error) => addressingCause(error, soapActions),
  );
}

function addressingCause(error: unknown, soapActions: readonly string[]): string | undefined {
  if (error instanceof ActionMismatchError) {
    return `The HTTP message names ${soapActions.join(', ') || 'no SOAP action'}: have the sender say the same in both, or set addressing.action to Any.`;
  }
  if (error instanceof ReplyToNotAllowedError) return 'Add the address to addressing.allowedReplyTo if it is yours.';
  if (error instanceof RelatesToMismatchError) {
    return 'The service does not relate its answers to requests as WS-Addressing has it: IfPresent lets pass those that say nothing.';
  }
  return undefined;
}

function timeCause(error: unknown, ourTime: string): string | undefined {
  if (error instanceof TimestampInFutureError)
    return `${ourTime}: the sender's is ahead. Mend the clocks, or raise clockSkew.`;
  if (error instanceof TimestampExpiredError || error instanceof UsernameTokenExpiredError) {
    return `${ourTime}: the message is late, was kept, or the clocks differ. Mend the clocks, or raise clockSkew or maxAge.`;
  }
  return error instanceof TimestampLifetimeError
    ? 'Have the sender use a shorter validity, or raise maxLifetime.'
    : undefined;
}

function signedPaths(state: Verification): string {
  const { message, signatures } = state;
  const { index } = message;
  const paths: string[] = [];
  for (let element = 0; element < index.elementCount; element++) {
    const start = index.start(element);
    if (
      signatures.some(({ signed }) => signed.some((range) => range.start === start && range.end === index.end(element)))
    ) {
      paths.push(pathOf(index, element));
    }
  }
  paths.push(...signedAttachments(state));
  return paths.length === 0 ? 'nothing' : paths.join(', ');
}
