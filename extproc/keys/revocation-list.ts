/** Certificate revocation lists (RFC 5280 §5): complete lists, signed by the issuer of the certificates they revoke. */

import { CertificateRevokedError, RevocationUnknownError } from '../wss/errors.ts';
import type { Certificate } from './certificate.ts';
import {
  bitStringOctets,
  booleanValue,
  context,
  contextConstructed,
  DerError,
  DerReader,
  integerValue,
  TAG,
  timeValue,
} from './der.ts';
import { readName } from './distinguished-name.ts';
import { readExtension } from './extensions.ts';
import type { ValidityWindow } from './path.ts';
import { readSignatureScheme, verifyScheme, type SignatureScheme } from './signature-scheme.ts';

/** Larger lists are refused unread. */
export const MAX_REVOCATION_LIST_BYTES = 8 * 1024 * 1024;
const MAX_PEM_LISTS = 256;

const ISSUING_DISTRIBUTION_POINT = '2.5.29.28';
/** Critical by RFC 5280 in no list that we accept; what else is critical changes what a list means. */
const UNDERSTOOD: ReadonlySet<string> = new Set([ISSUING_DISTRIBUTION_POINT, '2.5.29.20', '2.5.29.35']);
const ENTRY_REASON = '2.5.29.21';

/** A revocation list cannot be used; the text says why and what would do. */
export class RevocationListError extends Error {
  readonly code = 'ERR_KEYS_REVOCATION_LIST';

  override get name(): string {
    return 'RevocationListError';
  }
}

type Scope = 'all' | 'users' | 'authorities';

/** One list; what it says counts only where {@link isSignedBy} holds. */
export class RevocationList {
  /** Name key of the issuer, see `nameKey`. */
  readonly issuerKey: string;
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly #revoked = new Set<string>();
  readonly #scope: Scope;
  readonly #signed: Buffer;
  readonly #scheme: SignatureScheme;
  readonly #signature: Buffer;
  readonly #signers = new Map<string, boolean>();

  private constructor(der: Buffer) {
    const top = new DerReader(der);
    const list = top.enter(TAG.sequence);
    top.finish();
    const signed = list.next(TAG.sequence);
    const scheme = readSignatureScheme(list.next(TAG.sequence).bytes);
    if (scheme === undefined) throw new RevocationListError('it is signed with an algorithm that is not accepted');
    this.#signed = signed.bytes;
    this.#scheme = scheme;
    this.#signature = bitStringOctets(list.next(TAG.bitString).content);
    list.finish();

    const body = new DerReader(signed.content);
    body.optional(TAG.integer);
    body.next(TAG.sequence);
    const issuer = readName(body.next(TAG.sequence).bytes);
    this.issuer = issuer.text;
    this.issuerKey = issuer.key;
    this.thisUpdate = timeValue(body.next());
    if (body.peek() !== TAG.utcTime && body.peek() !== TAG.generalizedTime) {
      throw new RevocationListError('it does not say when the next one comes (nextUpdate)');
    }
    this.nextUpdate = timeValue(body.next());
    const entries = body.optional(TAG.sequence);
    if (entries !== undefined) this.#readEntries(new DerReader(entries.content));
    const extensions = body.optional(contextConstructed(0));
    this.#scope = extensions === undefined ? 'all' : readScope(new DerReader(extensions.content).enter(TAG.sequence));
    body.finish();
  }

  /**
   * @param der one list and nothing after it
   * @throws RevocationListError when it is no list, larger than 8 MiB, a delta, indirect or partial list, or signed with
   *   an algorithm that is not accepted
   */
  static fromDer(der: Uint8Array): RevocationList {
    if (der.length > MAX_REVOCATION_LIST_BYTES) throw new RevocationListError('it is larger than 8 MiB');
    try {
      return new RevocationList(Buffer.from(der));
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      throw new RevocationListError(`it is no certificate revocation list in DER: ${error.message}`);
    }
  }

