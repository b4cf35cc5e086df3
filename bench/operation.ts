/** The operations that are measured, and what an engine is to the benchmark. */

export const operations = [
  'sign',
  'verify',
  'encrypt',
  'decrypt',
  'sign+encrypt',
  'decrypt+verify',
  'ts+ut-create',
  'ts+ut-verify',
] as const;
export type Operation = (typeof operations)[number];

/** The operation whose output an operation starts from; none: from the plain message. */
export const startsFrom: Readonly<Partial<Record<Operation, Operation>>> = {
  verify: 'sign',
  decrypt: 'encrypt',
  'decrypt+verify': 'sign+encrypt',
  'ts+ut-verify': 'ts+ut-create',
};

/** One run of one operation on one message, again and again. */
export interface Run {
  readonly operation: Operation;
  readonly message: Buffer;
  /** How long to go on: milliseconds of CPU. */
  readonly milliseconds: number;
  /** How often at least. */
  readonly atLeast: number;
}

export interface Sample {
  readonly count: number;
  /** Milliseconds of CPU of the whole process per message: the work, garbage collection, just-in-time compilation. */
  readonly cpu: number;
  /** Milliseconds by the clock, of all. */
  readonly wall: number;
  /** Milliseconds by the clock, of one. */
  readonly p50: number;
  readonly p99: number;
  /** Resident memory after the run. */
  readonly rssMb: number;
}

/** An implementation of WS-Security in a process of its own. */
export interface Engine {
  readonly name: string;
  /** Compiles itself while it runs, and is fast only after some seconds of an operation. */
  readonly warmsSlowly?: boolean;
  supports(operation: Operation): boolean;
  run(run: Run): Promise<Sample>;
  close(): void;
}

export const policy = {
  username: 'alice',
  password: 'correct horse battery staple',
} as const;
