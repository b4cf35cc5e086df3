/**
 * The work on one message, from the bytes that came to the bytes that go on: decode, scan, verify, address, secure. A
 * pure function of plain data and a compiled policy, so that it can run in any thread. It knows no HTTP but what the
 * headers said of the body, waits for nothing but a signature, and remembers nothing.
 */

import { RevocationNeededError, type OcspQuestion, type OcspStatuses } from '../keys/ocsp/status.ts';
import type { RelatedType } from '../mime/related.ts';
import { addAddressing, type AddressingValues } from '../wss/addressing/write.ts';
import { messageIdOf } from '../wss/addressing/read.ts';
import { SecurityHeaderMissingError } from '../wss/errors.ts';
import { sha256, type ReceivedFacts, type SentFacts } from '../wss/evidence.ts';
import type { ExchangeState, ReplayEntry } from '../wss/exchange-state.ts';
import type { CallerToken, TokenInUse } from '../wss/issued-token.ts';
import { faultOf } from '../wss/read-fault.ts';
import { withoutSecurityHeaders } from '../wss/saml/remove-headers.ts';
import { secure, type Signer } from '../wss/secure.ts';
import { OWN_LIMITS } from '../wss/own-limits.ts';
import { ADDRESSING_DEFAULT, type UsernameTokenSettings } from '../wss/settings.ts';
import { operationOf, scanSoap, type SoapMessage, type SoapVersion } from '../wss/soap.ts';
import { verify, type Verified } from '../wss/verify.ts';
import type { XmlLimits } from '../xml/limits.ts';
import { verifiedCaller, type VerifiedCaller } from './assertion/verified-caller.ts';
import type { CompiledPhase, CompiledPolicy } from './compile.ts';
import type { MessageMeta } from './conditions.ts';
import { decodeBody, type ContentCoding } from './entity.ts';
import { BodyTooLargeError, SoapVersionError, UnsignedFaultError } from './errors.ts';
import { identityValues, type IdentityValue } from './identity.ts';
import { describeFailure, type Failure } from './failure.ts';
import { closeRelated, openRelated, type OpenedMessage } from './related.ts';

export type Phase = 'request' | 'response';
/** `token`: waiting for a token service, which is not the engine's. */
export const STEPS = ['decode', 'scan', 'verify', 'token', 'addressing', 'secure'] as const;
export type Step = (typeof STEPS)[number];

/** One message to work on. Plain data. */
export interface Job {
  readonly phase: Phase;
  /** The body as it came. */
  readonly bytes: Uint8Array;
  readonly codings: readonly ContentCoding[];
  /** What the content type says; the envelope must agree. Absent where `related` is there, whose root part says it. */
  readonly soapVersion?: SoapVersion;
  /** Of a multipart message. */
  readonly related?: RelatedType;
  /** Given where a condition has to see the operation. */
  readonly meta?: MessageMeta;
  /** Given where the policy writes addressing headers. */
  readonly addressing?: AddressingValues;
  /** SOAP actions that the HTTP request names, where the policy compares them. */
  readonly soapActions?: readonly string[];
  /** Of the request, for its response. */
  readonly exchange: ExchangeState;
  /**
   * Absent: all steps. `verify`: those up to it. `secure`: those after it, on what a job of `verify` gave. Between the two
   * somebody else may wait for what securing needs.
   */
  readonly half?: 'verify' | 'secure';
  /** The one that was chosen for the message, where the policy has several. */
  readonly usernameToken?: UsernameTokenSettings;
  /** Where the policy adds one. */
  readonly token?: TokenInUse;
  /** Whether the result is to tell what a decision log keeps. */
  readonly evidence?: true;
  /** What OCSP responders have said, where an earlier run of the job had to know. */
  readonly revocation?: OcspStatuses;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The job cannot be done before somebody has asked an OCSP responder. Plain data, with the job that is to be done again. */
export interface RevocationNeeded {
  readonly kind: 'revocationNeeded';
  readonly questions: readonly OcspQuestion[];
  readonly job: Job;
}

/** What became of it. Plain data. */
export type JobResult =
  /** The policy's conditions do not hold for this message. */
  | { readonly kind: 'notConcerned' }
  | JobDone
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      readonly durations: Durations;
      readonly evidence?: Evidence;
    };

/** What a decision log keeps of a message. */
export interface Evidence {
  /** SHA-256 of the body as it came, in hexadecimal; of a job that works on it from the start. */
  readonly receivedSha256?: string;
  /** Absent: nothing was verified. */
  readonly received?: ReceivedFacts;
  /** SHA-256 of the body as it leaves; of a job that works on it to the end. */
  readonly sentSha256?: string;
  /** Absent: nothing was secured. */
  readonly sent?: SentFacts;
}

