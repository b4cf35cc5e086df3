import { MultipartSyntaxError } from './errors.ts';

const IDENTITIES: ReadonlySet<string> = new Set(['', '7bit', '8bit', 'binary']);

/** Whether a Content-Transfer-Encoding leaves the bytes as they are (RFC 2045 §6.2). */
export function isIdentity(encoding: string | undefined): boolean {
  return encoding === undefined || IDENTITIES.has(encoding.toLowerCase());
}

/**
 * Undoes a Content-Transfer-Encoding (RFC 2045 §6). Of base64 only lines that every reader decodes to the same octets are
 * taken; quoted-printable is for mail, and refused.
 *
 * @returns `body` itself where it is not encoded
 * @throws MultipartSyntaxError
 */
export function decodeTransfer(body: Buffer, encoding: string | undefined): Buffer {
  if (isIdentity(encoding)) return body;
  if (encoding?.toLowerCase() !== 'base64') {
    throw new MultipartSyntaxError('a part is in a transfer encoding other than 7bit, 8bit, binary and base64');
  }
  checkBase64(body);
  return Buffer.from(body.toString('latin1'), 'base64');
}

const PADDING = 0x3d;
const CR = 0x0d;
const LF = 0x0a;

/** Alphabet, line ends, and padding at the very end only. */
function checkBase64(body: Buffer): void {
  let digits = 0;
  let padding = 0;
  for (const byte of body) {
    if (byte === CR || byte === LF) continue;
    if (byte === PADDING) padding++;
    else if (padding > 0 || !isBase64(byte)) throw new MultipartSyntaxError('a part is not the base64 that it claims');
    else digits++;
  }
  if (padding > 2 || (digits + padding) % 4 !== 0) {
    throw new MultipartSyntaxError('the base64 of a part is not complete');
  }
}

function isBase64(byte: number): boolean {
  return (
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2f
  );
}
