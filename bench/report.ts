/** Tables for people. */

import type { Measurement } from './cell.ts';
import type { Verdict } from './targets.ts';

/** CPU milliseconds per message, a row an operation and engine, a column a size; in brackets how many times ours. */
export function table(measurements: readonly Measurement[]): string {
  const sizes = [...new Set(measurements.map(({ size }) => size))];
  const engines = [...new Set(measurements.map(({ engine }) => engine))];
  const rows = [...new Set(measurements.map(({ operation }) => operation))].flatMap((operation) =>
    engines.flatMap((engine) => {
      const cells = sizes.map((size) => cellText(measurements, operation, engine, size));
      return cells.every((cell) => cell === '') ? [] : [[operation, engine, ...cells]];
    }),
  );
  return markdown(['op', 'engine', ...sizes], rows);
}

function cellText(measurements: readonly Measurement[], operation: string, engine: string, size: string): string {
  const find = (name: string) =>
    measurements.find((m) => m.operation === operation && m.size === size && m.engine === name);
  const [own, base] = [find(engine), find('waxseal')];
  if (own === undefined) return '';
  const ratio = base === undefined || engine === 'waxseal' ? '' : ` (${(own.cpu / base.cpu).toFixed(1)}x)`;
  return `${own.cpu.toPrecision(3)}${ratio}`;
}

/** Every target with every size it was judged at. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ operation, size, target, text, met }) => [
    operation,
    size,
    target,
    text,
    met ? 'met' : 'MISSED',
  ]);
  const missed = verdicts.filter(({ met }) => !met).length;
  return `${markdown(['op', 'size', 'target', 'reached', ''], rows)}\n\n${verdicts.length - missed} met, ${missed} missed`;
}

export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
