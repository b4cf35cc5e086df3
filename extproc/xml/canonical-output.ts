import { createHash, hash as hashOnce, type Hash } from 'node:crypto';
import { C14nError } from './errors.ts';
import { copyWords } from './words.ts';

/** Bytes gathered before they go into the hash. */
const CHUNK = 64 * 1024;
/** Octets that are written as base64 at a time: no padding within. */
const BASE64_OCTETS = 24 * 1024;
/** Slices at least this long go into the hash without being copied first. */
const DIRECT = 8 * 1024;
/** Shorter slices are copied faster in words by a loop than by a native call. */
const SHORT = 160;

/**
 * Room for one canonical form on its way into a hash. Shared by all: a digest is computed from beginning to end without
 * waiting for anything, and nothing of the room is handed out.
 */
let shared: Buffer | undefined;

/** A document and a view of the same bytes. */
interface ScannedBytes {
  readonly bytes: Buffer;
  readonly view: DataView;
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Where canonical bytes go: into a growing buffer, or through a fixed one into a hash. */
export class CanonicalOutput {
  readonly #source: Buffer;
  readonly #sourceView: DataView;
  #buffer: Buffer;
  #view: DataView;
  #length = 0;
  readonly #algorithm: string | undefined;
  #hash: Hash | undefined;

  private constructor(source: ScannedBytes, buffer: Buffer, algorithm: string | undefined) {
    this.#source = source.bytes;
    this.#sourceView = source.view;
    this.#buffer = buffer;
    this.#view = viewOf(buffer);
    this.#algorithm = algorithm;
  }

  /** @param expected bytes that will probably be written */
  static toBuffer(source: ScannedBytes, expected: number): CanonicalOutput {
    return new CanonicalOutput(source, Buffer.allocUnsafe(expected + 256), undefined);
  }

  /** @param algorithm as `node:crypto` names it */
  static toHash(source: ScannedBytes, algorithm: string): CanonicalOutput {
    shared ??= Buffer.allocUnsafeSlow(CHUNK);
    return new CanonicalOutput(source, shared, algorithm);
  }

  /** Writes the bytes of the document from `start` to `end`. */
  copy(start: number, end: number): void {
    const length = end - start;
    if (length > this.#buffer.length - this.#length && !this.#makeRoom(this.#source, start, end)) return;
    const at = this.#length;
    if (length >= SHORT) this.#source.copy(this.#buffer, at, start, end);
    else copyWords(this.#sourceView, start, this.#view, at, length);
    this.#length = at + length;
  }

  /** Writes all of `content`. */
  write(content: Buffer): void {
    const length = content.length;
    if (length > this.#buffer.length - this.#length && !this.#makeRoom(content, 0, length)) return;
    const at = this.#length;
    if (length >= SHORT) content.copy(this.#buffer, at);
    else for (let i = 0; i < length; i++) this.#buffer[at + i] = content[i];
    this.#length = at + length;
  }

  /** Writes octets as base64, in pieces: the text is never held as a whole. */
  writeBase64(octets: Buffer): void {
    for (let at = 0; at < octets.length; at += BASE64_OCTETS) {
      this.write(Buffer.from(octets.toString('base64', at, Math.min(at + BASE64_OCTETS, octets.length)), 'latin1'));
    }
  }

  /** Writes one byte. */
  byte(byte: number): void {
    if (this.#length === this.#buffer.length) this.#makeRoom(this.#buffer, 0, 1);
    this.#buffer[this.#length++] = byte;
  }

  /**
   * What was written; for a hash its digest.
   * @throws {C14nError} if nothing was written: no element has an empty form, and the digest of nothing must never pass
   *   for that of one
   */
  finish(): Buffer {
    if (this.#length === 0 && this.#hash === undefined) throw new C14nError('Empty canonical form', 0);
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
      this.#view = viewOf(grown);
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
