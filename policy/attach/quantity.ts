/** Kubernetes quantities: `32Ki`, `1.5M`, `10485760`, `1e6`. */

const FACTORS: ReadonlyMap<string, number> = new Map([
  ...['', 'k', 'M', 'G', 'T', 'P', 'E'].map((suffix, power): [string, number] => [suffix, 1000 ** power]),
  ...['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((suffix, power): [string, number] => [suffix, 1024 ** (power + 1)]),
  ['m', 1e-3],
  ['u', 1e-6],
  ['n', 1e-9],
]);

/** @returns undefined for what is no quantity */
export function quantity(value: number | string): number | undefined {
  if (typeof value === 'number') return value;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([a-zA-Z]{0,2}))$/.exec(value);
  if (!match) return undefined;
  const [, digits = '', exponent, suffix = ''] = match;
  const factor = exponent === undefined ? FACTORS.get(suffix) : 10 ** Number(exponent);
  return factor === undefined ? undefined : Number(digits) * factor;
}
