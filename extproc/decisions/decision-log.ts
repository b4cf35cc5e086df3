/**
 * The decision log of a process: takes verdicts as they are given, and writes them beside the message path. What waits to
 * be written is bounded; what becomes of messages when the log cannot be written is the user's choice.
 */

import type { Server } from 'node:net';
import type { Registry } from 'prom-client';
import { DecisionLogUnavailableError } from '../pipeline/errors.ts';
import type { DecisionGate } from '../pipeline/exchange.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { ChainLockedError, lockChain } from './chain-lock.ts';
import { ChainWriter, type ChainWriterOptions } from './chain-writer.ts';
import type { DecisionRecord } from './line.ts';
import { DecisionMetrics } from './metrics.ts';
import type { ON_FAILURE } from './on-failure.ts';
import { decisionRecord } from './record.ts';
import { makeFolder } from './segment-file.ts';

export interface DecisionLogOptions extends ChainWriterOptions {
  /**
   * `Refuse`: while the log cannot be written no message is taken. `Continue`: decisions that do not fit into memory are
   * counted, and a line tells how many are missing.
   */
  readonly onFailure: (typeof ON_FAILURE)[number];
  /** Milliseconds between two checkpoints, where there is something to sign. */
  readonly checkpointInterval: number;
  /** Decisions that may wait to be written. */
  readonly maxQueued?: number;
  readonly registry: Registry;
  /** The log cannot be written, for this reason, or can be written again. */
  readonly onChange: (failure: Error | undefined) => void;
}

/** Decisions that are missing, and when the first and the last was made. */
interface Lost {
  count: number;
  readonly from: number;
  to: number;
}

const MAX_QUEUED = 10_000;
/** Lines that are made at a time, with messages in between. */
const BATCH = 256;
const CHECKPOINT_LINES = 1000;
/** Milliseconds: so long decisions are gathered, so often the disk is asked to keep them, and so often it is tried again. */
const GATHER = 20;
const TICK = 1000;

export class DecisionLog implements DecisionGate {
  readonly #options: DecisionLogOptions;
  readonly #writer: ChainWriter;
  readonly #metrics: DecisionMetrics;
  readonly #maxQueued: number;
  #queue: DecisionRecord[] = [];
  /** Decisions that are missing, since the last line that told so. */
  #lost: Lost | undefined;
  #failure: Error | undefined;
  #work: Promise<void> | undefined;
  #gathering = false;
  #checkpointed: number;
  #synced: number;
  #closed = false;
  #lock: Server | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: DecisionLogOptions) {
    this.#options = options;
    this.#writer = new ChainWriter(options);
    this.#maxQueued = options.maxQueued ?? MAX_QUEUED;
    this.#checkpointed = options.now();
    this.#synced = this.#checkpointed;
    this.#metrics = new DecisionMetrics(options.registry, {
      queued: () => this.#queue.length,
      failing: () => this.#failure !== undefined,
    });
  }

  /**
   * Opens the log, or begins to try.
   * @throws ChainLockedError
   */
  async start(): Promise<void> {
    const { folder, chain } = this.#options;
    try {
      await makeFolder(folder);
      this.#lock = await lockChain(folder, chain);
    } catch (error) {
      if (error instanceof ChainLockedError) throw error;
      this.#fail(error);
    }
    await this.#run();
    this.#ticker = setInterval(() => void this.#run(), TICK).unref();
  }

  /** Why no message is taken; undefined: messages are taken. */
  get refusing(): Error | undefined {
    if (this.#options.onFailure === 'Continue') return undefined;
    const full = this.#queue.length >= this.#maxQueued;
    return this.#failure ?? (full ? new Error('more decisions wait than may') : undefined);
  }

  admit(): void {
    const reason = this.refusing;
    if (reason) throw new DecisionLogUnavailableError(`the decision log cannot be written: ${reason.message}`);
  }

  /** Never throws and waits for nothing. */
  record(verdict: Verdict): void {
    if (verdict.failure?.code === 'ERR_DECISION_LOG_UNAVAILABLE') return;
    const now = this.#options.now();
    const record = decisionRecord(verdict, now);
    if (record === undefined || this.#closed) return;
    // Of messages that were taken before the log failed there may be as many again.
    const limit = this.#options.onFailure === 'Refuse' ? 2 * this.#maxQueued : this.#maxQueued;
    if (this.#queue.length >= limit) {
      this.#lost ??= { count: 0, from: now, to: now };
      this.#lost.count++;
      this.#lost.to = now;
      this.#metrics.lost.inc();
      return;
    }
    this.#queue.push(record);
    if (this.#gathering || this.#failure !== undefined) return;
    this.#gathering = true;
    setTimeout(() => void this.#run(), GATHER);
  }

  /** Writes what waits, with a last checkpoint, and closes the file. */
  async close(): Promise<void> {
    clearInterval(this.#ticker);
    await this.#run();
    this.#closed = true;
    try {
      await this.#writer.checkpoint();
    } catch (error) {
      this.#fail(error);
    }
    await this.#writer.close();
    this.#lock?.close();
  }

  /** One at a time; who comes meanwhile waits for it and for one more. */
  async #run(): Promise<void> {
    await this.#work;
    this.#work ??= this.#writeAll().finally(() => {
      this.#work = undefined;
    });
    await this.#work;
  }

  async #writeAll(): Promise<void> {
    this.#gathering = false;
    if (this.#closed) return;
    try {
      await this.#writer.prepare();
      while (this.#queue.length > 0 || this.#lost) await this.#writeSome();
      const due = this.#options.now() - this.#checkpointed >= this.#options.checkpointInterval;
      if (this.#writer.unsigned > 0 && due) await this.#checkpoint();
      if (this.#options.now() - this.#synced >= TICK) await this.#sync();
      this.#metrics.sequence.set(this.#writer.written.seq);
      if (this.#failure === undefined) return;
      this.#failure = undefined;
      this.#options.onChange(undefined);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #writeSome(): Promise<void> {
    const records = this.#queue.splice(0, BATCH);
    for (const record of records) this.#writer.add(record);
    this.#metrics.entries.inc(records.length);
    if (this.#queue.length === 0 && this.#lost) this.#tellLost(this.#lost);
    this.#metrics.bytes.inc(await this.#writer.write());
    if (this.#writer.unsigned >= CHECKPOINT_LINES) await this.#checkpoint();
    await this.#writer.rotate();
  }

  #tellLost({ count, from, to }: Lost): void {
    const at = (time: number) => new Date(time).toISOString();
    this.#writer.add({ type: 'gap', time: at(this.#options.now()), lost: count, from: at(from), to: at(to) });
    this.#lost = undefined;
  }

  async #checkpoint(): Promise<void> {
    await this.#writer.checkpoint();
    this.#checkpointed = this.#options.now();
    this.#metrics.checkpoints.inc();
  }

  async #sync(): Promise<void> {
    await this.#writer.sync();
    this.#synced = this.#options.now();
  }

  #fail(error: unknown): void {
    this.#metrics.errors.inc();
    const before = this.#failure;
    this.#failure = error instanceof Error ? error : new Error(String(error));
    if (before?.message !== this.#failure.message) this.#options.onChange(this.#failure);
  }
}
