/** What of an attachment is signed (SwA profile 1.1 §4.3 and §4.4). */

import { createHash } from 'node:crypto';
import { canonicalizeDocument } from '../../xml/c14n.ts';
import { scan } from '../../xml/scan.ts';
import type { XmlLimits } from '../../xml/limits.ts';
import type { MimePart } from '../../mime/part.ts';
import type { AttachmentMode } from '../settings.ts';
import { canonicalHeaders } from './canonical-headers.ts';

const XML_TYPE = /^(?:(?:text|application)\/xml|(?:application|image)\/[^;]*\+xml)/i;
const TEXT_TYPE = /^text\//i;

/**
 * The digest of an attachment: its content as an octet stream, of XML the exclusive canonical form without comments, of
 * other text with CRLF for every line end; of a complete one with its canonical header before it.
 *
 * @param hash name of the hash function as `node:crypto` has it
 * @throws XmlError for an XML attachment that is none; MimeError where there is no canonical header, or no content
 */
export function digestAttachment(part: MimePart, mode: AttachmentMode, hash: string, limits: XmlLimits): Buffer {
  const digest = createHash(hash);
  if (mode === 'Complete') digest.update(canonicalHeaders(part.headers));
  const type = part.header('content-type') ?? '';
  const content = part.content();
  if (XML_TYPE.test(type)) {
    digest.update(canonicalizeDocument(scan(content, { limits }), { mode: 'exclusive', comments: false }));
  } else if (TEXT_TYPE.test(type)) {
    for (const piece of withCrlf(content)) digest.update(piece);
  } else {
    digest.update(content);
  }
  return digest.digest();
}

const CR = 0x0d;
const LF = 0x0a;
const CRLF = Buffer.from('\r\n');

/** The text in pieces, with CRLF in place of each CR, LF or CRLF. */
function* withCrlf(text: Buffer): Generator<Buffer> {
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (byte !== CR && byte !== LF) continue;
    if (byte === CR && text[at + 1] === LF) {
      at++;
      continue;
    }
    yield text.subarray(start, at);
    yield CRLF;
    start = at + 1;
  }
  yield text.subarray(start);
}
