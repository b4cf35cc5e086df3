import { MediaTypeError } from './errors.ts';
import { parseMediaType, type MediaType } from './media-type.ts';

/** What the Content-Type of a multipart/related message says (RFC 2387). Plain data. */
export interface RelatedType extends MediaType {
  readonly boundary: string;
  /** Media type of the root part, without parameters. */
  readonly type: string;
  /** Content-ID of the root part, without its brackets; absent: the first part is the root. */
  readonly start?: string;
}

/** RFC 2046 §5.1.1: bchars. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

/**
 * Reads the Content-Type of a multipart/related message.
 *
 * @throws MediaTypeError for another type, without `type` or a boundary, and for what {@link parseMediaType} refuses
 */
export function parseRelatedType(value: string): RelatedType {
  const mediaType = parseMediaType(value);
  const { essence, parameters } = mediaType;
  if (essence !== 'multipart/related') {
    throw new MediaTypeError('the message is multipart, and not multipart/related');
  }
  const boundary = parameters.get('boundary') ?? '';
  if (!BOUNDARY.test(boundary))
    throw new MediaTypeError('the multipart message has no boundary, or none that is legal');
  const type = parameters.get('type');
  if (type === undefined) throw new MediaTypeError('the multipart message does not say the type of its root part');
  const start = parameters.get('start');
  return {
    ...mediaType,
    boundary,
    type: parseMediaType(type).essence,
    ...(start !== undefined && { start: contentIdOf(start) }),
  };
}

const CONTENT_ID = /^<([\x21-\x3b\x3d\x3f-\x7e]{1,998})>$/;

/** The id of a Content-ID (RFC 2045 §7), without its brackets. @throws MediaTypeError */
export function contentIdOf(value: string): string {
  const id = CONTENT_ID.exec(value)?.[1];
  if (id === undefined) throw new MediaTypeError('a Content-ID is not one identifier in angle brackets');
  return id;
}
