/** The checking side of wsu:Timestamp (WSS 1.1 §10). */

import type { XmlIndex } from '../../xml/xml-index.ts';
import { parseDateTime } from '../date-time.ts';
import {
  InvalidStructureError,
  TimestampExpiredError,
  TimestampInFutureError,
  TimestampLifetimeError,
  TimestampMissingError,
} from '../errors.ts';
import { WSU } from '../namespaces.ts';
import type { VerifyTimestampSettings } from '../settings.ts';
import { optionalChild, requiredChild, textOf } from '../structure.ts';

/** What a Timestamp says, in milliseconds since the epoch. */
export interface TimestampFacts {
  /** As it stands in the message, for the replay key. */
  readonly createdText: string;
  readonly created: number;
  readonly expires?: number;
  /** After this the message would be refused as expired: how long a replay must be remembered. */
  readonly acceptedUntil: number;
}

/**
 * Checks the Timestamp of a Security header.
 *
 * Expires is optional in WSS; without it only the age counts. Created is demanded, because without it a message would
 * be good for as long as its sender likes.
 *
 * @param now milliseconds since the epoch
 * @returns what it says; undefined when there is none and none is required
 * @throws TimestampMissingError, InvalidStructureError (two of them, or not a UTC dateTime), TimestampExpiredError,
 *   TimestampInFutureError, TimestampLifetimeError
 */
export function checkTimestamp(
  index: XmlIndex,
  security: number,
  settings: VerifyTimestampSettings,
  now: number,
): TimestampFacts | undefined {
  const timestamp = optionalChild(index, security, WSU, 'Timestamp');
  if (timestamp === -1) {
    if (settings.required) throw new TimestampMissingError('the Security header has no Timestamp');
    return undefined;
  }
  const createdElement = requiredChild(index, timestamp, WSU, 'Created');
  const expiresElement = optionalChild(index, timestamp, WSU, 'Expires');
  const createdText = textOf(index, createdElement);
  const created = readTime(createdText, 'Created');
  const expires = expiresElement === -1 ? undefined : readTime(textOf(index, expiresElement), 'Expires');

  if (created > now + settings.clockSkew) {
    throw new TimestampInFutureError(`Created lies ${seconds(created - now)} in the future`);
  }
  if (now - created > settings.maxAge + settings.clockSkew) {
    throw new TimestampExpiredError(`Created lies ${seconds(now - created)} in the past`);
  }
  let acceptedUntil = created + settings.maxAge + settings.clockSkew;
  if (expires !== undefined) {
    if (expires < created) throw new InvalidStructureError('the Timestamp expires before it was created');
    if (expires - created > settings.maxLifetime) {
      throw new TimestampLifetimeError(`the Timestamp is valid for ${seconds(expires - created)}`);
    }
    if (expires + settings.clockSkew <= now) {
      throw new TimestampExpiredError(`the Timestamp expired ${seconds(now - expires)} ago`);
    }
    acceptedUntil = Math.min(acceptedUntil, expires + settings.clockSkew);
  }
  return { createdText, created, expires, acceptedUntil };
}

function readTime(text: string, name: string): number {
  const time = parseDateTime(text);
  if (time === undefined) throw new InvalidStructureError(`${name} is not a dateTime in UTC`);
  return time;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`;
}
