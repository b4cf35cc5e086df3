/** The client's side of the authentication exchange (RFC 4120 §3.2.2): a new AP-REQ for each message. */

import { randomBytes, randomInt } from 'node:crypto';
import { UnsupportedAlgorithmError } from '../errors.ts';
import { encryptionType, KEY_USAGE } from './encryption-type.ts';
import { frame, GSS_CHECKSUM, gssChecksum } from './gss-token.ts';
import type { Principal } from './principal.ts';
import { application, type Key } from './read-der.ts';
import * as der from './write-der.ts';

/** A ticket for a service, and what proves that it is ours. */
export interface ServiceTicket {
  /** The Ticket as the KDC made it. */
  readonly ticket: Buffer;
  readonly client: Principal;
  readonly sessionKey: Key;
}

export interface CreatedApReq {
  readonly octets: Buffer;
  /** The new sub-key, which the two parties share from then on. */
  readonly key: Buffer;
}

const VERSION = 5;
const AP_REQ = 14;

/**
 * Makes an AP-REQ with an authenticator and a sub-key that nobody has used before.
 *
 * @param framed whether to put it into the frame of GSS-API
 * @param now milliseconds since 1970
 * @throws {UnsupportedAlgorithmError} when the session key is of a type that is not ours
 */
export function createApReq({ ticket, client, sessionKey }: ServiceTicket, framed: boolean, now: number): CreatedApReq {
  const type = encryptionType(sessionKey.encryptionType);
  if (type === undefined) {
    throw new UnsupportedAlgorithmError('the session key of the ticket is of a type that is not supported');
  }
  const key = randomBytes(type.keyBytes);
  const checksum = der.sequence(der.field(0, der.integer(GSS_CHECKSUM)), der.field(1, der.octetString(gssChecksum())));
  const authenticator = der.value(
    application(2),
    der.sequence(
      der.field(0, der.integer(VERSION)),
      der.field(1, der.generalString(client.realm)),
      der.field(2, der.principalName(client)),
      ...(framed ? [der.field(3, checksum)] : []),
      der.field(4, der.integer(microseconds(now))),
      der.field(5, der.generalizedTime(now)),
      der.field(6, der.encryptionKey({ encryptionType: type.number, octets: key })),
      der.field(7, der.integer(randomInt(0x4000_0000))),
    ),
  );
  const encrypted = type.encrypt(sessionKey.octets, KEY_USAGE.authenticator, authenticator);
  const apReq = der.value(
    application(AP_REQ),
    der.sequence(
      der.field(0, der.integer(VERSION)),
      der.field(1, der.integer(AP_REQ)),
      der.field(2, der.flags(0)),
      der.field(3, ticket),
      der.field(4, der.encryptedData({ encryptionType: type.number, version: undefined, octets: encrypted })),
    ),
  );
  return { octets: framed ? frame(apReq) : apReq, key };
}

/** Receivers take two authenticators of one microsecond for one: within the millisecond we choose at random. */
function microseconds(now: number): number {
  return (Math.floor(now) % 1000) * 1000 + randomInt(1000);
}
