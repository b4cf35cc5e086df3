import { createReadStream } from 'node:fs';
import { MAX_LINE_BYTES } from './line.ts';

export interface RawLine {
  /** Without its line end. */
  readonly bytes: Buffer;
  /** Whether it has one; only the last line may have none. */
  readonly ended: boolean;
}

const LINE_END = 0x0a;

/** The lines of a file, read as they are wanted. A line that is too long is given in pieces. */
export async function* readLines(file: string): AsyncGenerator<RawLine> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(LINE_END); at !== -1; at = bytes.indexOf(LINE_END, from)) {
      yield { bytes: bytes.subarray(from, at), ended: true };
      from = at + 1;
    }
    rest = bytes.subarray(from);
    for (; rest.length > MAX_LINE_BYTES; rest = rest.subarray(MAX_LINE_BYTES)) {
      yield { bytes: rest.subarray(0, MAX_LINE_BYTES), ended: true };
    }
  }
  if (rest.length > 0) yield { bytes: rest, ended: false };
}
