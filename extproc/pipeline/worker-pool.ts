/** Threads for messages that would hold up the others: large ones, and those whose private key work cannot wait aside. */

import { Worker } from 'node:worker_threads';
import type { ResolvedPolicy } from '../../policy/bundle.ts';
import type { Job, JobResult, RevocationNeeded } from './engine.ts';
import { AbandonedError, WorkerLostError } from './errors.ts';
import { describeFailure } from './failure.ts';
import type { WorkerRequest } from './worker.ts';

interface Task {
  /** Of the policy. */
  readonly version: string;
  readonly job: Job;
  readonly large: boolean;
  /** Nobody waits for the result any more. */
  readonly abandoned: () => boolean;
  readonly resolve: (result: JobResult | RevocationNeeded) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Versions of the policies that it has. */
  readonly known: Set<string>;
  task: Task | undefined;
}

export interface WorkerPoolOptions {
  /** Threads; 0: none, and no jobs. When all of them work on large messages, small ones get one more. */
  readonly size: number;
  /** A thread died; it is replaced. */
  readonly onLost: (error: unknown) => void;
  /** The thread's program; another one in tests. */
  readonly program?: URL;
}

/** Young generation of a thread, MiB: the messages' bytes are outside of it, so that little is enough. */
const YOUNG_GENERATION_MB = 16;
const PROGRAM = new URL('worker.ts', import.meta.url);

/**
 * Small messages go first, and where large ones hold every thread, one more starts for small ones alone: no number of
 * large messages delays them. The queues are bounded by whoever admits messages.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Set<Thread>();
  readonly #small: Task[] = [];
  readonly #large: Task[] = [];
  readonly #policies = new Map<string, ResolvedPolicy>();
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#options.size;
  }

  /** Messages that wait for a thread. */
  get queued(): number {
    return this.#small.length + this.#large.length;
  }

  /** Jobs may name the policy's version from now on, until it is retired. Threads get it with the first such job. */
  addPolicy(policy: ResolvedPolicy): void {
    this.#policies.set(policy.version, policy);
  }

  retirePolicy(version: string): void {
    this.#policies.delete(version);
    for (const { worker, known } of this.#threads) if (known.delete(version)) post(worker, { kind: 'retire', version });
  }

  /** Starts the threads, so that the first message need not wait for that. */
  start(): void {
    while (this.#threads.size < this.#options.size) this.#startThread();
  }

  /**
   * Runs a job in a thread. Never rejects: if its thread dies, that is the result.
   *
   * @param version of the policy that the job is done by
   * @param abandoned asked before the job begins; true: it is dropped, with a failure as result
   */
  run(version: string, job: Job, large: boolean, abandoned: () => boolean): Promise<JobResult | RevocationNeeded> {
    return new Promise((resolve) => {
      (large ? this.#large : this.#small).push({ version, job, large, abandoned, resolve });
      this.#dispatch();
    });
  }

  /** Ends all threads. Jobs that are not done fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
    for (const task of [...this.#small.splice(0), ...this.#large.splice(0)])
      task.resolve(failed(new WorkerLostError('the service stops')));
  }

  #dispatch(): void {
    for (let task = this.#next(); task !== undefined; task = this.#next()) {
      const thread = this.#idleThread(task);
      if (thread === undefined) {
        (task.large ? this.#large : this.#small).unshift(task);
        return;
      }
      thread.task = task;
      this.#handOver(thread, task);
    }
  }

  #handOver({ worker, known }: Thread, { version, job }: Task): void {
    const policy = this.#policies.get(version);
    if (policy !== undefined && !known.has(version)) {
      known.add(version);
      post(worker, { kind: 'policy', policy });
    }
    post(worker, { kind: 'job', version, job });
  }

  /** The next task that a thread may take now. */
  #next(): Task | undefined {
    for (const queue of [this.#small, this.#large]) {
      while (queue[0]?.abandoned() === true) queue.shift()?.resolve(failed(new AbandonedError('the client has gone')));
    }
    if (this.#small.length > 0) return this.#small.shift();
    return this.#largeTasks() < this.#options.size ? this.#large.shift() : undefined;
  }

  #largeTasks(): number {
    let count = 0;
    for (const { task } of this.#threads) if (task?.large === true) count++;
    return count;
  }

  #idleThread(task: Task): Thread | undefined {
    for (const thread of this.#threads) if (thread.task === undefined) return thread;
    const { size } = this.#options;
    const extra = !task.large && this.#threads.size === size && this.#largeTasks() === size;
    return !this.#closed && (this.#threads.size < size || extra) ? this.#startThread() : undefined;
  }

  #startThread(): Thread {
    const worker = new Worker(this.#options.program ?? PROGRAM, {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    const thread: Thread = { worker, known: new Set(), task: undefined };
    this.#threads.add(thread);
    worker.unref();
    worker.on('message', (result: JobResult | RevocationNeeded) => {
      const { task } = thread;
      thread.task = undefined;
      task?.resolve(result);
      this.#dispatch();
    });
    let cause: unknown;
    worker.on('error', (error: unknown) => {
      cause = error;
    });
    worker.on('exit', (exitCode) => {
      this.#threads.delete(thread);
      thread.task?.resolve(failed(new WorkerLostError('the thread that worked on the message died')));
      if (this.#closed) return;
      this.#options.onLost(cause ?? new Error(`a worker thread ended with code ${exitCode}`));
      this.#dispatch();
    });
    return thread;
  }
}

/** The message's buffer is handed over where it is nobody else's; otherwise its own bytes are copied, and only those. */
function post(worker: Worker, request: WorkerRequest): void {
  if (request.kind !== 'job') {
    worker.postMessage(request);
    return;
  }
  const { job } = request;
  const bytes = isOwnBuffer(job.bytes) ? job.bytes : new Uint8Array(job.bytes);
  worker.postMessage({ ...request, job: { ...job, bytes } }, [bytes.buffer as ArrayBuffer]);
}

/** Larger messages are collected into a buffer of their own; smaller ones may share it with others. */
const MIN_OWN_BUFFER = 128 * 1024;
function isOwnBuffer(bytes: Uint8Array): boolean {
  return bytes.byteLength >= MIN_OWN_BUFFER && bytes.buffer.byteLength < 2 * bytes.byteLength;
}

function failed(error: AbandonedError | WorkerLostError): JobResult {
  return { kind: 'failed', failure: describeFailure(error), durations: {} };
}
