/** The service's side of the authentication exchange (RFC 4120 §3.2.3). */

import { DerError } from '../../keys/der.ts';
import { KerberosPrincipalError, KerberosTokenInvalidError, KerberosTokenTimeError } from '../errors.ts';
import {
  AP_OPTIONS,
  KerberosMessageError,
  readApReq,
  readAuthenticator,
  readTicketPart,
  TICKET_FLAGS,
  type ApReq,
  type Authenticator,
  type TicketPart,
} from './ap-req.ts';
import { encryptionType, KEY_USAGE } from './encryption-type.ts';
import { isGssChecksum, unframe } from './gss-token.ts';
import type { KeytabEntry } from './keytab.ts';
import { formatPrincipal, isSamePrincipal, type Principal } from './principal.ts';
import type { EncryptedData, Key } from './read-der.ts';

/** Who a service is, and whom it lets in. */
export interface KerberosService {
  readonly principal: Principal;
  /** Of that principal. */
  readonly keys: readonly KeytabEntry[];
  /** Milliseconds that clocks may differ. */
  readonly clockSkew: number;
  /** Names, or `*@REALM` for everyone of a realm. Absent: everyone of the service's own realm. */
  readonly clients?: readonly string[];
}

/** A ticket that its client proved to be its own. */
export interface AcceptedTicket {
  /** The client, as `name@REALM`. */
  readonly client: string;
  /** Sub-key of the authenticator, or else the session key of the ticket: what the two parties share. */
  readonly key: Buffer;
  /** Octets that no other authenticator has. */
  readonly authenticator: Buffer;
  /** Milliseconds since 1970 until which this authenticator would be accepted again. */
  readonly acceptedUntil: number;
}

/** A ticket with its authorization data; Active Directory's have been seen with 48 KB. */
const MAX_TOKEN_BYTES = 65_536;

/**
 * Checks an AP-REQ: that the KDC made the ticket for this service and that its client made the authenticator just now.
 *
 * @param token the AP-REQ
 * @param framed whether it is in the frame of GSS-API
 * @param now milliseconds since 1970
 * @throws {KerberosTokenInvalidError} when it is none, is for another service, was changed, or under a key we have not
 * @throws {KerberosTokenTimeError} when the ticket or the authenticator is of another time
 * @throws {KerberosPrincipalError} when the client is none of those that are let in
 */
export function acceptApReq(token: Buffer, framed: boolean, service: KerberosService, now: number): AcceptedTicket {
  if (token.length > MAX_TOKEN_BYTES) throw new KerberosTokenInvalidError('the token is too long');
  const { apReq, ticket, authenticator } = open(token, framed, service);
  if (!isSamePrincipal(authenticator.client, ticket.client)) {
    throw new KerberosTokenInvalidError('the authenticator is of another client than the ticket');
  }
  if (framed && (authenticator.checksum === undefined || !isGssChecksum(authenticator.checksum))) {
    throw new KerberosTokenInvalidError('the authenticator has no checksum of GSS-API');
  }
  if ((ticket.flags & TICKET_FLAGS.invalid) !== 0) throw new KerberosTokenInvalidError('the ticket is marked invalid');
  checkTimes(ticket, authenticator, service.clockSkew, now);
  checkClient(ticket, service);
  const { octets: key } = usable(authenticator.subKey ?? ticket.sessionKey);
  return {
    client: formatPrincipal(ticket.client),
    key: Buffer.from(key),
    authenticator: apReq.authenticator.octets,
    acceptedUntil: authenticator.time + 1000 + service.clockSkew,
  };
}

interface Opened {
  readonly apReq: ApReq;
  readonly ticket: TicketPart;
  readonly authenticator: Authenticator;
}

function open(token: Buffer, framed: boolean, service: KerberosService): Opened {
  try {
    const apReq = readApReq(framed ? unframe(token) : token);
    const { encrypted, service: meant } = apReq.ticket;
    // Such a ticket is under a key of the client's choice, between users (RFC 4120 §3.7).
    if ((apReq.options & AP_OPTIONS.useSessionKey) !== 0)
      throw new KerberosTokenInvalidError('the ticket is for a user');
    if (!isSamePrincipal(meant, service.principal)) {
      throw new KerberosTokenInvalidError('the ticket is for another service');
    }
    const ticket = readTicketPart(openTicket(encrypted, service));
    const { sessionKey } = ticket;
    const plain = decrypt(usable(sessionKey), KEY_USAGE.authenticator, apReq.authenticator);
    if (plain === undefined) throw new KerberosTokenInvalidError('the authenticator does not belong to the ticket');
    return { apReq, ticket, authenticator: readAuthenticator(plain) };
  } catch (error) {
    if (!(error instanceof DerError || error instanceof KerberosMessageError)) throw error;
    throw new KerberosTokenInvalidError('the token is no AP-REQ of Kerberos', { cause: error });
  }
}

/** With the key of the version that the ticket names, or else with every one of its type. */
function openTicket(encrypted: EncryptedData, { keys }: KerberosService): Buffer {
  const type = encryptionType(encrypted.encryptionType);
  if (type === undefined) {
    throw new KerberosTokenInvalidError(
      `the ticket is encrypted with a type that is not supported (${encrypted.encryptionType}): only AES is`,
    );
  }
  const ofType = keys.filter((entry) => entry.encryptionType === type.number);
  const ofVersion = ofType.filter(({ version }) => version === encrypted.version);
  for (const { key } of ofVersion.length > 0 ? ofVersion : ofType) {
    const plain = type.decrypt(key, KEY_USAGE.ticket, encrypted.octets);
    if (plain !== undefined) return plain;
  }
  throw new KerberosTokenInvalidError('no key of the keytab opens the ticket');
}

function decrypt(
  { encryptionType: number, octets: key }: Key,
  usage: number,
  encrypted: EncryptedData,
): Buffer | undefined {
  if (encrypted.encryptionType !== number) return undefined;
  return encryptionType(number)?.decrypt(key, usage, encrypted.octets);
}

/** @throws KerberosTokenInvalidError for a key of a weak type, or of the wrong length */
function usable(key: Key): Key {
  if (encryptionType(key.encryptionType)?.keyBytes !== key.octets.length) {
    throw new KerberosTokenInvalidError(`the session key is of a type that is not supported (${key.encryptionType})`);
  }
  return key;
}

function checkTimes(ticket: TicketPart, { time }: Authenticator, clockSkew: number, now: number): void {
  if (Math.abs(now - time) > clockSkew) {
    throw new KerberosTokenTimeError('the authenticator was made too long ago or in the future; compare the clocks');
  }
  if (ticket.start > now + clockSkew) throw new KerberosTokenTimeError('the ticket is not valid yet');
  if (ticket.end < now - clockSkew) throw new KerberosTokenTimeError('the ticket has expired');
}

function checkClient({ client, flags }: TicketPart, { principal, clients }: KerberosService): void {
  const name = formatPrincipal(client);
  const accepted = clients ?? [`*@${principal.realm}`];
  if (!accepted.some((entry) => entry === name || entry === `*@${client.realm}`)) {
    throw new KerberosPrincipalError('the client of the ticket is none that the policy accepts');
  }
  // Whether the realms on the way may speak for the client, the KDC has checked, or nobody has (RFC 4120 §2.7).
  if (client.realm !== principal.realm && (flags & TICKET_FLAGS.transitedPolicyChecked) === 0) {
    throw new KerberosPrincipalError('no KDC has checked the way by which the client came from its realm');
  }
}
