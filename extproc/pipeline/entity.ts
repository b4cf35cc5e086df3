/** What the headers of a message say of its body: SOAP version, character encoding, content codings (RFC 9110 §8). */

import { MIMEType } from 'node:util';
import zlib from 'node:zlib';
import { parseRelatedType, type RelatedType } from '../mime/related.ts';
import type { SoapVersion } from '../wss/soap.ts';
import { BodyTooLargeError, CharsetError, ContentEncodingError, ContentTypeError, PipelineError } from './errors.ts';

type Headers = ReadonlyMap<string, readonly string[]>;

const SOAP_TYPES: ReadonlyMap<string, SoapVersion> = new Map([
  ['text/xml', '1.1'],
  ['application/xml', '1.1'],
  ['application/soap+xml', '1.2'],
]);
/** Character encodings whose bytes are UTF-8. */
const UTF8_CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

/** What the content type says a body is: an envelope of one version, or a multipart message that holds one. */
export type MessageType = { readonly soapVersion: SoapVersion } | { readonly related: RelatedType };

/**
 * What the content type announces (SOAP 1.1 §6, SOAP 1.2 part 2 §7.1.4, RFC 2387; RFC 7303 for the charset, which wins over
 * the XML declaration: so it must be one that agrees with UTF-8).
 *
 * @throws ContentTypeError, CharsetError; MimeError for a multipart type
 */
export function messageTypeOf(headers: Headers): MessageType {
  const values = headers.get('content-type') ?? [];
  if (values.length > 1) throw new ContentTypeError('the message has more than one Content-Type');
  const [value] = values;
  if (value === undefined) throw new ContentTypeError('the message has no Content-Type');
  const type = parseMediaType(value);
  if (type.type === 'multipart') return { related: parseRelatedType(value) };
  const version = soapVersionOfType(type.essence);
  if (version === undefined) throw new ContentTypeError(`the Content-Type is ${clip(type.essence)}`);
  const charset = type.params.get('charset');
  // Receivers differ in which of several they take.
  if (value.toLowerCase().split('charset').length > 2) throw new CharsetError('the Content-Type has two charsets');
  const problem = charsetProblem(charset ?? undefined);
  if (problem !== undefined) throw new CharsetError(problem);
  return { soapVersion: version };
}

/** @param essence of a media type */
export function soapVersionOfType(essence: string): SoapVersion | undefined {
  return SOAP_TYPES.get(essence);
}

/** Why the charset of a media type is not taken; undefined if it is. */
export function charsetProblem(charset: string | undefined): string | undefined {
  if (charset === undefined || UTF8_CHARSETS.has(charset.toLowerCase())) return undefined;
  return `the charset is ${clip(charset)}; only UTF-8 is accepted`;
}

/** The SOAP version in which a peer who sends these headers will understand a Fault; 1.1 where nothing says so. */
export function likelySoapVersion(headers: Headers): SoapVersion {
  const type = (headers.get('content-type')?.[0] ?? '').trimStart().toLowerCase();
  const multipart = type.startsWith('multipart/') && type.includes('application/soap+xml');
  return multipart || type.startsWith('application/soap+xml') ? '1.2' : '1.1';
}

function parseMediaType(value: string): MIMEType {
  try {
    return new MIMEType(value);
  } catch {
    throw new ContentTypeError('the Content-Type is not a media type');
  }
}

export type ContentCoding = 'gzip' | 'deflate' | 'br';

const CODINGS: ReadonlyMap<string, ContentCoding | 'identity'> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['identity', 'identity'],
]);
/** No sender needs more than one; each further one multiplies what a small body may grow to. */
const MAX_CODINGS = 2;

/**
 * The codings of a body, in the order they were applied (RFC 9110 §8.4).
 * @throws ContentEncodingError for one that is not known, or too many
 */
export function contentCodings(headers: Headers): ContentCoding[] {
  const codings: ContentCoding[] = [];
  for (const name of (headers.get('content-encoding') ?? []).join(',').split(',')) {
    const token = name.trim().toLowerCase();
    if (token === '') continue;
    const coding = CODINGS.get(token);
    if (coding === undefined) throw new ContentEncodingError(`the Content-Encoding ${clip(token)} is not known`);
    if (coding !== 'identity') codings.push(coding);
  }
  if (codings.length > MAX_CODINGS) throw new ContentEncodingError('the body is encoded too many times');
  return codings;
}

/**
 * Undoes the codings. Never yields more than `maxBytes`, however little the body is.
 * @throws BodyTooLargeError, ContentEncodingError
 */
export function decodeBody(body: Buffer, codings: readonly ContentCoding[], maxBytes: number): Buffer {
  let decoded = body;
  for (const coding of codings.toReversed()) {
    try {
      decoded = decode(decoded, coding, maxBytes);
    } catch (error) {
      if (error instanceof PipelineError) throw error;
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        throw new BodyTooLargeError(`the decoded body is larger than ${maxBytes} bytes`);
      }
      throw new ContentEncodingError(`the body is not valid ${coding}`);
    }
  }
  return decoded;
}

function decode(body: Buffer, coding: ContentCoding, maxOutputLength: number): Buffer {
  const options = { maxOutputLength };
  switch (coding) {
    case 'gzip':
      return zlib.gunzipSync(body, options);
    case 'br':
      return zlib.brotliDecompressSync(body, options);
    case 'deflate':
      // The name means the zlib format (RFC 9110 §8.4.1.2); some senders leave the zlib header out.
      return hasZlibHeader(body) ? zlib.inflateSync(body, options) : zlib.inflateRawSync(body, options);
  }
}

/** RFC 1950 §2.2: compression method 8, and a check value. */
function hasZlibHeader(body: Buffer): boolean {
  return body.length >= 2 && ((body[0] ?? 0) & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}

/** Text of a peer's, for a log. */
function clip(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
