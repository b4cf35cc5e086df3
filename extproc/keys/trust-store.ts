/**
 * Who may sign: the certificates a policy trusts, what it demands of a signer's, and the certificates it can look up
 * when a message only names its signer.
 */

import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { CertificateUntrustedError } from '../wss/errors.ts';
import type { Certificate } from './certificate.ts';
import {
  checkConstraints,
  compileConstraints,
  type CertificateConstraints,
  type CompiledConstraints,
} from './constraints.ts';
import { nameKey } from './distinguished-name.ts';
import { findPath, type ValidityWindow } from './path.ts';
import type { OcspSettings, OcspStatuses } from './ocsp/status.ts';
import type { RevocationList } from './revocation-list.ts';

const MAX_CACHED_CHAINS = 1024;

export interface TrustStoreOptions {
  /** Certificates that end a path: whoever they certify is trusted. */
  readonly anchors: readonly Certificate[];
  /** Certificates that are trusted themselves, whoever issued them, and for themselves only. */
  readonly pinned?: readonly Certificate[];
  /** Certificates that are not trusted, but help to build a path or are found when a message names them. */
  readonly intermediates?: readonly Certificate[];
  readonly constraints?: CertificateConstraints;
  /** Present, even if empty: every certificate of a path but its anchor needs a fresh list of its issuer. */
  readonly crls?: readonly RevocationList[];
  /** Present: a responder is asked about the same certificates; the lists count where it cannot be had. */
  readonly ocsp?: OcspSettings;
}

/** Immutable but for its bounded cache; one per policy and bundle. */
export class TrustStore {
  readonly #anchors: readonly Certificate[];
  readonly #pinned: ReadonlySet<string>;
  readonly #helpers: readonly Certificate[];
  readonly #constraints: CompiledConstraints;
  readonly #crls: readonly RevocationList[] | undefined;
  readonly #ocsp: OcspSettings | undefined;
  readonly #validated = new LRUCache<string, ValidityWindow>({ max: MAX_CACHED_CHAINS });
  readonly #lookUp = new Map<string, Certificate>();
  /** Every certificate of the store: pinned, anchors, then the others. */
  readonly certificates: readonly Certificate[];

  /**
   * @throws ConstraintSyntaxError when a constraint's regular expression cannot be compiled
   */
  constructor(options: TrustStoreOptions) {
    const pinned = options.pinned ?? [];
    this.#anchors = options.anchors;
    this.#pinned = new Set(pinned.map((certificate) => certificate.fingerprint));
    this.#helpers = options.intermediates ?? [];
    this.#constraints = compileConstraints(options.constraints ?? {});
    this.#crls = options.crls;
    this.#ocsp = options.ocsp;
    this.certificates = [...pinned, ...options.anchors, ...this.#helpers];
    for (const certificate of this.certificates) this.#index(certificate);
  }

  /**
   * Decides whether a signer is trusted (RFC 5280 §6.1, without certificate policies).
   *
   * A success is remembered until the first moment at which it could change; failures are not remembered.
   *
   * @param chain the signer's certificate and whatever others the message gave, in any order after the first
   * @param now milliseconds since 1970
   * @param statuses what OCSP responders have said, where the store has them asked
   * @throws RevocationNeededError when one has to be asked first
   * @throws CertificateUntrustedError no path to an anchor, and not pinned
   * @throws CertificateExpiredError a certificate of the path is not valid at `now`
   * @throws CertificateRevokedError a revocation list names a certificate of the path
   * @throws RevocationUnknownError revocation lists are demanded, and one is missing, stale or not its issuer's
   * @throws CertificateConstraintError trusted, but not a signer that the policy's constraints or its own key usage allow
   */
  validate(chain: readonly Certificate[], now: number, statuses?: OcspStatuses): void {
    const signer = chain[0];
    if (signer === undefined) throw new CertificateUntrustedError('the message gave no certificate');
    const key = chain.length === 1 ? signer.fingerprint : chain.map((certificate) => certificate.fingerprint).join();
    const cached = this.#validated.get(key);
    if (cached !== undefined && now >= cached.from && now < cached.until) return;
    const window = findPath(chain, now, {
      anchors: this.#anchors,
      isPinned: (certificate) => this.#pinned.has(certificate.fingerprint),
      helpers: this.certificates,
      crls: this.#crls,
      ocsp: this.#ocsp,
      statuses,
      extendedKeyUsage: this.#constraints.extendedKeyUsage,
    });
    checkConstraints(signer, this.#constraints);
    this.#validated.set(key, window);
  }

  /** @param issuer name as text, in any of the forms `nameKey` knows; @param serial decimal */
  findByIssuerSerial(issuer: string, serial: string): Certificate | undefined {
    const key = nameKey(issuer);
    return key === undefined ? undefined : this.#lookUp.get(`serial ${serial.trim()} ${key}`);
  }

  findBySki(identifier: Buffer): Certificate | undefined {
    return this.#lookUp.get(`ski ${identifier.toString('hex')}`);
  }

  /** @param thumbprint SHA-1 of the DER */
  findByThumbprint(thumbprint: Buffer): Certificate | undefined {
    return this.#lookUp.get(`thumbprint ${thumbprint.toString('hex')}`);
  }

  /** For a bare ds:KeyValue. */
  findByPublicKey(key: KeyObject): Certificate | undefined {
    return this.#lookUp.get(`key ${publicKeyText(key)}`);
  }

  /** @param subject name as text, in any of the forms `nameKey` knows */
  findBySubject(subject: string): Certificate | undefined {
    const key = nameKey(subject);
    return key === undefined ? undefined : this.#lookUp.get(`subject ${key}`);
  }

  /** The first certificate of the store wins: a pinned one before an anchor, an anchor before another. */
  #index(certificate: Certificate): void {
    const keys = [
      `serial ${certificate.serialNumber} ${certificate.issuerKey}`,
      `ski ${certificate.subjectKeyIdentifier.toString('hex')}`,
      `thumbprint ${certificate.thumbprintSha1.toString('hex')}`,
      `key ${publicKeyText(certificate.publicKey)}`,
      `subject ${certificate.subjectKey}`,
    ];
    for (const key of keys) if (!this.#lookUp.has(key)) this.#lookUp.set(key, certificate);
  }
}

const publicKeyText = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64');
