/** What the engine must reach, as ratios within one run, and whether it does. */

import type { Measurement } from './cell.ts';
import type { Operation } from './operation.ts';

export interface Verdict {
  readonly target: string;
  readonly operation: Operation;
  readonly size: string;
  readonly met: boolean;
  /** Shown beside: what was reached and what was asked. */
  readonly text: string;
}

/** An operation counts as fast enough when it costs at most this much more than its bare cryptography. */
const LIMIT_FACTOR = 1.3;
const LIMIT_ADDED = 0.03;
/** Cost per byte from 100 KB up, against that of 100 KB. */
const LINEAR = 1.3;
/** Milliseconds that a timestamp and a UsernameToken may cost at 10 KB. */
const LIGHT = 0.1;

export function judge(measurements: readonly Measurement[]): Verdict[] {
  const ours = measurements.filter(({ engine }) => engine === 'waxseal');
  return ours.flatMap((own) => {
    const cell = measurements.filter(({ operation, size }) => operation === own.operation && size === own.size);
    return [...againstOthers(own, cell), ...nearLimit(own, cell), ...linear(own, ours), ...light(own)];
  });
}

function againstOthers(own: Measurement, cell: readonly Measurement[]): Verdict[] {
  const limit = cell.find(({ engine }) => engine === 'bare')?.cpu;
  const atLimit = limit !== undefined && own.cpu <= LIMIT_FACTOR * limit + LIMIT_ADDED;
  const groups: [string, RegExp, number][] = [
    ['WSS4J', /^wss4j-(dom|stax)$/, small(own) && ['sign', 'decrypt'].includes(own.operation) ? 4 : 3],
    ['WSS4J on Conscrypt', /conscrypt/, 2],
    ['libxmlsec', /^libxmlsec/, 2],
    ['xml-crypto', /^xml-crypto/, own.bytes < 5000 ? 8 : own.bytes < 50_000 ? 25 : 100],
  ];
  return groups.flatMap(([name, pattern, wanted]) => {
    const others = cell.filter(({ engine }) => pattern.test(engine)).map(({ cpu }) => cpu);
    if (others.length === 0) return [];
    const ratio = Math.min(...others) / own.cpu;
    const note = atLimit && ratio < wanted ? ', at the limit of the cryptography' : '';
    return [verdict(own, `${wanted}x ${name}`, ratio >= wanted || atLimit, `${ratio.toFixed(1)}x${note}`)];
  });
}

function nearLimit(own: Measurement, cell: readonly Measurement[]): Verdict[] {
  const factor = { sign: 1.25, decrypt: 1.25, verify: 3 }[own.operation as string];
  const limit = cell.find(({ engine }) => engine === 'bare')?.cpu;
  if (factor === undefined || limit === undefined || own.size !== '1k') return [];
  const ratio = own.cpu / limit;
  return [verdict(own, `within ${factor}x of bare cryptography`, ratio <= factor, `${ratio.toFixed(2)}x`)];
}

function linear(own: Measurement, ours: readonly Measurement[]): Verdict[] {
  const base = ours.find(({ operation, size }) => operation === own.operation && size === '100k');
  if (base === undefined || !['1m', '10m'].includes(own.size)) return [];
  const ratio = own.cpu / own.bytes / (base.cpu / base.bytes);
  return [verdict(own, `per byte within ${LINEAR}x of 100k`, ratio <= LINEAR, `${ratio.toFixed(2)}x`)];
}

function light(own: Measurement): Verdict[] {
  if (!own.operation.startsWith('ts+ut') || own.size !== '10k') return [];
  return [verdict(own, `under ${LIGHT} ms`, own.cpu < LIGHT, `${own.cpu.toFixed(3)} ms`)];
}

const small = ({ bytes }: Measurement): boolean => bytes < 50_000;

const verdict = ({ operation, size }: Measurement, target: string, met: boolean, text: string): Verdict => ({
  target,
  operation,
  size,
  met,
  text,
});
