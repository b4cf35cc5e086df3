/** The operator's Prometheus metrics. */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Values that are asked for when metrics are read. */
export interface OperatorGauges {
  readonly leading: () => boolean;
  readonly replicas: () => number;
  readonly queueDepth: () => number;
}

const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export class OperatorMetrics {
  /** The delivery of bundles adds its own. */
  readonly registry = new Registry();
  readonly #policies: Gauge<'state'>;
  readonly #replicaPolicies: Gauge<'state'>;
  readonly #expiry: Gauge<'policy' | 'certificate'>;
  readonly #durations: Histogram;
  readonly #errors: Counter<'kind'>;
  readonly #watchErrors: Counter<'kind'>;

  constructor(gauges: OperatorGauges) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const sampled = (name: string, help: string, value: () => number): void => {
      new Gauge({
        name: `waxseal_operator_${name}`,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    };
    sampled('leading', '1: this replica of the operator leads and writes to the cluster', () =>
      gauges.leading() ? 1 : 0,
    );
    sampled('replicas', 'Replicas of the data plane that receive policies from here', gauges.replicas);
    sampled('queue_depth', 'Objects that wait to be written', gauges.queueDepth);
    this.#policies = new Gauge({
      ...{ name: 'waxseal_operator_policies', help: 'Policies of the cluster', labelNames: ['state'], registers },
    });
    this.#replicaPolicies = new Gauge({
      ...{
        name: 'waxseal_operator_replica_policies',
        help: 'Policies on all replicas',
        labelNames: ['state'],
        registers,
      },
    });
    this.#expiry = new Gauge({
      ...{ name: 'waxseal_certificate_expiry_timestamp_seconds', help: 'When a certificate that a policy uses ends' },
      ...{ labelNames: ['policy', 'certificate'], registers },
    });
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
  reconciled(seconds: number, policies: { readonly accepted: number; readonly refused: number }): void {
    this.#durations.observe(seconds);
    this.#policies.set({ state: 'accepted' }, policies.accepted);
    this.#policies.set({ state: 'refused' }, policies.refused);
  }

  replicaPolicies(states: Readonly<Record<string, number>>): void {
    this.#replicaPolicies.reset();
    for (const [state, count] of Object.entries(states)) this.#replicaPolicies.set({ state }, count);
  }

  certificates(all: Iterable<{ readonly policy: string; readonly name: string; readonly notAfter: number }>): void {
    this.#expiry.reset();
    for (const { policy, name, notAfter } of all) this.#expiry.set({ policy, certificate: name }, notAfter / 1000);
  }

  writeFailed(kind: string): void {
    this.#errors.inc({ kind });
  }

  watchFailed(kind: string): void {
    this.#watchErrors.inc({ kind });
  }
}
