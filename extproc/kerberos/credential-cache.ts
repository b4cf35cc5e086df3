/** Credential caches in files of MIT Kerberos (format 5.4): where `kinit` and GSS-API leave tickets. */

import { OctetReader, OctetsError } from '../wss/kerberos/octets.ts';
import type { Principal } from '../wss/kerberos/principal.ts';
import type { ServiceTicket } from '../wss/kerberos/create.ts';

export interface Credential extends ServiceTicket {
  readonly service: Principal;
  /** Milliseconds since 1970. */
  readonly end: number;
}

/** The octets are no credential cache. The text never holds any of them. */
export class CredentialCacheError extends Error {
  override get name(): string {
    return 'CredentialCacheError';
  }
}

const FORMAT = 0x0504;
const NT_PRINCIPAL = 1;
const MAX_CREDENTIALS = 1000;
const MAX_PARTS = 64;
/** Realm of entries that are settings of the library and no tickets. */
const SETTINGS_REALM = 'X-CACHECONF:';

/**
 * Reads all tickets of a credential cache.
 *
 * @throws CredentialCacheError when it is none, or one with more than 1000 tickets
 */
export function readCredentialCache(octets: Buffer): Credential[] {
  const reader = new OctetReader(octets);
  try {
    if (reader.uint16() !== FORMAT) throw new CredentialCacheError('is no credential cache of format 5.4');
    reader.take(reader.uint16());
    readPrincipal(reader);
    const credentials: Credential[] = [];
    while (reader.left > 0) {
      if (credentials.length === MAX_CREDENTIALS) {
        throw new CredentialCacheError(`holds more than ${MAX_CREDENTIALS} tickets`);
      }
      const credential = readCredential(reader);
      if (credential.service.realm !== SETTINGS_REALM) credentials.push(credential);
    }
    return credentials;
  } catch (error) {
    if (error instanceof OctetsError)
      throw new CredentialCacheError('is a credential cache that is cut off or damaged');
    throw error;
  }
}

/** A credential cache with this ticket alone; of its times only the end is told. */
export function writeCredentialCache({ client, service, sessionKey, end, ticket }: Credential): Buffer {
  const seconds = uint32(Math.floor(end / 1000));
  const none = uint32(0);
  return Buffer.concat([
    ...[uint16(FORMAT), uint16(0), principalOctets(client)],
    ...[principalOctets(client), principalOctets(service)],
    ...[uint16(sessionKey.encryptionType), counted(sessionKey.octets)],
    // When it was asked for, begins and ends; until when it can be renewed; whether it is between users; flags.
    ...[none, none, seconds, none, Buffer.alloc(1), none],
    // Addresses, authorization data, and a second ticket.
    ...[none, none, counted(ticket), none],
  ]);
}

function principalOctets({ components, realm }: Principal): Buffer {
  const texts = [realm, ...components].map((text) => counted(Buffer.from(text)));
  return Buffer.concat([uint32(NT_PRINCIPAL), uint32(components.length), ...texts]);
}

function counted(octets: Buffer): Buffer {
  return Buffer.concat([uint32(octets.length), octets]);
}

function uint16(number: number): Buffer {
  const octets = Buffer.alloc(2);
  octets.writeUInt16BE(number);
  return octets;
}

function uint32(number: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(number);
  return octets;
}

function readCredential(reader: OctetReader): Credential {
  const client = readPrincipal(reader);
  const service = readPrincipal(reader);
  const encryptionType = reader.uint16();
  const sessionKey = { encryptionType, octets: readCounted(reader) };
  reader.take(8); // when it was asked for, when it begins
  const end = reader.uint32() * 1000;
  reader.take(4); // until when it can be renewed
  reader.take(1); // whether it is between users
  reader.take(4); // flags
  skipList(reader); // addresses
  skipList(reader); // authorization data
  const ticket = readCounted(reader);
  readCounted(reader); // a second ticket, of those between users
  return { client, service, sessionKey, end, ticket };
}

function skipList(reader: OctetReader): void {
  const count = reader.uint32();
  if (count > MAX_PARTS) throw new CredentialCacheError('holds a ticket with too many parts');
  for (let part = 0; part < count; part++) {
    reader.take(2);
    readCounted(reader);
  }
}

function readPrincipal(reader: OctetReader): Principal {
  reader.take(4); // kind of the name
  const count = reader.uint32();
  if (count > MAX_PARTS) throw new CredentialCacheError('holds a name with too many components');
  const realm = readCounted(reader).toString('utf8');
  return { realm, components: Array.from({ length: count }, () => readCounted(reader).toString('utf8')) };
}

function readCounted(reader: OctetReader): Buffer {
  return Buffer.from(reader.take(reader.uint32()));
}
