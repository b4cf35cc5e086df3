/** Who a verified message is from, as HTTP headers for the backend. */

import type { IdentityHeader } from '../../crds/types.ts';
import type { Verified } from '../wss/verify.ts';
import { IdentityHeaderError } from './errors.ts';

export interface IdentityValue {
  /** Lower case. */
  readonly name: string;
  /** Absent: the message proves nothing of the kind, and a header of this name must not reach the backend. */
  readonly value?: string;
}

/**
 * @param headers what the policy asks for
 * @param identity what the message proved
 * @throws IdentityHeaderError for a name that cannot stand in a header
 */
export function identityValues(
  headers: readonly IdentityHeader[],
  identity: Verified['identity'],
): readonly IdentityValue[] {
  return headers.map((header) => {
    const name = header.name.toLowerCase();
    const value = valueOf(header, identity);
    if (value !== undefined && hasControl(value)) {
      throw new IdentityHeaderError(`the ${header.value} of the message holds a control character`);
    }
    return value === undefined ? { name } : { name, value };
  });
}

function valueOf({ value, attribute }: IdentityHeader, identity: Verified['identity']): string | undefined {
  const { certificate, username, kerberos, saml } = identity;
  switch (value) {
    case 'Subject':
      return certificate?.subject;
    case 'Issuer':
      return certificate?.issuer;
    case 'SerialNumber':
      return certificate?.serialNumber;
    case 'ThumbprintSHA256':
      return certificate?.fingerprint;
    case 'Username':
      return username;
    case 'KerberosPrincipal':
      return kerberos?.principal;
    case 'SAMLSubject':
      return saml?.subject;
    case 'SAMLIssuer':
      return saml?.issuer;
    case 'SAMLAttribute':
      return listOf(saml?.attributes.get(attribute ?? ''));
  }
}

/** What a receiver would take for more than one member of a list, for none, or for another one without its outer spaces. */
const AMBIGUOUS = /^$|[",]|^ | $/;

/** The values as a list (RFC 9110 §5.6.1); one that would not come out of it as it is as a quoted string (§5.6.4). */
function listOf(values: readonly string[] = []): string | undefined {
  if (values.length === 0) return undefined;
  return values.map((value) => (AMBIGUOUS.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value)).join(',');
}

function hasControl(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
