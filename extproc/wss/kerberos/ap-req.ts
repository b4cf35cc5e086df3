/** The AP-REQ, with which a client shows a service its ticket (RFC 4120 §5.5.1), and what is encrypted in it. */

import { DerReader, TAG } from '../../keys/der.ts';
import type { Principal } from './principal.ts';
import { application, FieldReader, type EncryptedData, type Key } from './read-der.ts';

const VERSION = 5;
const AP_REQ = 14;

/** Bits of ap-options. */
export const AP_OPTIONS = { useSessionKey: 0x4000_0000, mutualRequired: 0x2000_0000 } as const;
/** Bits of a ticket's flags (RFC 4120 §5.3). */
export const TICKET_FLAGS = { invalid: 0x0100_0000, transitedPolicyChecked: 0x0008_0000 } as const;

/** A message of Kerberos that is of another version or kind. */
export class KerberosMessageError extends Error {
  override get name(): string {
    return 'KerberosMessageError';
  }
}

export interface ApReq {
  readonly options: number;
  readonly ticket: Ticket;
  readonly authenticator: EncryptedData;
}

/** What everyone may read of a ticket (RFC 4120 §5.3). */
export interface Ticket {
  readonly service: Principal;
  readonly encrypted: EncryptedData;
}

/** What only the service may read of it. Times in milliseconds since 1970. */
export interface TicketPart {
  readonly flags: number;
  readonly sessionKey: Key;
  readonly client: Principal;
  readonly start: number;
  readonly end: number;
}

export interface Authenticator {
  readonly client: Principal;
  readonly checksum: { readonly type: number; readonly octets: Buffer } | undefined;
  /** Milliseconds since 1970, whole seconds. */
  readonly time: number;
  readonly microseconds: number;
  readonly subKey: Key | undefined;
}

/** @throws DerError, KerberosMessageError; the same of the other readers */
export function readApReq(octets: Buffer): ApReq {
  const fields = open(octets, AP_REQ);
  expect(fields.integer(0), VERSION);
  expect(fields.integer(1), AP_REQ);
  return { options: fields.flags(2), ticket: readTicket(fields.field(3)), authenticator: fields.encrypted(4) };
}

function readTicket(reader: DerReader): Ticket {
  const fields = new FieldReader(reader.enter(application(1)).enter(TAG.sequence));
  expect(fields.integer(0), VERSION);
  const realm = fields.text(1);
  return { service: fields.principal(2, realm), encrypted: fields.encrypted(3) };
}

/** EncTicketPart. */
export function readTicketPart(octets: Buffer): TicketPart {
  const fields = open(octets, 3);
  const flags = fields.flags(0);
  const sessionKey = fields.key(1);
  const realm = fields.text(2);
  const client = fields.principal(3, realm);
  fields.field(4); // transited
  const authenticated = fields.time(5);
  const start = fields.optionalTime(6) ?? authenticated;
  return { flags, sessionKey, client, start, end: fields.time(7) };
}

export function readAuthenticator(octets: Buffer): Authenticator {
  const fields = open(octets, 2);
  expect(fields.integer(0), VERSION);
  const realm = fields.text(1);
  const client = fields.principal(2, realm);
  const checksum = fields.optional(3);
  const checksumFields = checksum && new FieldReader(checksum.enter(TAG.sequence));
  return {
    client,
    checksum: checksumFields && { type: checksumFields.integer(0), octets: checksumFields.octets(1) },
    microseconds: fields.integer(4),
    time: fields.time(5),
    subKey: fields.optionalKey(6),
  };
}

/** The SEQUENCE within the one value of `[APPLICATION number]`, which is all there is. */
function open(octets: Buffer, number: number): FieldReader {
  const reader = new DerReader(octets);
  const content = reader.enter(application(number));
  reader.finish();
  return new FieldReader(content.enter(TAG.sequence));
}

function expect(found: number, expected: number): void {
  if (found !== expected) throw new KerberosMessageError('a message of Kerberos is of another version or kind');
}
