/**
 * The frame of a SOAP 1.1 or 1.2 message: where its Envelope, Header and Body stand, and which Security header is ours.
 */

import type { XmlLimits } from '../xml/limits.ts';
import { scan } from '../xml/scan.ts';
import type { XmlIndex } from '../xml/xml-index.ts';
import type { Attachments } from './attachments/attachments.ts';
import { resolveIncludes } from './attachments/includes.ts';
import { SOAP11, SOAP12, ULTIMATE_RECEIVER_12, WSSE } from './namespaces.ts';

export type SoapVersion = '1.1' | '1.2';

/** A message that is a SOAP envelope. Elements are numbers of `index`. */
export interface SoapMessage {
  readonly index: XmlIndex;
  readonly version: SoapVersion;
  readonly envelope: number;
  /** -1 when the message has no Header. */
  readonly header: number;
  readonly body: number;
  /** Of a multipart message: its other parts. */
  readonly attachments?: Attachments;
  /** Which of them each xop:Include stands for, by element. */
  readonly includes?: ReadonlyMap<number, number>;
}

/** Base of all refusals of well-formed XML that is not one SOAP message. */
export abstract class SoapError extends Error {
  /** Stable and machine readable, e.g. `ERR_SOAP_NOT_AN_ENVELOPE`. */
  abstract readonly code: string;

  override get name(): string {
    return this.constructor.name;
  }
}

/** The root is not called Envelope. */
export class NotAnEnvelopeError extends SoapError {
  readonly code = 'ERR_SOAP_NOT_AN_ENVELOPE';
}
/** The root is an Envelope, but of neither SOAP version. SOAP calls this a version mismatch. */
export class UnknownSoapVersionError extends SoapError {
  readonly code = 'ERR_SOAP_UNKNOWN_VERSION';
}
export class BodyMissingError extends SoapError {
  readonly code = 'ERR_SOAP_BODY_MISSING';
}
export class BodyDuplicatedError extends SoapError {
  readonly code = 'ERR_SOAP_BODY_DUPLICATED';
}
export class HeaderDuplicatedError extends SoapError {
  readonly code = 'ERR_SOAP_HEADER_DUPLICATED';
}
export class HeaderAfterBodyError extends SoapError {
  readonly code = 'ERR_SOAP_HEADER_AFTER_BODY';
}
/** An element stands beside Header and Body, where no receiver agrees on what it means. */
export class ForeignElementError extends SoapError {
  readonly code = 'ERR_SOAP_FOREIGN_ELEMENT';
}

/**
 * Finds the frame of a SOAP message (SOAP 1.1 §4, SOAP 1.2 part 1 §5).
 *
 * SOAP 1.1 lets elements follow the Body; they are refused here, because nothing would protect them.
 *
 * @param index a scanned document
 * @throws {SoapError} a subclass that says why this is not one SOAP message
 */
export function readSoap(index: XmlIndex): SoapMessage {
  const envelope = 0;
  if (index.localName(envelope) !== 'Envelope') {
    throw new NotAnEnvelopeError(`The root element is ${index.localName(envelope)}, not a SOAP Envelope`);
  }
  const namespace = index.namespaceUri(envelope);
  if (namespace !== SOAP11 && namespace !== SOAP12) {
    throw new UnknownSoapVersionError('The Envelope is in neither the SOAP 1.1 nor the SOAP 1.2 namespace');
  }
  let header = -1;
  let body = -1;
  for (let child = index.firstChild(envelope); child !== -1; child = index.nextSibling(child)) {
    if (index.is(child, namespace, 'Body')) {
      if (body !== -1) throw new BodyDuplicatedError('The Envelope has more than one Body');
      body = child;
    } else if (index.is(child, namespace, 'Header')) {
      if (header !== -1) throw new HeaderDuplicatedError('The Envelope has more than one Header');
      if (body !== -1) throw new HeaderAfterBodyError('The Header stands after the Body');
      header = child;
    } else {
      throw new ForeignElementError(`The Envelope has a child ${index.localName(child)} beside Header and Body`);
    }
  }
  if (body === -1) throw new BodyMissingError('The Envelope has no Body');
  return { index, version: namespace === SOAP11 ? '1.1' : '1.2', envelope, header, body };
}

/**
 * Scans a message and finds its frame.
 *
 * @param attachments of a multipart message; what xop:Includes stand for then is part of its infoset
 * @throws XmlError, SoapError, XopError
 */
export function scanSoap(bytes: Buffer, limits: XmlLimits, attachments?: Attachments): SoapMessage {
  const message = readSoap(scan(bytes, { limits }));
  if (attachments === undefined) return message;
  return { ...message, attachments, includes: resolveIncludes(message.index, attachments, limits.maxBytes) };
}

/**
 * Names the operation a message calls: the Body's first child element.
 *
 * @returns `{namespace}local`, or `local` alone for a name in no namespace; undefined for an empty Body
 */
export function operationOf(message: SoapMessage): string | undefined {
  const child = message.index.firstChild(message.body);
  if (child === -1) return undefined;
  const namespace = message.index.namespaceUri(child);
  const local = message.index.localName(child);
  return namespace === '' ? local : `{${namespace}}${local}`;
}

/**
 * The Security headers for one SOAP node (WSS 1.1 §5): there should be at most one.
 *
 * @param actor the actor (SOAP 1.1) or role (1.2) URI; absent, empty and the URI of the ultimate receiver mean the same
 * @returns the wsse:Security children of the Header for that node, in document order
 */
export function securityHeaders(message: SoapMessage, actor: string | undefined): number[] {
  const found: number[] = [];
  if (message.header === -1) return found;
  const { index } = message;
  const wanted = normalizeActor(actor);
  for (let child = index.firstChild(message.header); child !== -1; child = index.nextSibling(child)) {
    if (index.is(child, WSSE, 'Security') && normalizeActor(actorOf(message, child)) === wanted) found.push(child);
  }
  return found;
}

/** The value of a header block's actor (SOAP 1.1) or role (SOAP 1.2) attribute; undefined when it has none. */
export function actorOf(message: SoapMessage, headerBlock: number): string | undefined {
  return message.version === '1.1'
    ? message.index.attribute(headerBlock, SOAP11, 'actor')
    : message.index.attribute(headerBlock, SOAP12, 'role');
}

function normalizeActor(actor: string | undefined): string {
  return actor === undefined || actor === ULTIMATE_RECEIVER_12 ? '' : actor;
}
