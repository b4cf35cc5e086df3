import { Counter, Gauge, type Registry } from 'prom-client';
import { sampledValue } from '../observe/sampled-gauge.ts';

/** Values that are asked for when metrics are read. */
export interface DecisionGaugeSources {
  readonly queued: () => number;
  readonly failing: () => boolean;
}

/** Prometheus metrics of a decision log. */
export class DecisionMetrics {
  readonly entries: Counter;
  readonly lost: Counter;
  readonly bytes: Counter;
  readonly checkpoints: Counter;
  readonly errors: Counter;
  /** Kept elsewhere by whoever reads metrics, it tells how far a log went that has been cut off. */
  readonly sequence: Gauge;

  /** @param registry in which none of these metrics is yet */
  constructor(registry: Registry, sources: DecisionGaugeSources) {
    const counter = (name: string, help: string): Counter =>
      new Counter({ name: `waxseal_decision_log_${name}`, help, registers: [registry] });
    this.entries = counter('entries_total', 'Decisions that were written');
    this.lost = counter('lost_total', 'Decisions that could not be kept');
    this.bytes = counter('written_bytes_total', 'Bytes written');
    this.checkpoints = counter('checkpoints_total', 'Signed checkpoints written');
    this.errors = counter('write_errors_total', 'Attempts to write that failed');
    this.sequence = new Gauge({
      name: 'waxseal_decision_log_sequence',
      help: 'Number of the last line that was written',
      registers: [registry],
    });
    const sampled = (name: string, help: string, value: () => number): void =>
      sampledValue(registry, `waxseal_decision_log_${name}`, help, value);
    sampled('queued_entries', 'Decisions that wait to be written', sources.queued);
    sampled('failing', '1: the log cannot be written', () => (sources.failing() ? 1 : 0));
  }
}
