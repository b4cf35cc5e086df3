/** What Envoy knows of the client and no message says: asked for only where a policy needs it. */

/** Which of it a policy needs. */
export interface ConnectionNeeds {
  /** The client's certificate in TLS. */
  readonly certificate: boolean;
  /** Claims of the JWT, by their names: see {@link ConnectionFacts.claims}. */
  readonly claims: readonly string[];
}

/** Plain data. */
export interface ConnectionFacts {
  /** Absent: the client showed none. */
  readonly certificate?: PeerCertificate;
  /** The values of the claims that were asked for, by name; one that the token does not have is not there. */
  readonly claims?: ReadonlyMap<string, readonly string[]>;
}

/** Of a certificate, as Envoy tells it. */
export interface PeerCertificate {
  /** RFC 2253. */
  readonly subject?: string;
  /** The first URI and DNS name of the subject alternative names. */
  readonly uri?: string;
  readonly dns?: string;
  /** Of the DER, hexadecimal. */
  readonly sha256?: string;
}
