/**
 * The parts of a multipart body (RFC 2046 §5.1), for a look at each. Finds at least the parts that any receiver would find:
 * a boundary counts wherever it stands.
 */

import { MIMEType } from 'node:util';

export interface Part {
  /** Its Content-Type headers. */
  readonly types: readonly string[];
  /** In lower case; absent for 7bit, 8bit and binary, which leave the bytes as they are. */
  readonly transferEncoding?: string;
  /** The content as it came. */
  readonly bytes: Buffer;
}

export interface Multipart {
  /** What the media type says of the root part: parameters `type` and `start-info` (RFC 2387, XOP). */
  readonly rootTypes: readonly string[];
  readonly parts: readonly Part[];
}

const MAX_PARTS = 1000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_ENCODED_BYTES = 8192;
const LF = 0x0a;
const IDENTITY = new Set(['', '7bit', '8bit', 'binary']);

/** @returns undefined where the parts cannot be told apart, or are too many */
export function readMultipart(contentType: string, body: Buffer): Multipart | undefined {
  let params: MIMEType['params'];
  try {
    ({ params } = new MIMEType(contentType));
  } catch {
    return undefined;
  }
  const boundary = params.get('boundary') ?? '';
  // Given twice, or in the form of RFC 2231, it is not the same for all receivers.
  if (boundary === '' || (contentType.match(/boundary\s*[=*]/gi) ?? []).length !== 1) return undefined;
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  const parts: Part[] = [];
  for (let at = body.indexOf(delimiter); at >= 0;) {
    const start = at + delimiter.length;
    const next = body.indexOf(delimiter, start);
    const part = readPart(body.subarray(start, next < 0 ? body.length : next));
    if (part === undefined || parts.length === MAX_PARTS) return undefined;
    parts.push(part);
    at = next;
  }
  if (parts.length === 0) return undefined;
  const rootTypes = [params.get('type'), params.get('start-info')].filter((type) => type !== null);
  return { rootTypes, parts };
}

/** @param bytes from the end of the boundary on; undefined where its header does not end */
function readPart(bytes: Buffer): Part | undefined {
  const start = bytes.indexOf(LF) + 1;
  // The closing boundary, with nothing after it.
  if (start === 0) return bytes.length > MAX_HEADER_BYTES ? undefined : { types: [], bytes: Buffer.alloc(0) };
  let end = start;
  for (;;) {
    const lineEnd = bytes.indexOf(LF, end);
    if (lineEnd < 0)
      return bytes.length - end > MAX_HEADER_BYTES ? undefined : { types: [], bytes: bytes.subarray(start) };
    if (lineEnd - start > MAX_HEADER_BYTES) return undefined;
    const blank = lineEnd === end || (lineEnd === end + 1 && bytes[end] === 0x0d);
    end = lineEnd + 1;
    if (blank) break;
  }
  const header = bytes.toString('latin1', start, end).replace(/\r?\n[ \t]+/g, ' ');
  const encoding = valuesOf(header, 'content-transfer-encoding').join().toLowerCase();
  return {
    types: valuesOf(header, 'content-type'),
    ...(!IDENTITY.has(encoding) && { transferEncoding: encoding }),
    bytes: bytes.subarray(end),
  };
}

function valuesOf(header: string, name: string): string[] {
  return header
    .split('\n')
    .filter((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`)
    .map((line) => line.slice(name.length + 1).trim());
}

/** The first bytes of a part without its transfer encoding (RFC 2045 §6). @returns undefined for one that is not base64 */
export function encodedBytes(bytes: Buffer, transferEncoding: string): Buffer | undefined {
  return transferEncoding === 'base64'
    ? Buffer.from(bytes.toString('latin1', 0, MAX_ENCODED_BYTES), 'base64')
    : undefined;
}
