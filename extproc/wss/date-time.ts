/** Points in time as WSS writes them. */

/**
 * Reads an xsd:dateTime in UTC (WSS 1.1 §10, XML Schema part 2 §3.2.7).
 *
 * Only the form with `Z` is taken: WSS asks for UTC, and a time without zone means another instant to every reader.
 * A fraction of seconds may have 1 to 9 digits, of which three count. No leap second (WSS forbids them), no `24:00:00`.
 * Surrounding XML white space is ignored.
 *
 * @returns milliseconds since 1970-01-01T00:00:00Z; undefined when the text is anything else
 */
export function parseDateTime(text: string): number | undefined {
  const value = text.trim();
  if (value.length < SECONDS_END + 1 || !hasPunctuation(value)) return undefined;
  const milliseconds = readFraction(value);
  const year = digits(value, 0, 4);
  const month = digits(value, 5, 7);
  const day = digits(value, 8, 10);
  const hour = digits(value, 11, 13);
  const minute = digits(value, 14, 16);
  const second = digits(value, 17, SECONDS_END);
  // NaN, where there were no digits, is never within bounds.
  const inBounds = month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59;
  if (!inBounds || milliseconds === undefined) return undefined;
  const time = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
  const date = new Date(time);
  // Date.UTC rolls 30 February over into March, and takes years below 100 for the 20th century.
  if (date.getUTCDate() !== day || date.getUTCFullYear() !== year) return undefined;
  return time;
}

/** Length of `2026-01-02T03:04:05`. */
const SECONDS_END = 19;
const MAX_FRACTION_DIGITS = 9;

function hasPunctuation(value: string): boolean {
  return (
    value[4] === '-' &&
    value[7] === '-' &&
    value[10] === 'T' &&
    value[13] === ':' &&
    value[16] === ':' &&
    value.endsWith('Z')
  );
}

/** What stands between the seconds and the Z, as milliseconds. */
function readFraction(value: string): number | undefined {
  const end = value.length - 1;
  if (end === SECONDS_END) return 0;
  const count = end - SECONDS_END - 1;
  if (value[SECONDS_END] !== '.' || count < 1 || count > MAX_FRACTION_DIGITS) return undefined;
  const fraction = digits(value, SECONDS_END + 1, end);
  return Number.isNaN(fraction) ? undefined : Math.floor((fraction * 1000) / 10 ** count);
}

/** The number that the decimal digits from `start` to `end` write; NaN when one of them is none. */
function digits(value: string, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = value.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    number = number * 10 + digit;
  }
  return number;
}
