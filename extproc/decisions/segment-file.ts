/** A file of a decision log: written at its end only, and read once when another process goes on with it. */

import { mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ChainReader } from './chain-reader.ts';
import { CHAIN_START, type ChainEnd } from './line.ts';
import { readLines } from './read-lines.ts';

/** The file is not as we left it: somebody has removed it, or written to it. */
export class SegmentChangedError extends Error {
  override readonly name = 'SegmentChangedError';
}

export class SegmentFile {
  readonly name: string;
  readonly #handle: FileHandle;
  #size: number;

  constructor(name: string, handle: FileHandle, size: number) {
    this.name = name;
    this.#handle = handle;
    this.#size = size;
  }

  /** @throws when there is such a file */
  static async create(file: string): Promise<SegmentFile> {
    const handle = await open(file, 'wx', 0o640);
    try {
      await syncFolder(path.dirname(file));
    } catch (error) {
      await handle.close();
      await rm(file, { force: true });
      throw error;
    }
    return new SegmentFile(path.basename(file), handle, 0);
  }

  static async reopen(file: string, size: number): Promise<SegmentFile> {
    return new SegmentFile(path.basename(file), await open(file, 'r+'), size);
  }

  /** Bytes that have been written whole. */
  get size(): number {
    return this.#size;
  }

  /** Writes at the end. After an error the same bytes are to be given again: they are written over what got there. */
  async append(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#size + done);
      done += bytesWritten;
    }
    this.#size += bytes.length;
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  /** @throws SegmentChangedError */
  async check(): Promise<void> {
    const { nlink, size } = await this.#handle.stat();
    if (nlink === 0) throw new SegmentChangedError(`${this.name} has been removed while it was written to`);
    if (size !== this.#size) throw new SegmentChangedError(`${this.name} has been changed by another process`);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** A new file must be found again after a loss of power. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Its parent is to be there. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o750 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

export function segmentName(chain: string, segment: number): string {
  return `${chain}.${String(segment).padStart(6, '0')}.jsonl`;
}

/** @returns the last file's number; 0: the folder has none of the chain */
export async function lastSegment(folder: string, chain: string): Promise<number> {
  const numbers = (await readdir(folder)).flatMap((name) => {
    const number = name.startsWith(`${chain}.`)
      ? /^(\d{6,})\.jsonl$/.exec(name.slice(chain.length + 1))?.[1]
      : undefined;
    return number === undefined ? [] : [Number(number)];
  });
  return Math.max(0, ...numbers);
}

/** What a file holds that another process has left. */
export interface LeftSegment {
  /** It has no whole line: its writer did not get so far. */
  readonly empty: boolean;
  /** Of the last whole line. */
  readonly end: ChainEnd;
  readonly size: number;
  /** Bytes after the last whole line, which have no line end. */
  readonly torn?: { readonly bytes: number; readonly sha256: string };
  /** The last line has no line end. */
  readonly unended: boolean;
  /** Number of the first line that is not as it was written: the file cannot be continued. */
  readonly damaged?: number;
}

/** Reads a file to where its chain ends. */
export async function inspectSegment(file: string): Promise<LeftSegment> {
  const reader = new ChainReader();
  let size = 0;
  for await (const raw of readLines(file)) {
    size += raw.bytes.length + (raw.ended ? 1 : 0);
    const [problem] = reader.read(raw).problems;
    if (problem) return { empty: false, end: CHAIN_START, size, unended: false, damaged: problem.line };
  }
  const { end, torn, unended } = reader;
  if (end === undefined) return { empty: true, end: CHAIN_START, size, unended: false };
  if (torn) return { empty: false, end, size, unended: true, torn };
  if (unended) return { empty: false, end, size, unended };
  const [problem] = reader.finish();
  return { empty: false, end, size, unended, ...(problem && { damaged: problem.line }) };
}
