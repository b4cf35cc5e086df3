import { TokenServiceError } from '../sts/errors.ts';

/** Why the KDC, or the library that asks it, gives no ticket. */
export const TICKET_REASONS = {
  Unreachable: 'no KDC of the realm can be reached',
  UnknownService: 'the KDC does not know the service principal',
  UnknownClient: 'the KDC does not know the client principal',
  WrongKey: 'the KDC refuses the key of the keytab: the password of the client was changed',
  NoKey: 'the keytab holds no usable key of the client principal',
  Expired: 'the tickets of the credential cache, or the password of the client, have expired',
  NoCredential: 'the credential cache holds no tickets of the client principal',
  ClockSkew: 'the clocks of this machine and of the KDC differ too much',
  EncryptionType: 'the KDC has no AES key for the client or the service',
  Timeout: 'the KDC does not answer in time',
  Other: 'GSS-API gave no ticket',
} as const;
export type TicketReason = keyof typeof TICKET_REASONS;

const TRANSIENT: ReadonlySet<TicketReason> = new Set(['Unreachable', 'Timeout', 'ClockSkew', 'Other']);

/** There is no ticket for the service. The text is one of ours: the library's own would name the KDC and the principals. */
export class KerberosTicketError extends TokenServiceError {
  readonly code = 'ERR_KERBEROS_TICKET';
  readonly reason: TicketReason;
  readonly transient: boolean;

  constructor(reason: TicketReason) {
    super(TICKET_REASONS[reason]);
    this.reason = reason;
    this.transient = TRANSIENT.has(reason);
  }
}

/** Words of MIT Kerberos' messages. */
const WORDS: readonly (readonly [string, TicketReason])[] = [
  ['Cannot contact any KDC', 'Unreachable'],
  ['Cannot find KDC', 'Unreachable'],
  ['Cannot resolve', 'Unreachable'],
  ['Server not found', 'UnknownService'],
  ['Client not found', 'UnknownClient'],
  ["Client '", 'UnknownClient'],
  ['Server ', 'UnknownService'],
  ['Preauthentication failed', 'WrongKey'],
  ['Password incorrect', 'WrongKey'],
  ['Decrypt integrity check failed', 'WrongKey'],
  ['no suitable keys', 'NoKey'],
  ['no support for encryption type', 'EncryptionType'],
  ['KDC has no support', 'EncryptionType'],
  ['Clock skew', 'ClockSkew'],
  ['expired', 'Expired'],
  ['No Kerberos credentials', 'NoCredential'],
  ['No credentials', 'NoCredential'],
  ["Can't find client principal", 'NoCredential'],
  ['does not match', 'NoCredential'],
];

/** @param message what GSS-API said */
export function ticketReasonOf(message: string): TicketReason {
  return WORDS.find(([words]) => message.includes(words))?.[1] ?? 'Other';
}
