/** Metrics of the delivery of policies to the data plane. */

import { Counter, Histogram, type Registry } from 'prom-client';
import { sampledValue } from '../../extproc/observe/sampled-gauge.ts';
import type { PolicyState, Update } from '../../proto/bundle-service.ts';

const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export class DeliveryMetrics {
  readonly #policies: Counter;
  readonly #bytes: Counter;
  readonly #states: Counter<'state'>;
  readonly #refused: Counter<'reason'>;
  readonly #durations: Histogram;

  /** @param streams the number of replicas of the data plane that are connected */
  constructor(registry: Registry, streams: () => number) {
    const registers = [registry];
    sampledValue(registry, 'waxseal_delivery_streams', 'Replicas of the data plane that are connected', streams);
    this.#policies = new Counter({
      ...{ name: 'waxseal_delivery_policies_sent_total', help: 'Policies sent to replicas of the data plane' },
      registers,
    });
    this.#bytes = new Counter({
      ...{ name: 'waxseal_delivery_bytes_sent_total', help: 'Bytes of policies sent to replicas of the data plane' },
      registers,
    });
    this.#states = new Counter({
      ...{ name: 'waxseal_delivery_answers_total', help: 'Answers of replicas to policies' },
      ...{ labelNames: ['state'], registers },
    });
    this.#refused = new Counter({
      ...{ name: 'waxseal_delivery_streams_refused_total', help: 'Calls of the data plane that were refused' },
      ...{ labelNames: ['reason'], registers },
    });
    this.#durations = new Histogram({
      ...{ name: 'waxseal_delivery_duration_seconds', help: 'Time from sending a change to the answer of the replica' },
      ...{ buckets: DURATION_BUCKETS, registers },
    });
  }

  sent({ upserts }: Update): void {
    this.#policies.inc(upserts.length);
    this.#bytes.inc(upserts.reduce((sum, { json }) => sum + json.length, 0));
  }

  /** @param milliseconds since the first part was sent */
  acknowledged(milliseconds: number): void {
    this.#durations.observe(milliseconds / 1000);
  }

  policyState(state: PolicyState['state']): void {
    this.#states.inc({ state: state.toLowerCase() });
  }

  streamRefused(reason: 'role' | 'limit'): void {
    this.#refused.inc({ reason });
  }
}
