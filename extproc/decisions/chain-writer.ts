/**
 * Writes the chain of one process: makes lines of records, and puts them at the end of the present file. After an error
 * everything can be tried again: a line that was made is written as it was made, or not at all.
 */

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { CheckpointKey } from './checkpoint-key.ts';
import { CHAIN_START, formatLine, type ChainEnd, type LogRecord, type SegmentRecord } from './line.ts';
import {
  inspectSegment,
  lastSegment,
  makeFolder,
  SegmentChangedError,
  SegmentFile,
  segmentName,
  type LeftSegment,
} from './segment-file.ts';

export interface ChainWriterOptions {
  readonly folder: string;
  /** Name of the chain, which no other process writes to. */
  readonly chain: string;
  readonly key: CheckpointKey;
  /** A file that is larger gets no more lines. */
  readonly maxSegmentBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Something that a person has to hear of, although the log goes on. */
  readonly onWarning: (text: string) => void;
}

export class ChainWriter {
  readonly #options: ChainWriterOptions;
  readonly #instance = randomUUID();
  #file: SegmentFile | undefined;
  #segment = 0;
  #end: ChainEnd = CHAIN_START;
  /** Of the last line that is in the file. */
  #written: ChainEnd = CHAIN_START;
  #texts: string[] = [];
  /** Bytes that are on their way to the file. */
  #pending: Buffer | undefined;
  #started = false;
  #synced = true;
  /** Lines since the last checkpoint. */
  #unsigned = 0;

  constructor(options: ChainWriterOptions) {
    this.#options = options;
  }

  get written(): ChainEnd {
    return this.#written;
  }

  get unsigned(): number {
    return this.#unsigned;
  }

  /** Opens a file, where none is open, and writes what is left of an attempt that failed. @throws the system's errors */
  async prepare(): Promise<void> {
    if (this.#file === undefined) {
      if (this.#started) await this.#begin({});
      else await this.#start();
    }
    await this.write();
  }

  /** Makes a line; `write` brings it to the file. */
  add(record: LogRecord): void {
    const { text, end } = formatLine(
      this.#end,
      record,
      record.type === 'checkpoint' ? this.#options.key.sign : undefined,
    );
    this.#texts.push(text, '\n');
    this.#end = end;
    this.#unsigned = record.type === 'checkpoint' ? 0 : this.#unsigned + 1;
  }

  /** @returns bytes that were written. @throws the system's errors: then it is to be called again */
  async write(): Promise<number> {
    if (this.#texts.length > 0) {
      const bytes = Buffer.from(this.#texts.join(''));
      this.#pending = this.#pending === undefined ? bytes : Buffer.concat([this.#pending, bytes]);
      this.#texts = [];
    }
    if (this.#pending === undefined || this.#file === undefined) return 0;
    const { length } = this.#pending;
    await this.#file.append(this.#pending);
    this.#pending = undefined;
    this.#written = this.#end;
    this.#synced = false;
    return length;
  }

  /** Goes on with a new file if this one is large enough, or is no longer the one that we wrote. */
  async rotate(): Promise<void> {
    if (this.#file === undefined) return;
    if (this.#file.size < this.#options.maxSegmentBytes) return;
    await this.checkpoint();
    // A file that somebody changed has been left by now.
    if (this.#file.size < this.#options.maxSegmentBytes) return;
    await this.#begin({});
    await this.write();
  }

  /** A signature for all lines so far, and all of it on the disk. */
  async checkpoint(): Promise<void> {
    if (this.#unsigned > 0) this.#addCheckpoint();
    await this.write();
    await this.sync();
    try {
      await this.#file?.check();
    } catch (error) {
      if (!(error instanceof SegmentChangedError)) throw error;
      this.#options.onWarning(`${error.message}; the decision log goes on in a new file`);
      await this.#begin({});
      await this.write();
    }
  }

  async sync(): Promise<void> {
    if (this.#synced || this.#file === undefined) return;
    await this.#file.sync();
    this.#synced = true;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** What another process has left, if one has. */
  async #start(): Promise<void> {
    const { folder, chain } = this.#options;
    await makeFolder(folder);
    let last = await lastSegment(folder, chain);
    let left: LeftSegment | undefined;
    for (; last > 0; last--) {
      const file = path.join(folder, segmentName(chain, last));
      left = await inspectSegment(file).catch(missing);
      if (left?.empty) await rm(file);
      else if (left) break;
    }
    this.#segment = last;
    if (left === undefined || last === 0) await this.#begin({});
    else if (left.damaged === undefined) await this.#resume(left);
    else await this.#abandon(left.damaged);
    this.#started = true;
  }

  async #resume({ end, size, unended, torn }: LeftSegment): Promise<void> {
    const { folder, chain } = this.#options;
    this.#file = await SegmentFile.reopen(path.join(folder, segmentName(chain, this.#segment)), size);
    this.#end = end;
    if (unended) this.#texts.push('\n');
    this.add({ type: 'resume', time: this.#time(), instance: this.#instance, ...(torn && { torn }) });
    this.#addCheckpoint();
  }

  async #abandon(line: number): Promise<void> {
    const file = segmentName(this.#options.chain, this.#segment);
    this.#options.onWarning(`line ${line} of ${file} is not as it was written; the decision log begins anew`);
    await this.#begin({ abandoned: { file, line } });
  }

  /** The next file, with the line that binds it to the one before. */
  async #begin(more: Pick<SegmentRecord, 'abandoned'>): Promise<void> {
    const { folder, chain } = this.#options;
    const segment = this.#segment + 1;
    const name = segmentName(chain, segment);
    const file = await SegmentFile.create(path.join(folder, name));
    const before = this.#file;
    this.#file = file;
    this.#segment = segment;
    this.add({ type: 'segment', time: this.#time(), file: name, chain, segment, instance: this.#instance, ...more });
    this.#addCheckpoint();
    await before?.close();
  }

  #addCheckpoint(): void {
    const { algorithm, id } = this.#options.key;
    this.add({ type: 'checkpoint', time: this.#time(), algorithm, key: id });
  }

  #time(): string {
    return new Date(this.#options.now()).toISOString();
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
