/** The checking side of Kerberos tokens in a Security header (Kerberos token profile 1.1). */

import { createHash } from 'node:crypto';
import {
  InvalidStructureError,
  KerberosTokenMissingError,
  KeyNotFoundError,
  UnsupportedTokenError,
} from '../errors.ts';
import type { ReplayEntry } from '../exchange-state.ts';
import { hashFields } from '../hash-fields.ts';
import type { KeyHint } from '../key-info/read.ts';
import { KERBEROS_TOKENS, WSSE } from '../namespaces.ts';
import { base64Of } from '../structure.ts';
import type { SymmetricKey } from '../symmetric-key.ts';
import type { Verification } from '../verification.ts';
import { acceptApReq, type AcceptedTicket } from './accept.ts';

/** A token whose ticket was accepted. */
export interface VerifiedTicket extends AcceptedTicket {
  readonly kind: 'kerberos';
  /** Base64 SHA-1 over the octets of the token: how messages that follow refer to it (§3.3). */
  readonly sha1: string;
}

/**
 * The one Kerberos token of our Security header, or -1.
 *
 * @throws InvalidStructureError when there are several: one message is from one client
 */
export function kerberosTokenElement({ message: { index }, security }: Verification): number {
  let found = -1;
  for (let child = index.firstChild(security); child !== -1; child = index.nextSibling(child)) {
    if (!index.is(child, WSSE, 'BinarySecurityToken')) continue;
    if (!KERBEROS_TOKENS.has(index.attribute(child, '', 'ValueType') ?? '')) continue;
    if (found !== -1) throw new InvalidStructureError('the Security header has more than one Kerberos token');
    found = child;
  }
  return found;
}

/**
 * Demands a Kerberos token whose ticket is for us and whose client made it just now.
 *
 * @throws KerberosTokenMissingError, and what {@link acceptApReq} throws
 */
export function checkKerberosToken(state: Verification): VerifiedTicket {
  const element = kerberosTokenElement(state);
  if (element === -1) throw new KerberosTokenMissingError('the Security header has no Kerberos token');
  return verifyTicket(state, element);
}

/** The fact of an authenticator, which nobody but its client could make, and which may be used once. */
export function ticketReplayEntry(
  { authenticator, acceptedUntil }: VerifiedTicket,
  now: number,
  window: number,
): ReplayEntry {
  return { kind: 'kerberos', key: hashFields(authenticator), ttl: Math.max(window, acceptedUntil - now) };
}

/**
 * The key of the token that a hint means: of this message's, or of one that we sent in this exchange.
 *
 * @returns undefined when the policy verifies no tickets, or the hint means a token that nobody has
 */
export function findTicketKey(
  state: Verification,
  hint: Extract<KeyHint, { kind: 'kerberosTicket' | 'kerberosSha1' }>,
): SymmetricKey | undefined {
  if (hint.kind === 'kerberosSha1') {
    const { kerberosKey } = state.context.exchange;
    if (kerberosKey?.sha1 === hint.sha1 && kerberosKey.received !== true) {
      return { octets: Buffer.from(kerberosKey.key), proof: { kind: 'sentKey' }, sharedByTicket: true };
    }
  }
  const element = hint.kind === 'kerberosTicket' ? hint.element : findTokenByHash(state, hint.sha1);
  if (element === -1 || state.settings.kerberos === undefined) return undefined;
  const { client, key } = verifyTicket(state, element);
  return { octets: key, proof: { kind: 'kerberos', principal: client }, token: element, sharedByTicket: true };
}

/** The token of this message whose octets have this base64 SHA-1, or -1. */
export function findTokenByHash(state: Verification, sha1: string): number {
  const element = kerberosTokenElement(state);
  return element !== -1 && hashOf(base64Of(state.message.index, element)) === sha1 ? element : -1;
}

/** Looks at a token once, however many references lead to it. */
function verifyTicket(state: Verification, element: number): VerifiedTicket {
  const known = state.verifiedToken('kerberos', element);
  if (known !== undefined) return known;
  const { kerberos } = state.settings;
  if (kerberos === undefined) throw new KeyNotFoundError('the policy has no keytab');
  if (element !== kerberosTokenElement(state)) {
    throw new UnsupportedTokenError('a reference leads to a Kerberos token that is not in our Security header');
  }
  const { index } = state.message;
  const octets = base64Of(index, element);
  const framed = KERBEROS_TOKENS.get(index.attribute(element, '', 'ValueType') ?? '') === 'GSS';
  const accepted = acceptApReq(octets, framed, kerberos, state.context.now);
  const ticket: VerifiedTicket = { kind: 'kerberos', ...accepted, sha1: hashOf(octets) };
  state.rememberToken(element, ticket);
  return ticket;
}

function hashOf(octets: Buffer): string {
  return createHash('sha1').update(octets).digest('base64');
}
