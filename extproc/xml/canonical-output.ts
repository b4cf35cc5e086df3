import { createHash, hash as hashOnce, type Hash } from 'node:crypto';

/** Bytes gathered before they go into the hash. */
const CHUNK = 64 * 1024;
/** Slices at least this long go into the hash without being copied first. */
const DIRECT = 8 * 1024;
/** Shorter slices are copied faster by a loop than by a native call. */
const SHORT = 24;

/**
 * Room for one canonical form on its way into a hash. Shared by all: a digest is computed from beginning to end without
 * waiting for anything, and nothing of the room is handed out.
 */
let shared: Buffer | undefined;

/** Where canonical bytes go: into a growing buffer, or through a fixed one into a hash. */
export class CanonicalOutput {
  #buffer: Buffer;
  #length = 0;
  readonly #algorithm: string | undefined;
  #hash: Hash | undefined;

  private constructor(buffer: Buffer, algorithm: string | undefined) {
    this.#buffer = buffer;
    this.#algorithm = algorithm;
  }

  /** @param expected bytes that will probably be written */
  static toBuffer(expected: number): CanonicalOutput {
    return new CanonicalOutput(Buffer.allocUnsafe(expected + 256), undefined);
  }

  /** @param algorithm as `node:crypto` names it */
  static toHash(algorithm: string): CanonicalOutput {
    shared ??= Buffer.allocUnsafeSlow(CHUNK);
    return new CanonicalOutput(shared, algorithm);
  }

  /** Writes the bytes of `source` from `start` to `end`. */
  copy(source: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length <= 0) return;
    if (length > this.#buffer.length - this.#length && !this.#makeRoom(source, start, end)) return;
    const buffer = this.#buffer;
    const at = this.#length;
    if (length < SHORT) {
      for (let i = 0; i < length; i++) buffer[at + i] = source[start + i];
    } else source.copy(buffer, at, start, end);
    this.#length = at + length;
  }

  /** Writes one byte. */
  byte(byte: number): void {
    if (this.#length === this.#buffer.length) this.#makeRoom(this.#buffer, 0, 1);
    this.#buffer[this.#length++] = byte;
  }

  /** Writes all of `content`. */
  write(content: Buffer): void {
    this.copy(content, 0, content.length);
  }

  /** What was written; for a hash its digest. */
  finish(): Buffer {
    const written = this.#buffer.subarray(0, this.#length);
    if (this.#algorithm === undefined) return written;
    if (this.#hash === undefined) return hashOnce(this.#algorithm, written, 'buffer');
    return this.#hash.update(written).digest();
  }

  /** @returns false if the bytes went into the hash directly and need no more copying */
  #makeRoom(source: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (this.#algorithm === undefined) {
      const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + length));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
      return true;
    }
    this.#hash ??= createHash(this.#algorithm);
    this.#hash.update(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    if (length < DIRECT) return true;
    this.#hash.update(source.subarray(start, end));
    return false;
  }
}
