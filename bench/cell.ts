/** One cell of the table: an operation on a message, by every engine in turn. */

import type { Message } from './messages.ts';
import type { Engine, Operation, Run, Sample } from './operation.ts';

export interface Measurement extends Sample {
  readonly operation: Operation;
  readonly engine: string;
  readonly size: string;
  /** Of the plain message, whatever the operation starts from. */
  readonly bytes: number;
}

export interface Effort {
  /** Milliseconds of CPU before anything is counted. */
  readonly warmUp: number;
  /** Milliseconds of CPU of one round. */
  readonly round: number;
  readonly rounds: number;
}

/** An engine this slow is not asked again. */
const SLOW = 3000;

/**
 * Measures every engine in rounds, A B C A B C, so that whatever else the machine does hits all alike, and keeps the best round.
 *
 * @param plain the message that the table names
 * @param message what the operation starts from: the plain message, or what another operation has made of it
 */
export async function measureCell(
  operation: Operation,
  plain: Message,
  message: Buffer,
  engines: readonly Engine[],
  effort: Effort,
): Promise<Measurement[]> {
  const best = new Map<Engine, Sample>();
  const left = new Set(engines);
  for (let round = 0; round <= effort.rounds; round++) {
    const warming = round === 0;
    for (const engine of left) {
      const [milliseconds, atLeast] = warming ? [effort.warmUp, 1] : [effort.round, 2];
      const sample = await tryRun(engine, { operation, message, milliseconds, atLeast }, plain.size);
      const slow = sample === undefined || sample.p50 > SLOW;
      if (slow) left.delete(engine);
      if (sample === undefined || (warming && !slow)) continue;
      const known = best.get(engine);
      if (known === undefined || sample.cpu < known.cpu) best.set(engine, sample);
    }
  }
  return engines.flatMap((engine) => {
    const sample = best.get(engine);
    return sample === undefined
      ? []
      : [{ ...sample, operation, engine: engine.name, size: plain.size, bytes: plain.bytes.length }];
  });
}

/** A message that another engine cannot do leaves its cell empty; ours has to. */
async function tryRun(engine: Engine, run: Run, size: string): Promise<Sample | undefined> {
  try {
    return await engine.run(run);
  } catch (error) {
    if (engine.name === 'waxseal') throw error;
    process.stderr.write(
      `${engine.name} cannot ${run.operation} ${size}: ${(error as Error).message.split('\n')[0]}\n`,
    );
    return undefined;
  }
}

/** One JSON line of the output, in the names of the API. */
export function jsonLine(measurement: Measurement): string {
  const { operation, engine, size, bytes, cpu, wall, count, p50, p99, rssMb } = measurement;
  const fields = {
    op: operation,
    engine,
    size,
    bytes,
    msgs_per_s: (1000 * count) / wall,
    cpu_ms_per_msg: cpu,
    p50_ms: p50,
    p99_ms: p99,
    rss_mb: rssMb,
  };
  return JSON.stringify(fields, (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(5)) : value,
  );
}
