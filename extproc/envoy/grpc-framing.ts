/** Length-prefixed messages of gRPC (PROTOCOL-HTTP2, "Length-Prefixed-Message") out of HTTP/2's chunks. */

/** The peer's bytes are no gRPC messages that we can read. */
export class GrpcFramingError extends Error {
  readonly code = 'ERR_GRPC_FRAMING';
}

export interface MessageSink {
  admit(length: number): boolean;
  message(bytes: Buffer): void;
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
  #refused = false;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** @throws GrpcFramingError for a compressed message: none was offered */
  write(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length && !this.#refused) {
      if (this.#message !== undefined) position = this.#continueMessage(this.#message, chunk, position);
      else position = this.#continuePrefix(chunk, position);
    }
  }

  #continuePrefix(chunk: Buffer, start: number): number {
    const taken = Math.min(PREFIX - this.#prefixLength, chunk.length - start);
    chunk.copy(this.#prefix, this.#prefixLength, start, start + taken);
    this.#prefixLength += taken;
    const position = start + taken;
    if (this.#prefixLength < PREFIX) return position;
    this.#prefixLength = 0;
    if (this.#prefix[0] !== 0) throw new GrpcFramingError('compressed gRPC message');
    const length = this.#prefix.readUInt32BE(1);
    if (!this.#sink.admit(length)) {
      this.#refused = true;
      return chunk.length;
    }
    if (length <= chunk.length - position) {
      this.#sink.message(chunk.subarray(position, position + length));
      return position + length;
    }
    this.#message = Buffer.allocUnsafeSlow(length);
    this.#received = 0;
    return position;
  }

  #continueMessage(message: Buffer, chunk: Buffer, start: number): number {
    const taken = Math.min(message.length - this.#received, chunk.length - start);
    chunk.copy(message, this.#received, start, start + taken);
    this.#received += taken;
    if (this.#received === message.length) {
      this.#message = undefined;
      this.#sink.message(message);
    }
    return start + taken;
  }
}
