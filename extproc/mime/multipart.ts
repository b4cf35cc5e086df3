import { randomUUID } from 'node:crypto';
import { contentIdKey } from './content-id.ts';
import { MediaTypeError, MultipartLimitError, MultipartSyntaxError } from './errors.ts';
import { parseMediaType, writeMediaType, type MediaType } from './media-type.ts';
import { readPartHeader } from './part-header.ts';
import { MimePart } from './part.ts';
import type { RelatedType } from './related.ts';

/** A multipart/related message: its root part and the others. */
export interface RelatedMessage {
  readonly root: MimePart;
  /** Of the root part. */
  readonly rootType: MediaType;
  /** In the order they came. */
  readonly attachments: readonly MimePart[];
}

const CRLF = Buffer.from('\r\n');
const DASHES = Buffer.from('--');

/**
 * Takes a multipart/related message apart (RFC 2046 §5.1, RFC 2387), without copying any of it and without looking into
 * its parts. It takes only what every reader takes apart in the same way: the boundary stands in delimiter lines alone,
 * nothing is before the first or after the last, the root is the first part, and no two parts have one Content-ID.
 *
 * @param maxAttachments parts beside the root
 * @throws MultipartSyntaxError, MultipartLimitError, MediaTypeError
 */
export function parseRelated(body: Buffer, type: RelatedType, maxAttachments: number): RelatedMessage {
  const parts = splitParts(body, Buffer.from(`--${type.boundary}`), maxAttachments);
  const [root, ...attachments] = parts;
  if (root === undefined) throw new MultipartSyntaxError('the multipart message has no part');
  if (type.start !== undefined && type.start !== root.contentId) {
    throw new MultipartSyntaxError('the first part is not the one that the Content-Type names as the start');
  }
  if (!root.isPlain) throw new MultipartSyntaxError('the root part is under a transfer encoding');
  checkContentIds(parts);
  const rootType = parseMediaType(root.header('content-type') ?? '');
  if (rootType.essence !== type.type) {
    throw new MediaTypeError('the root part is of another type than the Content-Type of the message says');
  }
  return { root, rootType, attachments };
}

function splitParts(body: Buffer, delimiter: Buffer, maxAttachments: number): MimePart[] {
  const parts: MimePart[] = [];
  let at = startsWith(body, CRLF, 0) ? CRLF.length : 0;
  if (!startsWith(body, delimiter, at)) throw new MultipartSyntaxError('something is before the first part');
  for (;;) {
    const line = at + delimiter.length;
    if (startsWith(body, DASHES, line)) {
      checkEpilogue(body, line + DASHES.length);
      return parts;
    }
    if (!startsWith(body, CRLF, line)) throw new MultipartSyntaxError('a delimiter line has more than the boundary');
    if (parts.length > maxAttachments) {
      throw new MultipartLimitError(`the message has more than ${maxAttachments} attachments`);
    }
    const start = line + CRLF.length;
    at = body.indexOf(delimiter, start);
    const end = at - CRLF.length;
    if (at < 0) throw new MultipartSyntaxError('the last part does not end with the closing boundary');
    if (end < start || !startsWith(body, CRLF, end)) {
      throw new MultipartSyntaxError('the boundary stands in the middle of a line');
    }
    const raw = body.subarray(start, end);
    const header = readPartHeader(raw);
    parts.push(new MimePart(header.headers, header.contentId, raw.subarray(header.end), raw));
  }
}

function startsWith(body: Buffer, bytes: Buffer, at: number): boolean {
  return body.length >= at + bytes.length && body.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0;
}

function checkEpilogue(body: Buffer, at: number): void {
  for (let i = at; i < body.length; i += CRLF.length) {
    if (!startsWith(body, CRLF, i)) throw new MultipartSyntaxError('something follows the last part');
  }
}

function checkContentIds(parts: readonly MimePart[]): void {
  const seen = new Set<string>();
  for (const { contentId } of parts) {
    if (contentId === undefined) continue;
    const key = contentIdKey(contentId);
    if (seen.has(key)) throw new MultipartSyntaxError('two parts have the same Content-ID');
    seen.add(key);
  }
}

/** A multipart message as bytes, and its Content-Type where that is another than before. */
export interface WrittenMessage {
  readonly bytes: Buffer;
  readonly contentType?: string;
}

/**
 * Puts a multipart message together. Parts that have not been changed come out byte for byte; the boundary stays, unless
 * it stands in a part that has been changed.
 */
export function writeRelated(parts: readonly MimePart[], type: RelatedType): WrittenMessage {
  const written = parts.map(({ raw, headers, body }) => (raw === undefined ? [headerBytes(headers), body] : [raw]));
  const collides = parts.some(
    ({ raw }, i) => raw === undefined && written[i].some((piece) => piece.includes(`--${type.boundary}`)),
  );
  const boundary = collides ? `waxseal-${randomUUID()}` : type.boundary;
  const pieces = written.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), ...part, CRLF]);
  const bytes = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
  if (!collides) return { bytes };
  const parameters = new Map(type.parameters).set('boundary', boundary);
  return { bytes, contentType: writeMediaType({ essence: type.essence, parameters }) };
}

function headerBytes(headers: MimePart['headers']): Buffer {
  const lines = headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`${lines}\r\n`, 'latin1');
}
