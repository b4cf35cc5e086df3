/** X.509 certificates as this project uses them: read once, immutable, cached by content. */

import { createHash, X509Certificate, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { InvalidTokenError } from '../wss/errors.ts';
import { bitStringOctets, contextConstructed, DerError, DerReader, integerValue, TAG } from './der.ts';
import { readName } from './distinguished-name.ts';
import { NO_EXTENSIONS, readExtensions, type Extensions } from './extensions.ts';
import { readSignatureScheme, type SignatureScheme } from './signature-scheme.ts';

/** Larger certificates are refused unread. */
export const MAX_CERTIFICATE_BYTES = 16 * 1024;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
const MAX_RSA_EXPONENT_BITS = 64;
/** `node:crypto` names of the elliptic curves that are accepted. */
export const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const MAX_PEM_CERTIFICATES = 1024;

/**
 * Certificates seen lately, by the octets (as latin1 text) and by the base64 text of a token: a token that comes again
 * costs a look-up. Bounded by size, since whoever sends messages fills them. What is in here is parsed, not trusted.
 */
const byContent = new LRUCache<string, Certificate>({
  maxSize: 2 * 1024 * 1024,
  sizeCalculation: (_certificate, content) => content.length,
});
const byText = new LRUCache<string, Certificate>({
  maxSize: 4 * 1024 * 1024,
  sizeCalculation: (_certificate, text) => text.length,
});

/** An X.509 v3 (or older) certificate with a key of a kind and size that is accepted. */
export class Certificate {
  readonly der: Buffer;
  /** The DER as base64 on one line: what stands in a BinarySecurityToken or ds:X509Certificate. */
  readonly base64: string;
  readonly x509: X509Certificate;
  readonly publicKey: KeyObject;
  /** RFC 2253, as Java's `X500Principal.getName(RFC2253)` writes it. */
  readonly issuer: string;
  readonly subject: string;
  /** Equal for equal names, see `nameKey`. */
  readonly issuerKey: string;
  readonly subjectKey: string;
  /** Decimal. */
  readonly serialNumber: string;
  /** The extension's, else SHA-1 of the public key (RFC 5280 §4.2.1.2 method 1). */
  readonly subjectKeyIdentifier: Buffer;
  readonly thumbprintSha1: Buffer;
  /** SHA-256 of the DER in hexadecimal: what identifies this very certificate. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** 1, 2 or 3. */
  readonly version: number;
  readonly extensions: Extensions;
  /** How its issuer signed it; undefined when the algorithm is none that is accepted. */
  readonly signatureScheme: SignatureScheme | undefined;

  private constructor(der: Buffer) {
    this.der = der;
    this.base64 = der.toString('base64');
    this.x509 = new X509Certificate(der);
    this.publicKey = this.x509.publicKey;
    this.thumbprintSha1 = createHash('sha1').update(der).digest();
    this.fingerprint = createHash('sha256').update(der).digest('hex');
    this.notBefore = this.x509.validFromDate.getTime();
    this.notAfter = this.x509.validToDate.getTime();

    const top = new DerReader(der);
    const certificate = top.enter(TAG.sequence);
    top.finish();
    const body = certificate.enter(TAG.sequence);
    const version = body.optional(contextConstructed(0));
    this.version =
      version === undefined ? 1 : 1 + Number(integerValue(new DerReader(version.content).next(TAG.integer).content));
    this.serialNumber = integerValue(body.next(TAG.integer).content).toString();
    body.next(TAG.sequence);
    const issuer = readName(body.next(TAG.sequence).bytes);
    this.issuer = issuer.text;
    this.issuerKey = issuer.key;
    body.next(TAG.sequence);
    const subject = readName(body.next(TAG.sequence).bytes);
    this.subject = subject.text;
    this.subjectKey = subject.key;
    const publicKeyInfo = body.enter(TAG.sequence);
    publicKeyInfo.next(TAG.sequence);
    const keyOctets = bitStringOctets(publicKeyInfo.next(TAG.bitString).content);
    let extensions = NO_EXTENSIONS;
    while (!body.atEnd) {
      const field = body.next();
      if (field.tag === contextConstructed(3))
        extensions = readExtensions(new DerReader(field.content).enter(TAG.sequence));
    }
    this.extensions = extensions;
    this.subjectKeyIdentifier = extensions.subjectKeyIdentifier ?? createHash('sha1').update(keyOctets).digest();
    this.signatureScheme = readSignatureScheme(certificate.next(TAG.sequence).bytes);
    checkKey(this.publicKey);
  }

  /**
   * Reads a certificate, or finds it among those seen lately.
   *
   * @param der the whole certificate in DER and nothing after it
   * @throws InvalidTokenError when it is no certificate, larger than 16 KiB, or its key is of a kind or size that is not
   *   accepted: RSA of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519, Ed448, X25519 and X448 are
   */
  static fromDer(der: Uint8Array): Certificate {
    if (der.length > MAX_CERTIFICATE_BYTES) throw new InvalidTokenError('the certificate is larger than 16 KiB');
    const bytes = Buffer.from(der);
    const content = bytes.toString('latin1');
    const cached = byContent.get(content);
    if (cached !== undefined) return cached;
    try {
      const certificate = new Certificate(bytes);
      byContent.set(content, certificate);
      return certificate;
    } catch (error) {
      if (error instanceof InvalidTokenError) throw error;
      // Whatever OpenSSL or our own reader found: the operator may see our words, nobody the bytes.
      const reason = error instanceof DerError ? `: ${error.message}` : '';
      throw new InvalidTokenError(`not an X.509 certificate in DER${reason}`, { cause: error });
    }
  }

  /**
   * Reads a certificate from the text of a BinarySecurityToken or ds:X509Certificate (base64Binary, white space allowed).
   *
   * @throws InvalidTokenError as {@link fromDer}, and when the text is not base64
   */
  static fromBase64(text: string): Certificate {
    if (text.length > 2 * MAX_CERTIFICATE_BYTES) throw new InvalidTokenError('the certificate is larger than 16 KiB');
    const cached = byText.get(text);
    if (cached !== undefined) return cached;
    const compact = text.replace(/[\t\n\r ]+/g, '');
    if (compact === '' || compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) {
      throw new InvalidTokenError('the certificate is not base64');
    }
    const certificate = Certificate.fromDer(Buffer.from(compact, 'base64'));
    byText.set(text, certificate);
    return certificate;
  }

  /**
   * Reads every certificate of a PEM text, in its order; text between the blocks and other kinds of block are passed over.
   *
   * @throws InvalidTokenError when a block is no acceptable certificate; none at all gives an empty list
   */
  static fromPem(text: string): Certificate[] {
    const certificates: Certificate[] = [];
    const begin = '-----BEGIN CERTIFICATE-----';
    const end = '-----END CERTIFICATE-----';
    for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at)) {
      const stop = text.indexOf(end, at);
      if (stop < 0) throw new InvalidTokenError('a PEM certificate has no END line');
      if (certificates.length === MAX_PEM_CERTIFICATES)
        throw new InvalidTokenError('too many certificates in one PEM text');
      certificates.push(Certificate.fromBase64(text.slice(at + begin.length, stop)));
      at = stop + end.length;
    }
    return certificates;
  }
}

/** Keeps out keys that are weak, or so large that verifying with them is an attack (attackers choose them). */
function checkKey(key: KeyObject): void {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss': {
      const bits = details?.modulusLength ?? 0;
      if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
        throw new InvalidTokenError(`the certificate's RSA key has ${bits} bits; 2048 to 8192 are accepted`);
      }
      if ((details?.publicExponent ?? 0n) >= 1n << BigInt(MAX_RSA_EXPONENT_BITS)) {
        throw new InvalidTokenError("the certificate's RSA exponent is longer than 64 bits");
      }
      return;
    }
    case 'ec':
      if (!CURVES.has(details?.namedCurve ?? '')) {
        throw new InvalidTokenError("the certificate's elliptic curve is none of P-256, P-384 and P-521");
      }
      return;
    case 'ed25519':
    case 'ed448':
    case 'x25519':
    case 'x448':
      return;
    default:
      throw new InvalidTokenError(`keys of type ${key.asymmetricKeyType ?? 'unknown'} are not supported`);
  }
}
