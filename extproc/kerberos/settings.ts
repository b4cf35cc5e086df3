import type { Principal } from '../wss/kerberos/principal.ts';

/** How a policy's messages get Kerberos tickets. */
export interface KerberosSettings {
  readonly kind: 'kerberos';
  /** `service/host@REALM`. */
  readonly service: Principal;
  /** Absent: whoever the credential cache is of. */
  readonly client?: Principal;
  /** One of the two is there. */
  readonly keytab?: Uint8Array;
  readonly credentialCache?: Uint8Array;
  /** Whether tokens are in the frame of GSS-API. */
  readonly framed: boolean;
  /** How signatures and EncryptedData refer to the token. */
  readonly reference: 'Direct' | 'KeyIdentifier';
}