export interface JobDone {
  readonly kind: 'done';
  /** Absent: the body as it came. Of half a job always there. */
  readonly bytes?: Uint8Array;
  /** Of a multipart message whose parts now hold its boundary. */
  readonly contentType?: string;
  readonly exchange: ExchangeState;
  /** To be remembered before the message goes on; one that is known already makes it a replay. */
  readonly replay: readonly ReplayEntry[];
  readonly identity: readonly IdentityValue[];
  readonly legacyAlgorithms: readonly string[];
  /** `{namespace}local` of the Body's child, of the job's first half. */
  readonly operation?: string;
  /** What the caller proved itself with, where a token service is to be told. */
  readonly caller?: CallerToken;
  /** Whom the message is from, where an assertion is to say so. */
  readonly who?: VerifiedCaller;
  /** With `Job.evidence`. */
  readonly evidence?: Evidence;
  readonly durations: Durations;
}

/** Milliseconds by step, of the steps that were taken. */
export type Durations = Partial<Record<Step, number>>;

/**
 * Works on one message by one policy. Never throws for what a message holds: that is a result.
 *
 * @param sign how to compute an asymmetric signature: `crypto.sign` here or on the thread pool
 */
export async function runJob(job: Job, policy: CompiledPolicy, sign: Signer): Promise<JobResult | RevocationNeeded> {
  const clock = new StepClock();
  try {
    return await run(job, policy, sign, clock);
  } catch (error) {
    clock.stop();
    if (error instanceof RevocationNeededError) return { kind: 'revocationNeeded', questions: error.questions, job };
    const failure = describeFailure(error, clock.step === 'verify');
    return { kind: 'failed', failure, durations: clock.durations, ...(job.evidence && { evidence: arrival(job) }) };
  }
}

async function run(job: Job, policy: CompiledPolicy, sign: Signer, clock: StepClock): Promise<JobResult> {
  const original = decoded(job, policy, clock);
  clock.start('scan');
  const opened = job.related && openRelated(original, job.related, policy.limits);
  const root = opened?.root.body ?? original;
  const message = scanSoap(root, policy.limits.xml, opened?.opened);
  const announced = opened?.soapVersion ?? job.soapVersion;
  if (message.version !== announced) {
    throw new SoapVersionError(`a SOAP ${message.version} envelope with the content type of SOAP ${announced}`);
  }
  if (job.meta !== undefined && !policy.matches(job.meta, operationOf(message))) return { kind: 'notConcerned' };
  const phase = policy[job.phase];
  const verified = job.half === 'secure' ? undefined : verifyMessage(message, phase, job, policy, clock);
  // What verifying a response found is about the backend: the answer to the client is secured by what its request held.
  const exchange = job.phase === 'request' && verified ? verified.exchange : unverifiedExchange(message, job, policy);
  const arrived: Passing = { message: verified?.message ?? message, bytes: verified?.bytes ?? root, exchange };
  const left = job.half === 'verify' ? arrived : await secureMessage(arrived, job, policy, sign, clock);
  clock.stop();
  const operation = job.half === 'verify' ? operationOf(message) : undefined;
  return {
    kind: 'done',
    ...(opened === undefined ? changed(left.bytes, original, job) : closed(opened, left, original, job)),
    exchange: left.exchange,
    replay: verified?.replay ?? [],
    identity: identityValues(phase.identityHeaders, verified?.identity ?? {}),
    legacyAlgorithms: verified?.legacyAlgorithms ?? [],
    ...(operation !== undefined && { operation }),
    ...(verified?.caller && { caller: verified.caller }),
    ...(verified && phase.assertion && { who: verifiedCaller(verified.identity) }),
    ...(job.evidence && { evidence: { ...arrival(job), ...departure(job, left.bytes, verified, left.evidence) } }),
    durations: clock.durations,
  };
}

/** The digest of what came, where the job has that. */
function arrival({ half, bytes }: Job): Evidence {
  return half === 'secure' ? {} : { receivedSha256: sha256(bytes) };
}

function departure(
  { half }: Job,
  bytes: Buffer,
  verified: Verified | undefined,
  sent: SentFacts | undefined,
): Evidence {
  return {
    ...(verified?.evidence && { received: verified.evidence }),
    ...(half !== 'verify' && { sentSha256: sha256(bytes) }),
    ...(sent && { sent }),
  };
}

function changed(bytes: Buffer, original: Buffer, job: Job): Pick<JobDone, 'bytes'> {
  return bytes !== original || job.codings.length > 0 || job.half !== undefined ? { bytes } : {};
}

/** The multipart message that goes on, as it came if neither its root part nor an attachment has changed. */
function closed(
  opened: OpenedMessage,
  { message, bytes }: Passing,
  original: Buffer,
  job: Job,
): Pick<JobDone, 'bytes' | 'contentType'> {
  if (bytes === opened.root.body) return changed(original, original, job);
  return closeRelated(opened, scanSoap(bytes, OWN_LIMITS, message.attachments));
}

