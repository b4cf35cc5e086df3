/**
 * `unmatched: Refuse`: no SOAP passes that the policy does not process. What is SOAP is told from the body, in every way in
 * which a receiver could read it; headers only make it stricter. Anything else passes, whatever its size.
 */

import zlib from 'node:zlib';
import { contentCodings, type ContentCoding } from './entity.ts';
import { UnmatchedSoapError } from './errors.ts';
import { encodedBytes, readMultipart } from './multipart.ts';
import { isKnownEncoding, rootElement } from './root-element.ts';

type Headers = ReadonlyMap<string, readonly string[]>;

/** Bytes of an encoded body that are decoded: enough to see the root element, whatever they unpack to. */
const ENCODED_PREFIX = 4096;
const MAX_DECODED = 8 * 1024 * 1024;
/** XML, and the binary forms of SOAP that some receivers understand. */
const SOAP_LIKE = /(^|[/+])xml$|soap|fastinfoset|\/exi$/;

/**
 * Passes a request that is no SOAP.
 *
 * @param headers by lower-case name
 * @param body as it came, not empty
 * @throws UnmatchedSoapError when it is SOAP, or may be to a receiver that reads it otherwise than we do
 */
export function refuseSoap(headers: Headers, body: Buffer): void {
  const values = headers.get('content-type') ?? [];
  const types = values.flatMap((value) => value.split(','));
  const soapLike = headers.has('soapaction') || types.some(isSoapLike);
  if (!types.every(hasKnownCharset)) refuse('its charset is not known, so that it may be anything');
  judge(body, true, soapLike);
  const encoded = (headers.get('content-encoding') ?? []).some((value) => value.trim() !== '');
  if (encoded) for (const decoded of decodings(headers, body)) judge(decoded, body.length <= ENCODED_PREFIX, soapLike);
  if (!types.some(isMultipart)) return;
  if (encoded) refuse('it has parts, under a content coding');
  for (const value of values) judgeParts(value, body);
}

function judge(bytes: Buffer, whole: boolean, soapLike: boolean): void {
  const root = rootElement(bytes, whole);
  if (root === 'soap') refuse('it is SOAP');
  if (root === 'unclear') refuse('it begins like XML and its root element cannot be told');
  if (root === 'none' && soapLike) refuse('its headers say XML or SOAP, and it cannot be read as that');
}

function refuse(why: string): never {
  throw new UnmatchedSoapError(`the policy does not concern this request and refuses what may be SOAP: ${why}`);
}

function isSoapLike(type: string): boolean {
  return SOAP_LIKE.test(essence(type));
}

function essence(type: string): string {
  const end = type.indexOf(';');
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase();
}

/** Forms are how browsers upload files; no receiver takes them for SOAP with attachments. */
function isMultipart(type: string): boolean {
  const name = essence(type);
  return name.startsWith('multipart/') && name !== 'multipart/form-data';
}

function hasKnownCharset(type: string): boolean {
  return [...type.matchAll(/charset\s*=\s*["']?([^\s"';]*)/gi)].every(([, label = '']) => isKnownEncoding(label));
}

/** SOAP with attachments, MTOM: any part may be the one with the envelope, whatever the type says of `start`. */
function judgeParts(contentType: string, body: Buffer): void {
  const parts = readMultipart(contentType, body);
  if (parts === undefined) refuse('it has parts, and they cannot be told apart');
  if (parts.rootTypes.some(isSoapLike)) refuse('it has parts, and its type says XML or SOAP');
  for (const { types, transferEncoding, bytes } of parts.parts) {
    const soapLike = types.some(isSoapLike);
    if (!types.every(hasKnownCharset)) refuse('the charset of a part is not known');
    judge(bytes, true, soapLike && transferEncoding === undefined);
    if (transferEncoding === undefined) continue;
    const decoded = encodedBytes(bytes, transferEncoding);
    if (decoded === undefined) refuse('the transfer encoding of a part is not known');
    judge(decoded, false, soapLike);
  }
}

/** The first bytes of the decoded body, in each way in which its codings are understood. */
function decodings(headers: Headers, body: Buffer): Buffer[] {
  let codings: ContentCoding[];
  try {
    codings = contentCodings(headers);
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
  let readings = [body.subarray(0, ENCODED_PREFIX)];
  for (const coding of codings.toReversed()) {
    readings = readings.flatMap((bytes) => DECODERS[coding].flatMap((decode) => attempt(decode, bytes)));
  }
  if (readings.length === 0) refuse(`it is not valid ${codings.join(', ')}`);
  return readings;
}

type Decoder = (bytes: Buffer) => Buffer;

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = zlib.constants;
const ZLIB_OPTIONS = { finishFlush: Z_SYNC_FLUSH, maxOutputLength: MAX_DECODED };
const BROTLI_OPTIONS = { finishFlush: BROTLI_OPERATION_FLUSH, maxOutputLength: MAX_DECODED };
const DECODERS: Readonly<Record<ContentCoding, readonly Decoder[]>> = {
  gzip: [(bytes) => zlib.gunzipSync(bytes, ZLIB_OPTIONS)],
  br: [(bytes) => zlib.brotliDecompressSync(bytes, BROTLI_OPTIONS)],
  // Senders mean the zlib format by it, or the bare one.
  deflate: [(bytes) => zlib.inflateSync(bytes, ZLIB_OPTIONS), (bytes) => zlib.inflateRawSync(bytes, ZLIB_OPTIONS)],
};

/** None where the bytes are not in the coding, or unpack to more than is looked at. */
function attempt(decode: Decoder, bytes: Buffer): Buffer[] {
  try {
    return [decode(bytes)];
  } catch {
    return [];
  }
}
