/** The BinarySecurityToken of one message, from a ticket that serves many. */

import { createHash, createSecretKey } from 'node:crypto';
import type { HeldToken } from '../sts/held-token.ts';
import { elementText } from '../wss/element-text.ts';
import type { TokenInUse } from '../wss/issued-token.ts';
import { createApReq, type ServiceTicket } from '../wss/kerberos/create.ts';
import { BASE64_BINARY, GSS_KERBEROS_AP_REQ, KERBEROS_AP_REQ, KERBEROS_SHA1, WSSE, WSU } from '../wss/namespaces.ts';
import { readCredentialCache } from './credential-cache.ts';
import { KerberosTicketError } from './errors.ts';
import type { KerberosSettings } from './settings.ts';

const NAMESPACES = [
  ['wsse', WSSE],
  ['wsu', WSU],
] as const;

/** Read once, however many messages it serves. */
const tickets = new WeakMap<HeldToken, ServiceTicket>();

/**
 * Makes a token with an authenticator that no other message has (Kerberos token profile 1.1 §3.2), so that receivers which
 * remember authenticators take it.
 *
 * @param held what `issueTicket` gave
 * @param now milliseconds since 1970
 */
export function messageToken(held: HeldToken, { framed, reference }: KerberosSettings, now: number): TokenInUse {
  const { octets, key } = createApReq(ticketOf(held), framed, now);
  const valueType = framed ? GSS_KERBEROS_AP_REQ : KERBEROS_AP_REQ;
  const hash = createHash('sha1').update(octets).digest();
  const sha1 = hash.toString('base64');
  const id = `KRB-${hash.toString('hex')}`;
  const rest =
    ` EncodingType="${BASE64_BINARY}" ValueType="${valueType}" wsu:Id="${id}">` +
    `${octets.toString('base64')}</wsse:BinarySecurityToken>`;
  const element = { name: 'wsse:BinarySecurityToken', rest, namespaces: NAMESPACES };
  return {
    token: {
      bytes: Buffer.from(elementText(element, new Map())),
      reference:
        reference === 'Direct'
          ? { form: 'Direct', value: id, valueType, tokenType: valueType }
          : { form: 'KeyIdentifier', value: sha1, valueType: KERBEROS_SHA1, tokenType: valueType },
      secret: key,
    },
    key: createSecretKey(key),
    kerberosSha1: sha1,
  };
}

function ticketOf(held: HeldToken): ServiceTicket {
  let ticket = tickets.get(held);
  if (ticket === undefined) {
    const { bytes } = held.token;
    [ticket] = readCredentialCache(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (ticket === undefined) throw new KerberosTicketError('Other');
    tickets.set(held, ticket);
  }
  return ticket;
}
