/** `sp:KerberosToken` -> `secure.kerberos` and `verify.kerberos` (WS-SecurityPolicy 1.3 §5.4.4). */

import { fieldOf, need, type Context } from './context.ts';
import type { Direction } from './side.ts';
import type { Token } from './tokens.ts';
import type { Section } from './to-secure.ts';

const SERVICE = 'HTTP/replace-me.invalid@REPLACE-ME.INVALID';
const CLIENT = 'replace-me@REPLACE-ME.INVALID';

/** A ticket for the service. */
export function sentTicket(context: Context, token: Token, direction: Direction): Section {
  toWriteIn(context, token, direction, 'secure');
  const name = need(context, 'Secret', 'keytab', 'keytab: a keytab, of MIT format, with the key of clientPrincipal');
  return {
    servicePrincipal: SERVICE,
    clientPrincipal: CLIENT,
    keytabRef: { name },
    ...(token.has('WssKerberosV5ApReqToken11') && { valueType: 'AP-REQ' }),
  };
}

/** A ticket for us. */
export function demandedTicket(context: Context, token: Token, direction: Direction): Section {
  toWriteIn(context, token, direction, 'verify');
  const name = need(context, 'Secret', 'keytab', 'keytab: a keytab, of MIT format, with the keys of servicePrincipal');
  return { keytabRef: { name }, servicePrincipal: SERVICE };
}

function toWriteIn({ findings }: Context, { assertion }: Token, direction: Direction, section: string): void {
  const at = fieldOf(direction, section, 'kerberos', 'servicePrincipal');
  const message = 'what the service is called in Kerberos is in no policy; write it here';
  findings.note('Elsewhere', assertion.name, assertion.place, message, at);
}
