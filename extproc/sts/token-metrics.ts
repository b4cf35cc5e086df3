/** Prometheus metrics of issued tokens. Labels are the services that we have and enumerations; never text of a message. */

import { Counter, Histogram, type Registry } from 'prom-client';
import { sampledGauge } from '../observe/sampled-gauge.ts';

export type TokenOperation = 'Issue' | 'Renew' | 'Validate' | 'Cancel';

/** How one request to a token service ended. */
export type RequestResult =
  'ok' | 'fault' | 'unreachable' | 'timeout' | 'status' | 'answer' | 'circuit_open' | 'busy' | 'budget' | 'error';

/** Where a demand for a token was met. */
export type LookupResult = 'memory' | 'shared' | 'issued' | 'waited' | 'stale' | 'failed';

/** One service's circuit breaker, asked whenever metrics are read. */
export interface CircuitSource {
  /** `namespace/name`. */
  readonly service: string;
  isOpen(): boolean;
}

const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class TokenMetrics {
  readonly #requests: Counter<'service' | 'operation' | 'result'>;
  readonly #durations: Histogram<'service'>;
  readonly #lookups: Counter<'service' | 'result'>;
  readonly #refreshes: Counter<'service' | 'result'>;
  readonly #invalidations: Counter<'service'>;
  readonly #circuits = new Set<CircuitSource>();

  /** @param registry in which none of these metrics is yet */
  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'waxseal_token_requests_total',
      help: 'Requests to token services by how they ended, each try for itself',
      labelNames: ['service', 'operation', 'result'],
      registers,
    });
    this.#durations = new Histogram({
      name: 'waxseal_token_request_duration_seconds',
      help: 'Time from sending a request to a token service to having read its answer',
      labelNames: ['service'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#lookups = new Counter({
      name: 'waxseal_token_cache_lookups_total',
      help: 'Demands for a token by where they were met',
      labelNames: ['service', 'result'],
      registers,
    });
    this.#refreshes = new Counter({
      name: 'waxseal_token_refreshes_total',
      help: 'Tokens replaced ahead of their end, by whether that worked',
      labelNames: ['service', 'result'],
      registers,
    });
    this.#invalidations = new Counter({
      name: 'waxseal_token_invalidations_total',
      help: 'Tokens dropped because a backend refused them',
      labelNames: ['service'],
      registers,
    });
    const circuits = this.#circuits;
    sampledGauge(
      registry,
      {
        name: 'waxseal_token_circuit_open',
        help: '1: the token service is left alone because it does not answer',
        labelNames: ['service'],
      },
      function* () {
        // Two versions of a service may be in use for a while: one that is left alone counts.
        const open = new Map<string, boolean>();
        for (const source of circuits) {
          open.set(source.service, open.get(source.service) === true || source.isOpen());
        }
        for (const [service, isOpen] of open) yield [{ service }, isOpen ? 1 : 0];
      },
    );
  }

  /**
   * One try of a request has ended.
   *
   * @param milliseconds from sending it to its end; absent where nothing was sent
   */
  request(service: string, operation: TokenOperation, result: RequestResult, milliseconds?: number): void {
    this.#requests.inc({ service, operation, result });
    if (milliseconds !== undefined) this.#durations.observe({ service }, milliseconds / 1000);
  }

  lookup(service: string, result: LookupResult): void {
    this.#lookups.inc({ service, result });
  }

  refresh(service: string, result: 'ok' | 'failed'): void {
    this.#refreshes.inc({ service, result });
  }

  invalidation(service: string): void {
    this.#invalidations.inc({ service });
  }

  /** Shows a circuit breaker from now on. @returns ends that */
  watchCircuit(source: CircuitSource): () => void {
    this.#circuits.add(source);
    return () => this.#circuits.delete(source);
  }
}
