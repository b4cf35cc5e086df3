import { MediaTypeError, MultipartLimitError, MultipartSyntaxError } from './errors.ts';
import type { MimeHeader } from './part.ts';
import { contentIdOf } from './related.ts';

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 50;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** All control characters but the tab. Bytes above ASCII are left to whoever understands them. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
const CRLF2 = Buffer.from('\r\n\r\n');

/** What a part says of itself. */
export interface PartHeader {
  readonly headers: readonly MimeHeader[];
  /** Without brackets. */
  readonly contentId: string | undefined;
  /** Offset of the body. */
  readonly end: number;
}

/**
 * Reads the header of a part (RFC 2045 §3, RFC 822 §3.1) as far as every reader does: lines end in CRLF, a name stands once.
 *
 * @param bytes the part from its first byte on
 * @throws MultipartSyntaxError, MultipartLimitError
 */
export function readPartHeader(bytes: Buffer): PartHeader {
  // A part without any header begins with the empty line.
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) return { headers: [], contentId: undefined, end: 2 };
  const end = bytes.subarray(0, MAX_HEADER_BYTES + CRLF2.length).indexOf(CRLF2);
  if (end < 0 && bytes.length > MAX_HEADER_BYTES) {
    throw new MultipartLimitError(`the header of a part is larger than ${MAX_HEADER_BYTES} bytes`);
  }
  if (end < 0) throw new MultipartSyntaxError('the header of a part does not end');
  const headers = readFields(bytes.toString('latin1', 0, end).split('\r\n'));
  const id = headers.find(({ name }) => name.toLowerCase() === 'content-id')?.value;
  return { headers, contentId: id === undefined ? undefined : readContentId(id), end: end + CRLF2.length };
}

function readFields(lines: readonly string[]): MimeHeader[] {
  const headers: { name: string; value: string }[] = [];
  const seen = new Set<string>();
  for (const line of lines) {
    if (CONTROL.test(line)) throw new MultipartSyntaxError('the header of a part holds a control character');
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const last = headers.at(-1);
      if (last === undefined || line.trim() === '') {
        throw new MultipartSyntaxError('the header of a part is folded where there is nothing to fold');
      }
      last.value += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!NAME.test(name)) throw new MultipartSyntaxError('the header of a part has a line that is none');
    if (seen.has(name.toLowerCase())) throw new MultipartSyntaxError(`a part has two headers ${name}`);
    if (headers.length === MAX_HEADERS) {
      throw new MultipartLimitError(`a part has more than ${MAX_HEADERS} headers`);
    }
    seen.add(name.toLowerCase());
    headers.push({ name, value: line.slice(colon + 1).trim() });
  }
  return headers;
}

function readContentId(value: string): string {
  try {
    return contentIdOf(value);
  } catch (error) {
    if (error instanceof MediaTypeError) throw new MultipartSyntaxError(error.message);
    throw error;
  }
}
