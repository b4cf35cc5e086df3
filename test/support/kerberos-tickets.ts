/** Tickets as a KDC makes them, for a service whose key is known: what a real KDC would not issue can be had here too. */

import { randomBytes } from 'node:crypto';
import type { KerberosService } from '../../extproc/wss/kerberos/accept.ts';
import type { ServiceTicket } from '../../extproc/wss/kerberos/create.ts';
import { encryptionType, KEY_USAGE, type EncryptionType } from '../../extproc/wss/kerberos/encryption-type.ts';
import { parsePrincipal, type Principal } from '../../extproc/wss/kerberos/principal.ts';
import { application } from '../../extproc/wss/kerberos/read-der.ts';
import * as der from '../../extproc/wss/kerberos/write-der.ts';

/** @throws TypeError when the text is no principal */
export function principal(text: string): Principal {
  const found = parsePrincipal(text);
  if (found === undefined) throw new TypeError(`${text} is no principal`);
  return found;
}

export function typeOf(number: number): EncryptionType {
  const type = encryptionType(number);
  if (type === undefined) throw new TypeError(`there is no encryption type ${number}`);
  return type;
}

export const SERVICE = principal('HTTP/gateway.waxseal.test@WAXSEAL.TEST');
export const CLIENT = principal('alice@WAXSEAL.TEST');
const NUMBER = 20;
export const SERVICE_KEY = Buffer.alloc(32, 5);

/** The service that the tickets are for. */
export const service: KerberosService = {
  principal: SERVICE,
  keys: [{ principal: SERVICE, version: 3, encryptionType: NUMBER, key: SERVICE_KEY }],
  clockSkew: 300_000,
};

export interface TicketOptions {
  readonly service?: Principal;
  readonly client?: Principal;
  /** Of the ticket, with its key. */
  readonly encryptionType?: number;
  readonly key?: Buffer;
  readonly version?: number;
  readonly sessionType?: number;
  readonly flags?: number;
  /** Milliseconds since 1970. */
  readonly start?: number;
  readonly end?: number;
}

/** A ticket as its client holds it. */
export function issueTicket(now: number, options: TicketOptions = {}): ServiceTicket {
  const { client = CLIENT, service: meant = SERVICE, encryptionType: number = NUMBER, key = SERVICE_KEY } = options;
  const { version = 3, sessionType = 18, flags = 0, start = now - 60_000, end = now + 3_600_000 } = options;
  const sessionKey = { encryptionType: sessionType, octets: randomBytes(typeOf(sessionType).keyBytes) };
  const part = der.value(
    application(3),
    der.sequence(
      der.field(0, der.flags(flags)),
      der.field(1, der.encryptionKey(sessionKey)),
      der.field(2, der.generalString(client.realm)),
      der.field(3, der.principalName(client)),
      der.field(4, der.sequence(der.field(0, der.integer(1)), der.field(1, der.octetString(Buffer.alloc(0))))),
      der.field(5, der.generalizedTime(start)),
      der.field(6, der.generalizedTime(start)),
      der.field(7, der.generalizedTime(end)),
    ),
  );
  const octets = typeOf(number).encrypt(key, KEY_USAGE.ticket, part);
  const ticket = der.value(
    application(1),
    der.sequence(
      der.field(0, der.integer(5)),
      der.field(1, der.generalString(meant.realm)),
      der.field(2, der.principalName(meant)),
      der.field(3, der.encryptedData({ encryptionType: number, version, octets })),
    ),
  );
  return { ticket, client, sessionKey };
}
