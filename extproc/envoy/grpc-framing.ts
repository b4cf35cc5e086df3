/** Length-prefixed messages of gRPC (PROTOCOL-HTTP2, "Length-Prefixed-Message") out of HTTP/2's chunks. */

/** The peer's bytes are no gRPC messages that we can read. */
export class GrpcFramingError extends Error {
  readonly code = 'ERR_GRPC_FRAMING';
}

/** What is to become of a message that begins. */
export type MessageAdmission =
  | 'collect'
  /** Its bytes are passed over; `skipped` is called at its end. */
  | 'skip'
  /** Its bytes and all that follow are thrown away. */
  | 'refuse';

export interface MessageSink {
  /** A message of `length` bytes begins; `first` is the first of them, or -1. */
  admit(length: number, first: number): MessageAdmission;
  /** A whole message; the buffer is the sink's to keep. */
  message(bytes: Buffer): void;
  /** A message that was to be skipped is over. @param first as for `admit` */
  skipped(first: number): void;
}

const PREFIX = 5;

/**
 * Collects each message into one buffer. A message in several chunks gets a buffer of its own (its whole ArrayBuffer, so
 * that it can be handed to another thread); one that lies within a chunk stays a slice of that.
 */
export class MessageReader {
  readonly #sink: MessageSink;
  readonly #prefix = Buffer.alloc(PREFIX);
  #prefixLength = 0;
  #message: Buffer | undefined;
  #received = 0;
  /** Bytes that are still to be passed over. */
  #skipping = 0;
  #first = -1;
  #refused = false;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** @throws GrpcFramingError for a compressed message: none was offered */
  write(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length && !this.#refused) {
      if (this.#message !== undefined) position = this.#collect(this.#message, chunk, position);
      else if (this.#skipping > 0) position = this.#skip(chunk, position);
      else if (this.#prefixLength < PREFIX) position = this.#readPrefix(chunk, position);
      else position = this.#begin(chunk, position);
    }
  }

  #readPrefix(chunk: Buffer, start: number): number {
    const taken = Math.min(PREFIX - this.#prefixLength, chunk.length - start);
    chunk.copy(this.#prefix, this.#prefixLength, start, start + taken);
    this.#prefixLength += taken;
    const complete = this.#prefixLength === PREFIX;
    if (complete && this.#prefix[0] !== 0) throw new GrpcFramingError('compressed gRPC message');
    // An empty message has no first byte to wait for.
    if (complete && this.#prefix.readUInt32BE(1) === 0) this.#begin(chunk, start + taken);
    return start + taken;
  }

  /** The first bytes of a message are there. @returns where to go on */
  #begin(chunk: Buffer, start: number): number {
    const length = this.#prefix.readUInt32BE(1);
    this.#prefixLength = 0;
    this.#first = length === 0 ? -1 : (chunk[start] ?? -1);
    const admission = this.#sink.admit(length, this.#first);
    if (admission === 'refuse') {
      this.#refused = true;
      return chunk.length;
    }
    if (admission === 'skip') {
      this.#skipping = length;
      return length === 0 ? this.#endSkip(start) : start;
    }
    if (length <= chunk.length - start) {
      this.#sink.message(chunk.subarray(start, start + length));
      return start + length;
    }
    this.#message = Buffer.allocUnsafeSlow(length);
    this.#received = 0;
    return start;
  }

  #collect(message: Buffer, chunk: Buffer, start: number): number {
    const taken = Math.min(message.length - this.#received, chunk.length - start);
    chunk.copy(message, this.#received, start, start + taken);
    this.#received += taken;
    if (this.#received === message.length) {
      this.#message = undefined;
      this.#sink.message(message);
    }
    return start + taken;
  }

  #skip(chunk: Buffer, start: number): number {
    const taken = Math.min(this.#skipping, chunk.length - start);
    this.#skipping -= taken;
    return this.#skipping === 0 ? this.#endSkip(start + taken) : start + taken;
  }

  #endSkip(position: number): number {
    this.#sink.skipped(this.#first);
    return position;
  }
}
