/** The operator's Prometheus metrics. */

import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import { certificateExpiryGauge, sampledGauge, sampledValue } from '../extproc/observe/sampled-gauge.ts';
import type { PolicyPlan } from './planner.ts';

/** Values that are asked for when metrics are read. */
export interface OperatorGauges {
  readonly leading: () => boolean;
  readonly replicas: () => number;
  readonly queueDepth: () => number;
  /** As they were planned last. */
  readonly policies: () => Iterable<Pick<PolicyPlan, 'id' | 'current' | 'certificates'>>;
  /** Policies over all replicas, by state. */
  readonly replicaPolicies: () => Readonly<Record<string, number>>;
}

const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export class OperatorMetrics {
  /** The delivery of bundles adds its own. */
  readonly registry = new Registry();
  readonly #durations: Histogram;
  readonly #errors: Counter<'kind'>;
  readonly #watchErrors: Counter<'kind'>;

  constructor({ leading, replicas, queueDepth, policies, replicaPolicies }: OperatorGauges) {
    const { registry } = this;
    const registers = [registry];
    collectDefaultMetrics({ register: registry });
    const sampled = (name: string, help: string, value: () => number): void =>
      sampledValue(registry, `waxseal_operator_${name}`, help, value);
    sampled('leading', '1: this replica of the operator leads and writes to the cluster', () => (leading() ? 1 : 0));
    sampled('replicas', 'Replicas of the data plane that receive policies from here', replicas);
    sampled('queue_depth', 'Objects that wait to be written', queueDepth);
    sampledGauge(
      registry,
      { name: 'waxseal_operator_policies', help: 'Policies of the cluster', labelNames: ['state'] },
      () => {
        const all = [...policies()];
        const refused = all.filter(({ current }) => current.broken !== undefined).length;
        return [
          [{ state: 'accepted' }, all.length - refused],
          [{ state: 'refused' }, refused],
        ];
      },
    );
    sampledGauge(
      registry,
      { name: 'waxseal_operator_replica_policies', help: 'Policies on all replicas', labelNames: ['state'] },
      () => Object.entries(replicaPolicies()).map(([state, count]) => [{ state }, count] as const),
    );
    certificateExpiryGauge(registry, policies);
    this.#durations = new Histogram({
      ...{ name: 'waxseal_operator_reconcile_duration_seconds', help: 'Time to work out what the cluster should be' },
      ...{ buckets: DURATION_BUCKETS, registers },
    });
    this.#errors = new Counter({
      ...{
        name: 'waxseal_operator_reconcile_errors_total',
        help: 'Writes to the cluster that failed; they are repeated',
      },
      ...{ labelNames: ['kind'], registers },
    });
    this.#watchErrors = new Counter({
      ...{ name: 'waxseal_operator_watch_errors_total', help: 'Lists and watches that failed; they are repeated' },
      ...{ labelNames: ['kind'], registers },
    });
  }

  /** The registry's text in Prometheus' format, and its content type. */
  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  /** @param seconds that the work took */
  reconciled(seconds: number): void {
    this.#durations.observe(seconds);
  }

  writeFailed(kind: string): void {
    this.#errors.inc({ kind });
  }

  watchFailed(kind: string): void {
    this.#watchErrors.inc({ kind });
  }
}