/** A message on its way through the steps. */
interface Passing {
  /** The scan of `bytes`, or of what they were made from. */
  readonly message: SoapMessage;
  readonly bytes: Buffer;
  readonly exchange: ExchangeState;
  readonly evidence?: SentFacts;
}

/** Writes addressing headers, and then what secures them and the rest. */
async function secureMessage(
  { message: before, bytes: arrived, exchange }: Passing,
  job: Job,
  policy: CompiledPolicy,
  sign: Signer,
  clock: StepClock,
): Promise<Passing> {
  const { addressing, secure: settings } = policy[job.phase];
  const { xml } = policy.limits;
  let message = before;
  let bytes = arrived;
  if (addressing !== undefined && job.addressing !== undefined) {
    clock.start('addressing');
    message = rescan(message, bytes, xml);
    const values = { ...job.addressing, relatesTo: exchange.receivedMessageId };
    bytes = addAddressing(message, addressing, values);
  }
  if (job.phase === 'request' && policy.response.verify?.addressing !== undefined) {
    message = rescan(message, bytes, xml);
    exchange = { ...exchange, sentMessageId: messageIdOf(message) };
  }
  if (settings === undefined) return { message, bytes, exchange };
  clock.start('secure');
  message = rescan(message, bytes, xml);
  if (policy[job.phase].assertion !== undefined) {
    message = rescan(message, withoutSecurityHeaders(message, settings.actor), xml);
  }
  const { usernameToken, token, now } = job;
  const secured = await secure(message, usernameToken === undefined ? settings : { ...settings, usernameToken }, {
    ...{ now, exchange, sign },
    ...(token && { token }),
    ...(job.evidence && { evidence: true }),
  });
  return { message: { ...message, ...(secured.attachments && { attachments: secured.attachments }) }, ...secured };
}

/** The answer may have to say which message it answers, also where nobody verifies that. */
function unverifiedExchange(
  message: SoapMessage,
  { phase, half, exchange }: Job,
  policy: CompiledPolicy,
): ExchangeState {
  const arrives = phase === 'request' && half !== 'secure';
  if (!arrives || policy.response.addressing?.relatesTo !== ADDRESSING_DEFAULT) return exchange;
  return { ...exchange, receivedMessageId: messageIdOf(message) };
}

function decoded(job: Job, policy: CompiledPolicy, clock: StepClock): Buffer {
  const { maxBodyBytes } = policy.limits;
  const bytes = Buffer.from(job.bytes.buffer, job.bytes.byteOffset, job.bytes.byteLength);
  if (bytes.length > maxBodyBytes) throw new BodyTooLargeError(`the body is larger than ${maxBodyBytes} bytes`);
  if (job.codings.length === 0) return bytes;
  clock.start('decode');
  return decodeBody(bytes, job.codings, maxBodyBytes);
}

/** The index goes with its bytes: scanned again only where they have changed. */
function rescan(message: SoapMessage, bytes: Buffer, limits: XmlLimits): SoapMessage {
  return message.index.bytes === bytes ? message : scanSoap(bytes, limits, message.attachments);
}

/** @returns undefined for a backend's Fault without security that the policy lets through */
function verifyMessage(
  message: SoapMessage,
  phase: CompiledPhase,
  job: Job,
  policy: CompiledPolicy,
  clock: StepClock,
): Verified | undefined {
  if (phase.verify === undefined) return undefined;
  clock.start('verify');
  try {
    return verify(message, phase.verify, {
      ...{ now: job.now, exchange: job.exchange, limits: policy.limits.xml },
      ...{ soapActions: job.soapActions, isResponse: job.phase === 'response' },
      ...(job.evidence && { evidence: true }),
      ...(job.revocation && { revocation: job.revocation }),
    });
  } catch (error) {
    if (!(error instanceof SecurityHeaderMissingError) || job.phase === 'request' || faultOf(message) === -1)
      throw error;
    const { unsignedBackendFaults } = policy.faults;
    if (unsignedBackendFaults === 'Pass') return undefined;
    throw new UnsignedFaultError('the backend answered with a Fault that carries no security', {
      cause: unsignedBackendFaults,
    });
  }
}

/** How long each step took. */
class StepClock {
  readonly durations: Durations = {};
  step: Step | undefined;
  #since = 0;

  start(step: Step): void {
    const now = performance.now();
    this.#add(now);
    this.step = step;
    this.#since = now;
  }

  stop(): void {
    this.#add(performance.now());
    this.#since = 0;
  }

  #add(now: number): void {
    if (this.step !== undefined && this.#since > 0) {
      this.durations[this.step] = (this.durations[this.step] ?? 0) + now - this.#since;
    }
  }
}
