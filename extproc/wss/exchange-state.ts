/**
 * What the response phase must know of its request. Plain data, so that it passes between threads.
 * WSS 1.1 §8.5 (SignatureConfirmation) and "encrypt to whoever signed the request" both need it.
 */
export interface ExchangeState {
  /** Base64 SignatureValues of the request's signatures that we verified: to be confirmed in our answer. */
  readonly verifiedSignatures: readonly string[];
  /** DER of the certificate that signed the request we verified. */
  readonly signerCertificate?: Uint8Array;
  /** Base64 SignatureValues that we put on the request: the backend's answer must confirm them. */
  readonly sentSignatures: readonly string[];
  /** Symmetric keys of the exchange by base64 SHA-1 of their encrypted octets (WSS 1.1 §7.3, EncryptedKeySHA1). */
  readonly encryptedKeys: readonly ExchangeKey[];
  /** Of the Kerberos token of the request; `sha1` is over the octets of the token (Kerberos token profile 1.1 §3.3). */
  readonly kerberosKey?: ExchangeKey;
  /** WS-Addressing MessageID that the request came with: our answer relates to it. */
  readonly receivedMessageId?: string;
  /** WS-Addressing MessageID that the request had when it left: the backend's answer must relate to it. */
  readonly sentMessageId?: string;
}

export interface ExchangeKey {
  readonly sha1: string;
  readonly key: Uint8Array;
  /** The peer chose it: it proves nothing about who uses it. Absent: we made it, and only the peer could decrypt it. */
  readonly received?: true;
}

export const EMPTY_EXCHANGE: ExchangeState = { verifiedSignatures: [], sentSignatures: [], encryptedKeys: [] };

/** One fact that must not be seen twice within a time: checked by the pipeline before the message goes on. */
export interface ReplayEntry {
  readonly kind: 'nonce' | 'signature' | 'messageId' | 'assertion' | 'kerberos';
  /** SHA-256, base64url, over everything that identifies the fact. */
  readonly key: string;
  /** Milliseconds that it must be remembered. */
  readonly ttl: number;
}
