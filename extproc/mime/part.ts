import { decodeTransfer, isIdentity } from './transfer-encoding.ts';

/** One header field of a part. */
export interface MimeHeader {
  /** As it is written. */
  readonly name: string;
  /** Unfolded, without white space around it. */
  readonly value: string;
}

/** One part of a multipart message. Its bytes are views of the message that it came in. */
export class MimePart {
  readonly headers: readonly MimeHeader[];
  /** Without brackets. */
  readonly contentId: string | undefined;
  /** As it came, under its transfer encoding. */
  readonly body: Buffer;
  /** Header, empty line and body as they came; absent for a part that has been changed. */
  readonly raw: Buffer | undefined;
  #content: Buffer | undefined;

  constructor(headers: readonly MimeHeader[], contentId: string | undefined, body: Buffer, raw?: Buffer) {
    this.headers = headers;
    this.contentId = contentId;
    this.body = body;
    this.raw = raw;
  }

  /** Value of the header of that name (in lower case); undefined if there is none. */
  header(name: string): string | undefined {
    return this.headers.find((header) => header.name.toLowerCase() === name)?.value;
  }

  /**
   * What the part holds, its transfer encoding undone: a view of {@link MimePart.body} where there is none.
   * @throws MultipartSyntaxError for an encoding that is not known, or that the body is not in
   */
  content(): Buffer {
    this.#content ??= decodeTransfer(this.body, this.header('content-transfer-encoding'));
    return this.#content;
  }

  /** A part of the same id that holds something else. @param headers without a transfer encoding */
  withContent(headers: readonly MimeHeader[], content: Buffer): MimePart {
    const kept = headers.filter(({ name }) => name.toLowerCase() !== 'content-transfer-encoding');
    const binary = { name: 'Content-Transfer-Encoding', value: 'binary' };
    return new MimePart([...kept, binary], this.contentId, content);
  }

  /** Whether its bytes are its content. */
  get isPlain(): boolean {
    return isIdentity(this.header('content-transfer-encoding'));
  }
}
