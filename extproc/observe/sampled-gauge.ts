/** Gauges that are worked out when metrics are read: there may be thousands of policies, and a change should cost little. */

import { Gauge, type Registry } from 'prom-client';
import type { CertificateExpiry } from '../pipeline/compile.ts';

/** Labels and the value they have. */
export type Sample<L extends string> = readonly [Readonly<Record<L, string>>, number];

/** @param samples asked whenever metrics are read; what it does not name any more is gone */
export function sampledGauge<L extends string>(
  registry: Registry,
  { name, help, labelNames }: { readonly name: string; readonly help: string; readonly labelNames: L[] },
  samples: () => Iterable<Sample<L>>,
): void {
  new Gauge({
    ...{ name, help, labelNames, registers: [registry] },
    collect() {
      this.reset();
      for (const [labels, value] of samples()) this.set(labels, value);
    },
  });
}

/** @param value asked whenever metrics are read */
export function sampledValue(registry: Registry, name: string, help: string, value: () => number): void {
  sampledGauge(registry, { name, help, labelNames: [] }, () => [[{}, value()]]);
}

/** The one metric that data plane and operator both have. */
export function certificateExpiryGauge(
  registry: Registry,
  policies: () => Iterable<{ readonly id: string; readonly certificates: readonly CertificateExpiry[] }>,
): void {
  const name = 'waxseal_certificate_expiry_timestamp_seconds';
  const help = 'When a certificate that a policy uses ends';
  sampledGauge(registry, { name, help, labelNames: ['policy', 'certificate'] }, function* () {
    for (const { id, certificates } of policies())
      for (const { name: certificate, notAfter } of certificates) yield [{ policy: id, certificate }, notAfter / 1000];
  });
}
