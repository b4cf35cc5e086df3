/** Gateway API durations (GEP-2257): `1h30m`, `500ms`. */

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/**
 * @param text as the schema's pattern allows it
 * @returns milliseconds
 * @throws TypeError when the text is no such duration
 */
export function durationMs(text: string): number {
  if (!/^([0-9]{1,5}(h|m|s|ms)){1,4}$/.test(text)) throw new TypeError(`no duration: ${text}`);
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|h|m|s)/g)) total += Number(digits) * (UNITS[unit ?? ''] ?? 0);
  return total;
}
