/** What is wrong with a multipart message: one class for its type, one for its bytes, one for its size. */

/** Base of all refusals of what is not one multipart message to every reader. */
export abstract class MimeError extends Error {
  /** Stable and machine readable, e.g. `ERR_MIME_MULTIPART`. */
  abstract readonly code: string;

  override get name(): string {
    return this.constructor.name;
  }
}

/** The Content-Type of a message or part is none, or readers would differ in what it says. */
export class MediaTypeError extends MimeError {
  readonly code = 'ERR_MIME_MEDIA_TYPE';
}
/** Boundaries, part headers or transfer encodings that readers would take in different ways. */
export class MultipartSyntaxError extends MimeError {
  readonly code = 'ERR_MIME_MULTIPART';
}
/** Too many parts, or too large ones. */
export class MultipartLimitError extends MimeError {
  readonly code = 'ERR_MIME_LIMIT';
}
