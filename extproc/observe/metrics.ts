/** Prometheus metrics. Labels are bounded: policies that we have, phases, outcomes and codes; never text of a message. */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { OcspStatus } from '../keys/ocsp/status.ts';
import type { CompiledPolicy } from '../pipeline/compile.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { certificateExpiryGauge, sampledGauge, sampledValue } from './sampled-gauge.ts';

/** Values that are asked for when metrics are read. */
export interface GaugeSources {
  readonly exchanges: () => number;
  readonly bytes: () => number;
  readonly queued: () => number;
  readonly replayEntries: () => number;
  /** The policies in use. */
  readonly policies: () => Iterable<CompiledPolicy>;
}

const DURATION_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const OCSP_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZE_BUCKETS = [1, 4, 16, 64, 256, 1024, 4096, 16384].map((kib) => kib * 1024);

export class Metrics {
  readonly registry = new Registry();
  readonly #messages = this.#counter('messages_total', 'Messages by what became of them', [
    'policy',
    'phase',
    'outcome',
    'reason',
  ]);
  readonly #durations = this.#histogram('step_duration_seconds', 'Time of a step', ['phase', 'step'], DURATION_BUCKETS);
  readonly #sizes = this.#histogram('message_bytes', 'Size of bodies', ['phase', 'direction'], SIZE_BUCKETS);
  readonly #overload = this.#counter('overload_total', 'Messages refused because too much was under way', ['phase']);
  readonly #legacy = this.#counter('legacy_algorithms_total', 'Uses of algorithms that should no longer be', [
    'policy',
    'algorithm',
  ]);
  readonly #resent = this.#counter('messages_resent_total', 'Requests sent again with another token', ['policy']);
  readonly #ocspRequests = this.#counter('ocsp_requests_total', 'Questions to OCSP responders by what came of them', [
    'result',
  ]);
  readonly #ocspDurations = this.#histogram(
    'ocsp_request_duration_seconds',
    'Time from asking an OCSP responder to having judged its answer',
    [],
    OCSP_BUCKETS,
  );
  readonly #bundle = this.#gauge('bundle_info', 'The configuration in use', ['version']);
  readonly #bundleTime = this.#gauge('bundle_loaded_timestamp_seconds', 'When the configuration in use was loaded', []);
  readonly #reloads = this.#counter('config_reloads_total', 'Configurations read, by whether they were taken', [
    'result',
  ]);
  readonly #workersLost = this.#counter('workers_lost_total', 'Threads that died', []);

  constructor(sources: GaugeSources) {
    collectDefaultMetrics({ register: this.registry });
    const sampled = (name: string, help: string, value: () => number): void =>
      sampledValue(this.registry, `waxseal_${name}`, help, value);
    sampled('exchanges_in_flight', 'HTTP exchanges under way', sources.exchanges);
    sampled('bytes_in_flight', 'Bytes of bodies received or worked on', sources.bytes);
    sampled('jobs_queued', 'Messages that wait for a thread', sources.queued);
    sampled('replay_cache_entries', 'Facts remembered against replay', sources.replayEntries);
    sampledGauge(
      this.registry,
      {
        name: 'waxseal_policy_broken',
        help: '1: the policy cannot work and its messages are refused',
        labelNames: ['policy'],
      },
      function* () {
        for (const { id, broken } of sources.policies()) yield [{ policy: id }, broken === undefined ? 0 : 1];
      },
    );
    certificateExpiryGauge(this.registry, sources.policies);
    // Series that alerts look at exist from the start.
    this.#reloads.inc({ result: 'taken' }, 0);
    this.#reloads.inc({ result: 'refused' }, 0);
    this.#workersLost.inc(0);
    this.#ocspRequests.inc({ result: 'unavailable' }, 0);
  }

  /** The registry's text in Prometheus' format, and its content type. */
  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  verdict(verdict: Verdict): void {
    const { policy, phase, outcome, failure, durations } = verdict;
    this.#messages.inc({ policy, phase, outcome, reason: failure?.code ?? '' });
    if (failure?.code === 'ERR_OVERLOAD') this.#overload.inc({ phase });
    if (verdict.resent) this.#resent.inc({ policy });
    for (const algorithm of verdict.legacyAlgorithms) this.#legacy.inc({ policy, algorithm });
    if (outcome === 'passed') return;
    for (const [step, milliseconds] of Object.entries(durations)) {
      this.#durations.observe({ phase, step }, milliseconds / 1000);
    }
    this.#durations.observe({ phase, step: 'total' }, verdict.total / 1000);
    this.#sizes.observe({ phase, direction: 'in' }, verdict.bytesIn);
    this.#sizes.observe({ phase, direction: 'out' }, verdict.bytesOut);
  }

  /**
   * An OCSP responder was asked.
   *
   * @param result what it says of the certificate; `unavailable` when nothing that can be believed
   */
  ocspRequest(result: OcspStatus['status'], milliseconds: number): void {
    this.#ocspRequests.inc({ result });
    this.#ocspDurations.observe(milliseconds / 1000);
  }

  /** A configuration was read and is in use now. @param now milliseconds since 1970 */
  bundleTaken(version: string, now: number): void {
    this.#reloads.inc({ result: 'taken' });
    this.#bundle.reset();
    this.#bundle.set({ version }, 1);
    this.#bundleTime.set(now / 1000);
  }

  /** A configuration was read that has errors; the one before stays in use. */
  bundleRefused(): void {
    this.#reloads.inc({ result: 'refused' });
  }

  workerLost(): void {
    this.#workersLost.inc();
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: `waxseal_${name}`, help, labelNames, registers: [this.registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name: `waxseal_${name}`, help, labelNames, registers: [this.registry] });
  }

  #histogram<L extends string>(name: string, help: string, labelNames: L[], buckets: number[]): Histogram<L> {
    return new Histogram({ name: `waxseal_${name}`, help, labelNames, buckets, registers: [this.registry] });
  }
}
