import type { ByteRange } from './byte-ranges.ts';

/** What a key proves about whoever used it. */
export type KeyProof =
  /** The private key of a certificate that the policy trusts. */
  | { readonly kind: 'certificate' }
  /** A secret that the policy names. */
  | { readonly kind: 'secret'; readonly name: string }
  /** The key of an EncryptedKey that we sent in this exchange: only the peer could open it. */
  | { readonly kind: 'sentKey' }
  /** The key of an EncryptedKey that came with this message: integrity alone, for anyone who has our certificate can send one. */
  | { readonly kind: 'receivedKey'; readonly sha1: string }
  /** Derived from the password of a user whom the policy knows. */
  | { readonly kind: 'usernameToken'; readonly username: string }
  /** The key that whoever holds a verified assertion must have. */
  | { readonly kind: 'saml'; readonly assertion: ByteRange }
  /** The session key or sub-key of a verified Kerberos ticket. */
  | { readonly kind: 'kerberos'; readonly principal: string };