  /** Every list of a PEM text. @throws RevocationListError */
  static fromPem(text: string): RevocationList[] {
    const lists: RevocationList[] = [];
    const begin = '-----BEGIN X509 CRL-----';
    const end = '-----END X509 CRL-----';
    for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at)) {
      const stop = text.indexOf(end, at);
      if (stop < 0) throw new RevocationListError('a PEM block has no END line');
      if (lists.length === MAX_PEM_LISTS) throw new RevocationListError('too many lists in one PEM text');
      lists.push(RevocationList.fromDer(Buffer.from(text.slice(at + begin.length, stop), 'base64')));
      at = stop + end.length;
    }
    return lists;
  }

  /** Whether this very issuer signed the list and may sign lists. */
  isSignedBy(issuer: Certificate): boolean {
    const known = this.#signers.get(issuer.fingerprint);
    if (known !== undefined) return known;
    const { keyUsage } = issuer.extensions;
    const signed =
      this.issuerKey === issuer.subjectKey &&
      (keyUsage === undefined || keyUsage.has('cRLSign')) &&
      verifyScheme(this.#scheme, this.#signed, issuer.publicKey, this.#signature);
    if (this.issuerKey === issuer.subjectKey && this.#signers.size < 64) this.#signers.set(issuer.fingerprint, signed);
    return signed;
  }

  /** Whether the list speaks of certificates of this kind at all. */
  covers(certificate: Certificate): boolean {
    return this.#scope === 'all' || (this.#scope === 'authorities') === certificate.extensions.ca;
  }

  revokes(certificate: Certificate): boolean {
    return this.#revoked.has(certificate.serialNumber);
  }

  #readEntries(entries: DerReader): void {
    while (!entries.atEnd) {
      const entry = entries.enter(TAG.sequence);
      this.#revoked.add(integerValue(entry.next(TAG.integer).content).toString());
      timeValue(entry.next());
      const list = entry.optional(TAG.sequence);
      entry.finish();
      if (list === undefined) continue;
      const extensions = new DerReader(list.content);
      while (!extensions.atEnd) {
        const { oid, critical } = readExtension(extensions);
        if (critical && oid !== ENTRY_REASON)
          throw new RevocationListError(`an entry has the critical extension ${oid}`);
      }
    }
  }
}

function readScope(extensions: DerReader): Scope {
  let scope: Scope = 'all';
  while (!extensions.atEnd) {
    const { oid, critical, value } = readExtension(extensions);
    if (critical && !UNDERSTOOD.has(oid)) {
      throw new RevocationListError(
        `it has the critical extension ${oid}: only complete lists are supported, no delta lists`,
      );
    }
    if (oid === ISSUING_DISTRIBUTION_POINT) scope = readDistributionPoint(new DerReader(value).enter(TAG.sequence));
  }
  return scope;
}

/** IssuingDistributionPoint, RFC 5280 §5.2.5. */
function readDistributionPoint(fields: DerReader): Scope {
  let scope: Scope = 'all';
  while (!fields.atEnd) {
    const field = fields.next();
    const set = field.tag !== contextConstructed(0) && field.tag !== context(3) && booleanValue(field.content);
    if (field.tag === context(1) && set) scope = 'users';
    else if (field.tag === context(2) && set) scope = 'authorities';
    else if (field.tag === contextConstructed(0) || field.tag === context(3) || set) {
      throw new RevocationListError('it is an indirect list, or one for a part of the certificates or reasons only');
    }
  }
  return scope;
}

/**
 * Checks one certificate against the lists of its issuer. A revocation counts however old the list; that there is none
 * counts only from a list that is fresh.
 *
 * @returns from when until when the answer holds
 * @throws CertificateRevokedError
 * @throws RevocationUnknownError
 */
export function checkRevocation(
  certificate: Certificate,
  issuer: Certificate,
  lists: readonly RevocationList[],
  now: number,
): ValidityWindow {
  const own = lists.filter(
    (list) => list.issuerKey === certificate.issuerKey && list.covers(certificate) && list.isSignedBy(issuer),
  );
  if (own.some((list) => list.revokes(certificate))) {
    throw new CertificateRevokedError(
      `the certificate of ${certificate.subject} (serial ${certificate.serialNumber}) is revoked`,
    );
  }
  const fresh = own.find((list) => now >= list.thisUpdate && now < list.nextUpdate);
  if (fresh !== undefined) return { from: fresh.thisUpdate, until: fresh.nextUpdate };
  const reason =
    own.length === 0
      ? 'the policy has no revocation list signed by it'
      : 'its revocation list is stale or not valid yet';
  throw new RevocationUnknownError(
    `whether ${certificate.subject} is revoked by ${certificate.issuer} is not known: ${reason}`,
  );
}
