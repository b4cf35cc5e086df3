/** What is known of a certificate's revocation while a message is verified, and what must be asked first. */

import type { Certificate } from '../certificate.ts';

/** How a policy has responders asked. Plain data, so that it passes between threads. */
export interface OcspSettings {
  /** Absent: the one that each certificate names (authority information access). */
  readonly responderUrl?: string;
  /** DER of certificates whose answers count, besides the issuer's and those of whom it has delegated. */
  readonly responders: readonly Uint8Array[];
  readonly nonce: boolean;
  readonly onUnavailable: 'Refuse' | 'Allow';
  /** Milliseconds for one question. */
  readonly timeout: number;
  /** Milliseconds that the clocks of responders may differ from ours. */
  readonly clockSkew: number;
}

/** What became of a question. */
export interface OcspStatus {
  readonly status: 'good' | 'revoked' | 'unknown' | 'unavailable';
  /** Milliseconds since 1970 until when it need not be asked again. */
  readonly until: number;
  /** For the log: why it is unavailable. */
  readonly reason?: string;
}

/** By {@link questionKey}. */
export type OcspStatuses = ReadonlyMap<string, OcspStatus>;

/** A certificate whose status a message needs. Plain data. */
export interface OcspQuestion {
  readonly key: string;
  /** DER. The path from it to a trusted authority has been checked. */
  readonly certificate: Uint8Array;
  readonly issuer: Uint8Array;
  readonly settings: OcspSettings;
}

export const questionKey = (certificate: Certificate, issuer: Certificate): string =>
  `${issuer.fingerprint} ${certificate.fingerprint}`;

/** Verification cannot go on without asking: whoever can wait asks, and verifies again with the answers. */
export class RevocationNeededError extends Error {
  readonly code = 'ERR_KEYS_REVOCATION_NEEDED';
  readonly questions: readonly OcspQuestion[];

  constructor(questions: readonly OcspQuestion[]) {
    super('whether a certificate is revoked has to be asked of an OCSP responder first');
    this.questions = questions;
  }

  override get name(): string {
    return 'RevocationNeededError';
  }
}
